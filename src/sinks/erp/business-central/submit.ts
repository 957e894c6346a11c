import type { SubmitAnswer } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import { type BusinessCentralPlan, isCustomer, isJournal, isSale } from "./plan.ts";
import { submitCustomer } from "./submit-customer.ts";
import { submitJournal } from "./submit-journal.ts";
import { submitSale } from "./submit-sale.ts";

/** Creates the document of a plan, or completes what was begun: whatever was sent before, it is there once. */
export async function submit(
  client: BusinessCentralClient,
  plan: BusinessCentralPlan,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  if (isSale(plan)) return submitSale(client, plan, signal);
  if (isJournal(plan)) return submitJournal(client, plan, signal);
  if (isCustomer(plan)) return submitCustomer(client, plan, signal);
  throw new TypeError("the plan's request is of no kind");
}
