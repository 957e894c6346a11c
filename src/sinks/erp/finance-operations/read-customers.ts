import type { FoundDocument } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { groupedBy } from "./grouped-by.ts";
import { allOf, anyOf, equals, queryRows } from "./odata.ts";
import type { FinanceOperationsPlan } from "./plan.ts";
import { customerComparison } from "./plan-customer.ts";

export const CUSTOMERS = "CustomersV3";

/** Customers of the plans' accounts: one question a company. */
export async function readCustomers(
  client: FinanceOperationsClient,
  plans: readonly FinanceOperationsPlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const found: FoundDocument[] = [];
  const ofCustomers = plans.flatMap((plan) => {
    const { request } = plan;
    return request.kind === "customer" || request.kind === "existing-customer" ? [{ plan, request }] : [];
  });
  for (const [company, asked] of groupedBy(ofCustomers, ({ request }) => request.company)) {
    const rows = await queryRows(client, {
      operation: "read-customers",
      entity: CUSTOMERS,
      filter: allOf(
        equals("dataAreaId", company),
        anyOf("CustomerAccount", [...new Set(asked.map(({ request }) => request.account))]),
      ),
      fields: ["CustomerAccount", "SalesCurrencyCode"],
      signal,
    });
    const byAccount = new Map(rows.map((row) => [row("CustomerAccount").toLowerCase(), row]));
    for (const { plan, request } of asked) {
      const { account } = request;
      const row = byAccount.get(account.toLowerCase());
      if (row === undefined) continue;
      found.push({
        // Accounts are the same in upper and lower case.
        erp: { id: account, number: account },
        externalId: plan.externalId,
        document: customerComparison({
          customer: account,
          legalEntity: company,
          currency: request.kind === "customer" ? row("SalesCurrencyCode") : null,
        }),
        payment: null,
      });
    }
  }
  return found;
}
