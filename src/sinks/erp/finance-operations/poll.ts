import { durationText } from "../../../model/duration.ts";
import { ErpFault, type PollAnswer } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { type FinanceOperationsPlan, isInvoicePlan, isJournalPlan } from "./plan.ts";
import { postedInvoice } from "./read-invoices.ts";
import { postedJournal } from "./read-journals.ts";

/** What a draft is polled by: when it was seen to be there. It is found by its external id. */
export function postingHandle(nowMs: number): string {
  return new Date(nowMs).toISOString();
}

/**
 * Whether the ERP's batch job has posted a draft. One that stays unposted for longer than the connection's deadline is told to people
 * (`validation`); one that is gone was removed there, and is sent again (`version-conflict`).
 */
export async function poll(
  client: FinanceOperationsClient,
  plan: FinanceOperationsPlan,
  {
    handle,
    nowMs,
    postingDeadlineMs,
    signal,
  }: {
    readonly handle: string;
    readonly nowMs: number;
    readonly postingDeadlineMs: number;
    readonly signal: AbortSignal;
  },
): Promise<PollAnswer> {
  const posted = isInvoicePlan(plan)
    ? await postedInvoice(client, plan, signal)
    : isJournalPlan(plan)
      ? await postedJournal(client, plan, signal)
      : undefined;
  const { externalId, request } = plan;
  if (posted === undefined)
    throw new ErpFault(
      "version-conflict",
      `Finance & Operations does not have ${externalId} of the company ${request.company} any more: somebody has deleted the draft`,
      { code: "draft-deleted" },
    );
  if (posted !== "unposted") return { status: "confirmed", erp: posted };
  const sinceMs = Date.parse(handle);
  if (nowMs - sinceMs < postingDeadlineMs) return { status: "pending" };
  throw new ErpFault("validation", unpostedText(plan, postingDeadlineMs), { code: "not-posted" });
}

function unpostedText(plan: FinanceOperationsPlan, deadlineMs: number): string {
  const { externalId, request } = plan;
  const [what, field, job] = isJournalPlan(plan)
    ? ["journal", "description", "General ledger > Journal entries > Post journals"]
    : [
        "free text invoice",
        "customer reference",
        "Accounts receivable > Invoices > Batch processing > Post free text invoices",
      ];
  return (
    `The ${what} with the ${field} ${externalId} in the company ${request.company} was created and has not been posted for ${durationText(deadlineMs)}. ` +
    `Look at the batch job "${job}": it doesn't run, doesn't take this document, or could not post it (a closed period, an account). ` +
    "Retry when it is posted or can be."
  );
}
