import type { PostingCommand } from "../../../model/posting.ts";
import { planBillingRequest } from "./billing-requests/plan-request.ts";
import type { PlanContext, SapPlan } from "./plan.ts";
import { planCustomer } from "./plan-customer.ts";
import { planInvoice } from "./plan-invoice.ts";
import { planJournal } from "./plan-journal.ts";

/** What a command is sent as. Throws ErpFault `mapping` or `validation` where it can't be said without changing a total. */
export function planCommand(command: PostingCommand, context: PlanContext): SapPlan {
  const { document } = command;
  if (document.kind === "customer") return planCustomer(command, document, context);
  if (document.kind === "journal") return planJournal(command, document, context);
  const { billing } = context.settings;
  return billing === null
    ? planInvoice(command, document, context)
    : planBillingRequest(command, document, context.prefix, billing);
}
