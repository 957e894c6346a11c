import { readJson } from "../common/read-answer.ts";
import { writeExactJson } from "../../http/exact-json.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { createTogether } from "./changeset.ts";
import { DATA_ROOT, type FinanceOperationsClient } from "./client.ts";
import { anotherDraft, isDraftOf } from "./drafts.ts";
import { keyPath, rowOf } from "./odata.ts";
import type { JournalRequest, PlanOf } from "./plan.ts";
import { postingHandle } from "./poll.ts";
import {
  type FoundJournal,
  JOURNAL_HEADERS,
  JOURNAL_LINES,
  journalNumbers,
  readJournals,
} from "./read-journals.ts";

/**
 * Two requests, since a journal's number is the ERP's and its lines have it in their key: the header, then all lines in one transaction. A header
 * without lines is taken up by the next try, and of several the others are deleted: so there are lines of one journal only, whatever was lost or came twice.
 */
export async function submitJournal(
  client: FinanceOperationsClient,
  plan: PlanOf<JournalRequest>,
  nowMs: number,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const known = await readJournals(client, [plan], signal);
  const [booked, ...others] = known.filter(({ isEmpty }) => !isEmpty);
  if (booked !== undefined) {
    if (others.length > 0 || (!booked.isPosted && !isDraftOf(plan, booked.found))) throw anotherDraft(plan);
    if (booked.isPosted) return { status: "confirmed", erp: booked.found.erp };
    return { status: "accepted", handle: postingHandle(nowMs) };
  }
  const batchNumber = await emptyJournal(client, plan, known, signal);
  await createTogether(
    client,
    plan.request.lines.map((line) => ({
      entity: JOURNAL_LINES,
      body: { ...line, JournalBatchNumber: batchNumber },
    })),
    { operation: "submit-journal", id: plan.externalId, signal },
  );
  return { status: "accepted", handle: postingHandle(nowMs) };
}

/** Number of the one journal without lines that there is from here on. */
async function emptyJournal(
  client: FinanceOperationsClient,
  plan: PlanOf<JournalRequest>,
  known: readonly FoundJournal[],
  signal: AbortSignal,
): Promise<string> {
  let numbers = known.map(({ batchNumber }) => batchNumber);
  if (numbers.length === 0) {
    const created = await createHeader(client, plan, signal);
    // A request that came twice has made two.
    numbers = [created, ...(await journalNumbers(client, plan, signal))];
  }
  const [kept = "", ...spare] = [...new Set(numbers)].sort();
  for (const batchNumber of spare)
    await client.send({
      operation: "delete-empty-journal",
      method: "DELETE",
      path: keyPath(JOURNAL_HEADERS, { dataAreaId: plan.request.company, JournalBatchNumber: batchNumber }),
      effect: "write",
      signal,
      // Somebody was quicker.
      reads: ({ status }) => status === 404,
    });
  return kept;
}

async function createHeader(
  client: FinanceOperationsClient,
  { request: { header } }: PlanOf<JournalRequest>,
  signal: AbortSignal,
): Promise<string> {
  const reply = await client.send({
    operation: "submit-journal",
    method: "POST",
    path: `${DATA_ROOT}/${JOURNAL_HEADERS}?cross-company=true`,
    effect: "write",
    headers: { "content-type": "application/json", prefer: "return=representation" },
    body: writeExactJson(header),
    signal,
  });
  const number = headerNumber(reply.text);
  if (number === "")
    throw new ErpFault("unknown", "Finance & Operations does not say which number it gave the journal");
  return number;
}

function headerNumber(text: string): string {
  try {
    const json = readJson(text, "Finance & Operations");
    return typeof json === "object" && json !== null ? rowOf({ ...json })("JournalBatchNumber") : "";
  } catch {
    // What can't be read says nothing of what was done.
    return "";
  }
}
