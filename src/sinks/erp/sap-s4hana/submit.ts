import { type BatchAnswer, ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { submitRequests } from "./billing-requests/submit-requests.ts";
import { faultOfReply, hasSoapFault } from "./classify-fault.ts";
import type { SapClient } from "./client.ts";
import { readConfirmation } from "./confirmation.ts";
import { customerNumbers } from "./customers.ts";
import { readByReference } from "./item-cube.ts";
import {
  JOURNAL_ENTRY_HEADERS,
  JOURNAL_ENTRY_PATH,
  type JournalEntry,
  journalMessage,
  messageIdOf,
} from "./journal-message.ts";
import { isBillingPlan, isJournalEntryPlan, type JournalEntryPlan, type SapPlan } from "./plan.ts";
import { confirmExisting, submitCustomer } from "./submit-customer.ts";

/** Creates the document of a plan, by one request that posts it whole or not at all. */
export async function submit(
  client: SapClient,
  plan: SapPlan,
  attempt: number,
  nowMs: number,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { request } = plan;
  if (request.kind === "existing-customer") return confirmExisting(client, request.id, signal);
  if (request.kind === "business-partner") return submitCustomer(client, plan, request, signal);
  const [answer] = await submitDocuments(client, [plan], [attempt], nowMs, signal);
  if (answer === undefined || answer.status === "failed")
    throw answer?.fault ?? new ErpFault("unknown", "SAP's answer doesn't say what became of the document");
  return answer;
}

/** Several documents of one kind by one request. An answer for each, in their order. */
export function submitDocuments(
  client: SapClient,
  plans: readonly SapPlan[],
  attempts: readonly number[],
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly BatchAnswer[]> {
  if (plans.every(isJournalEntryPlan)) return submitEntries(client, plans, attempts, nowMs, signal);
  if (plans.every(isBillingPlan)) return submitRequests(client, plans, nowMs, signal);
  throw new TypeError("a request has documents of one kind");
}

/** Several journal entries by one request: each is posted, or refused, by itself. An answer for each, in their order. */
async function submitEntries(
  client: SapClient,
  plans: readonly JournalEntryPlan[],
  attempts: readonly number[],
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly BatchAnswer[]> {
  const prepared = await prepare(client, plans, signal);
  const sent = plans.flatMap((plan, index) => {
    const entry = prepared[index];
    const messageId = messageIdOf(plan, attempts[index] ?? 1);
    return entry === undefined || entry instanceof ErpFault ? [] : [{ entry, messageId, index }];
  });
  const answers = sent.length === 0 ? [] : await post(client, sent, nowMs, signal);
  const byIndex = new Map(sent.map(({ index }, place) => [index, answers[place]]));
  return plans.map((_, index): BatchAnswer => {
    const fault = prepared[index];
    if (fault instanceof ErpFault) return { status: "failed", fault };
    const lost = new ErpFault("unknown", "SAP's answer doesn't say what became of the document");
    return byIndex.get(index) ?? { status: "failed", fault: lost };
  });
}

async function post(
  client: SapClient,
  sent: readonly { readonly entry: JournalEntry; readonly messageId: string }[],
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly BatchAnswer[]> {
  const [first] = sent;
  const reply = await client.send({
    operation: `submit-${first?.entry.plan.kind ?? "journal"}`,
    method: "POST",
    path: JOURNAL_ENTRY_PATH,
    effect: "write",
    headers: JOURNAL_ENTRY_HEADERS,
    body: journalMessage(sent, new Date(nowMs).toISOString()),
    signal,
  });
  if (hasSoapFault(reply.text))
    throw faultOfReply({ status: 500, text: reply.text, retryAfterMs: undefined }, "write");
  return readConfirmation(
    reply.text,
    sent.map(({ messageId }) => messageId),
  );
}

/** Customers' numbers, and the invoices that memos take from: a question each for all plans. */
async function prepare(
  client: SapClient,
  plans: readonly JournalEntryPlan[],
  signal: AbortSignal,
): Promise<readonly (JournalEntry | ErpFault)[]> {
  const numbers = await customerNumbers(client, plans.flatMap(unnumberedCustomer), signal);
  const invoices = await openInvoices(client, plans, signal);
  return plans.map((plan) => {
    const { debtor, appliesTo } = plan.request;
    if (debtor === null) return { plan, debtor: null, invoiceKey: null };
    const { customer } = debtor;
    const number = "id" in customer ? customer.id : numbers.get(customer.externalId);
    if (number === undefined)
      return new ErpFault("validation", "the customer of the document is not in SAP", {
        code: "customer-missing",
      });
    const invoice = appliesTo === null ? undefined : invoices.get(appliesTo.externalId);
    if (appliesTo?.mustExist === true && invoice === undefined)
      return new ErpFault(
        "validation",
        `the invoice that the memo corrects is not in SAP (${appliesTo.externalId})`,
        { code: "corrected-invoice-missing" },
      );
    return { plan, debtor: number, invoiceKey: invoice ?? null };
  });
}

function unnumberedCustomer({ request }: JournalEntryPlan): readonly string[] {
  const { debtor } = request;
  return debtor === null || "id" in debtor.customer ? [] : [debtor.customer.externalId];
}

/** Keys of the invoices that memos take from, by their references: null for one that is cleared or taken back, of which nothing is open. */
async function openInvoices(
  client: SapClient,
  plans: readonly JournalEntryPlan[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string | null>> {
  const references = plans.flatMap(({ request: { appliesTo, companyCode } }) =>
    appliesTo === null ? [] : [{ companyCode, reference: appliesTo.externalId }],
  );
  if (references.length === 0) return new Map();
  const documents = await readByReference(client, "read-invoices", references, signal);
  return new Map(
    documents.map(({ companyCode, fiscalYear, number, reference, isReversed, items }) => {
      const isOpen = !isReversed && items.some(({ kind, isCleared }) => kind === "customer" && !isCleared);
      return [reference, isOpen ? number + companyCode.padEnd(4) + fiscalYear : null];
    }),
  );
}
