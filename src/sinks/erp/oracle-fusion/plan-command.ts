import type { PostingCommand } from "../../../model/posting.ts";
import type { OraclePlan, PlanContext } from "./plan.ts";
import { planCustomer } from "./plan-customer.ts";
import { planJournal } from "./plan-journal.ts";
import { planTransaction } from "./plan-transaction.ts";

/** What a command is sent as. Throws ErpFault `mapping` or `validation` where it can't be said without changing a total. */
export function planCommand(command: PostingCommand, context: PlanContext): OraclePlan {
  const { document } = command;
  if (document.kind === "customer") return planCustomer(command, document, context);
  return document.kind === "journal"
    ? planJournal(command, document, context)
    : planTransaction(command, document, context);
}
