import type { PostingCommand } from "../../../model/posting.ts";
import type { FinanceOperationsPlan, PlanContext } from "./plan.ts";
import { planCustomer } from "./plan-customer.ts";
import { planInvoice } from "./plan-invoice.ts";
import { planJournal } from "./plan-journal.ts";

/** What a command is sent as. Throws ErpFault `mapping` or `validation` where it can't be said without changing a total. */
export function planCommand(command: PostingCommand, context: PlanContext): FinanceOperationsPlan {
  const { document } = command;
  if (document.kind === "customer") return planCustomer(command, document, context);
  return document.kind === "journal"
    ? planJournal(command, document, context)
    : planInvoice(command, document, context);
}
