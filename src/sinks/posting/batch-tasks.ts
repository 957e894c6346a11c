import type { PostingDocument } from "../../model/posting-store.ts";
import { ErpFault, type BatchPollAnswer, type PlannedPosting } from "../erp/erp-sink.ts";
import { pollDocument, refused, submitDocument } from "./document-tasks.ts";
import type { RequestSlot } from "./erp-requests.ts";
import type { PostingDesk } from "./posting-desk.ts";
import { answered, batchFailed, begin, failed, notSent, polled, pollFailed } from "./posting-machine.ts";
import { sharedRequest, type Step } from "./posting-transition.ts";

/**
 * One request for several documents, and what it leads to for each. Intents are one message of the log, and so are outcomes: a crash finds
 * all of them or none.
 *
 * | step of a batch | crash right after it | what the successor does |
 * | --- | --- | --- |
 * | intents appended | nothing was sent | waits out the request's deadline and the settle delay, looks each up, finds none, sends |
 * | request sent | the ERP may have some of them | the same, for each by itself |
 * | answered | nobody here knows | the same |
 * | outcomes appended | the store lacks them | reads them from the log |
 */
export async function submitDocuments(
  desk: PostingDesk,
  documents: readonly PostingDocument[],
  slot: RequestSlot,
): Promise<void> {
  const [only, ...others] = documents;
  if (only !== undefined && others.length === 0) return submitDocument(desk, only, slot);
  const batch = await planAll(desk, documents, slot);
  if (batch.length === 0) return;
  try {
    await desk.take(sharedRequest(batch.map(({ document }) => begin(document))));
  } catch (fault) {
    desk.requests.giveBack(slot);
    throw fault;
  }
  desk.faults.reach("after-posting-intent");
  const sent = batch.map(({ document, plan }) => ({
    plan,
    sinceMs: document.sinceMs,
    submitting: desk.document(document.key),
  }));
  const plans = sent.map(({ plan }) => plan);
  const attempts = sent.map(({ submitting }) => submitting.attempt);
  const outcome = await desk.requests.send(
    slot,
    Math.max(...attempts),
    async (context) => (await desk.sink.submitBatch?.(plans, { ...context, attempts })) ?? [],
    throttleAmong,
  );
  desk.faults.reach("after-erp-answer");
  const steps = sent.map((request, index): Step => {
    const { submitting, sinceMs } = request;
    if (outcome.kind === "not-sent") return notSent(submitting);
    if (outcome.kind === "fault") {
      if (outcome.fault.kind === "duplicate") return refused(desk, { ...request, fault: outcome.fault });
      const counts = desk.requests.hasAnsweredSince(sinceMs);
      return batchFailed(submitting, outcome.fault, counts, desk.context());
    }
    const answer = outcome.answer[index] ?? UNANSWERED;
    return answer.status === "failed"
      ? refused(desk, { ...request, fault: answer.fault })
      : answered(submitting, answer, desk.context());
  });
  await desk.take(steps);
}

/** Asks what became of documents that the ERP was sent together. */
export async function pollDocuments(
  desk: PostingDesk,
  documents: readonly PostingDocument[],
  slot: RequestSlot,
): Promise<void> {
  const [only, ...others] = documents;
  if (only !== undefined && others.length === 0) return pollDocument(desk, only, slot);
  const batch = await planAll(desk, documents, slot);
  if (batch.length === 0) return;
  const accepted = batch.map(({ document, plan }) => ({ plan, handle: document.handle ?? "" }));
  const attempt = Math.max(...batch.map(({ document }) => document.attempt));
  const outcome = await desk.requests.send(
    slot,
    attempt,
    async (context) => (await desk.sink.pollBatch?.(accepted, context)) ?? [],
    throttleAmong,
  );
  if (outcome.kind === "not-sent") return;
  // One time for all: documents of a job come due together again.
  const context = desk.context();
  const steps = batch.map(({ document }, index): { readonly key: string; readonly step: Step } => {
    const { key } = document;
    if (outcome.kind === "fault") return { key, step: pollFailed(document, outcome.fault, context) };
    const answer = outcome.answer[index] ?? UNANSWERED;
    return answer.status === "failed"
      ? { key, step: pollFailed(document, answer.fault, context) }
      : { key, step: polled(document, answer, context) };
  });
  await desk.takeSteps(steps);
}

const UNANSWERED = {
  status: "failed",
  fault: new ErpFault("unknown", "The adapter gave no answer for the document."),
} as const;

/** A throttle of one document of several is one of the connection. */
function throttleAmong(answers: readonly BatchPollAnswer[]): ErpFault | undefined {
  const throttles = answers.flatMap((answer) =>
    answer.status === "failed" && answer.fault.kind === "throttle" ? [answer.fault] : [],
  );
  return throttles.sort((one, other) => (other.retryAfterMs ?? 0) - (one.retryAfterMs ?? 0))[0];
}

interface Planned {
  readonly document: PostingDocument;
  readonly plan: PlannedPosting;
}

/** Documents with their plans; of those without one that is written down. The slot is given back where none is left. */
async function planAll(
  desk: PostingDesk,
  documents: readonly PostingDocument[],
  slot: RequestSlot,
): Promise<readonly Planned[]> {
  const batch: Planned[] = [];
  const unplanned: Step[] = [];
  for (const document of documents) {
    const made = desk.plan(document.key);
    if ("plan" in made) batch.push({ document, plan: made.plan });
    else unplanned.push(failed(document, made.fault, true, desk.context()));
  }
  try {
    await desk.take(unplanned);
  } catch (fault) {
    desk.requests.giveBack(slot);
    throw fault;
  }
  if (batch.length === 0) desk.requests.giveBack(slot);
  return batch;
}
