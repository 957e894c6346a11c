import type { SapClient } from "../client.ts";
import { customersByNumber } from "../customers.ts";
import { type Row, textIn } from "../odata.ts";
import type { BillingPlan } from "../plan.ts";
import { plainKey } from "../plan-invoice.ts";

/** What customers of requests and billing documents are called in comparisons, by their numbers: as the plans call them, or by their external ids. */
export function customerNames(
  client: SapClient,
  plans: readonly BillingPlan[],
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const planned = new Set(plans.map(({ expected }) => expected.customer));
  const numbers = rows.map((row) => textIn(row, "SoldToParty")).filter((of) => !planned.has(plainKey(of)));
  return customersByNumber(client, numbers, signal);
}

export function nameOfCustomer(row: Row, names: ReadonlyMap<string, string>): string {
  const number = plainKey(textIn(row, "SoldToParty"));
  return names.get(number) ?? number;
}
