import type { PostingDocument } from "../../model/posting-store.ts";
import type { ErpFault, PlannedPosting } from "../erp/erp-sink.ts";
import type { RequestOutcome, RequestSlot } from "./erp-requests.ts";
import type { PostingDesk } from "./posting-desk.ts";
import {
  answered,
  begin,
  failed,
  lookedUp,
  lookFailed,
  notSent,
  polled,
  pollFailed,
  recognised,
} from "./posting-machine.ts";
import type { Step } from "./posting-transition.ts";

/**
 * One request for one document, and what it leads to.
 *
 * | step of a submission | crash right after it | what the successor does |
 * | --- | --- | --- |
 * | intent appended | nothing was sent | waits out the request's deadline and the settle delay, looks up, finds nothing, sends |
 * | request sent | the ERP may have it | the same, finds it or sends |
 * | answered | nobody here knows | the same, finds it and adopts it |
 * | outcome appended | the store lacks it | reads it from the log |
 */
export async function submitDocument(
  desk: PostingDesk,
  document: PostingDocument,
  slot: RequestSlot,
): Promise<void> {
  const plan = await planned(desk, document, slot);
  if (plan === undefined) return;
  try {
    await desk.take([begin(document)]);
  } catch (fault) {
    desk.requests.giveBack(slot);
    throw fault;
  }
  desk.faults.reach("after-posting-intent");
  const submitting = desk.document(document.key);
  const outcome = await desk.requests.send(slot, submitting.attempt, (context) =>
    desk.sink.submit(plan, context),
  );
  desk.faults.reach("after-erp-answer");
  if (outcome.kind === "not-sent") await desk.take([notSent(submitting)]);
  else if (outcome.kind === "answered")
    await desk.take([answered(submitting, outcome.answer, desk.context())]);
  else
    await desk.take([refused(desk, { submitting, plan, fault: outcome.fault, sinceMs: document.sinceMs })]);
}

/** What follows from a fault of a request to create a document; `sinceMs`: since when it had been planned. */
export function refused(
  desk: PostingDesk,
  request: {
    readonly submitting: PostingDocument;
    readonly plan: PlannedPosting;
    readonly fault: ErpFault;
    readonly sinceMs: number;
  },
): Step {
  const { submitting, plan, fault, sinceMs } = request;
  if (fault.kind === "duplicate" && !desk.sink.description.canLookUp)
    return recognised(submitting, plan.externalId);
  // An outage takes no document's attempts: one counts only if others were answered since this one came to wait.
  return failed(submitting, fault, desk.requests.hasAnsweredSince(sinceMs), desk.context());
}

/** Asks whether the ERP has a document of which that is not known. */
export async function lookUpDocument(
  desk: PostingDesk,
  document: PostingDocument,
  slot: RequestSlot,
): Promise<void> {
  const plan = await planned(desk, document, slot);
  if (plan === undefined) return;
  const outcome = await desk.requests.send(slot, document.attempt, (context) =>
    desk.sink.lookUp(plan, context),
  );
  const step = stepOf(outcome, {
    answered: (found) => lookedUp(document, plan, found, desk.context()),
    failed: (fault) => lookFailed(document, fault, desk.context()),
  });
  if (step !== undefined) await desk.takeStep(document.key, step);
}

/** Asks what became of a document that the ERP works on. */
export async function pollDocument(
  desk: PostingDesk,
  document: PostingDocument,
  slot: RequestSlot,
): Promise<void> {
  const plan = await planned(desk, document, slot);
  if (plan === undefined) return;
  const outcome = await desk.requests.send(slot, document.attempt, (context) =>
    desk.sink.poll(plan, document.handle ?? "", context),
  );
  const step = stepOf(outcome, {
    answered: (answer) => polled(document, answer, desk.context()),
    failed: (fault) => pollFailed(document, fault, desk.context()),
  });
  if (step !== undefined) await desk.takeStep(document.key, step);
}

/** Undefined where nothing was sent: the document stays as it is. */
function stepOf<Answer>(
  outcome: RequestOutcome<Answer>,
  steps: {
    readonly answered: (answer: Answer) => Step;
    readonly failed: (fault: Parameters<typeof lookFailed>[1]) => Step;
  },
): Step | undefined {
  if (outcome.kind === "not-sent") return undefined;
  return outcome.kind === "answered" ? steps.answered(outcome.answer) : steps.failed(outcome.fault);
}

/** The plan of the document; where there is none, that is written down and the slot given back. */
async function planned(
  desk: PostingDesk,
  document: PostingDocument,
  slot: RequestSlot,
): Promise<PlannedPosting | undefined> {
  const made = desk.plan(document.key);
  if ("plan" in made) return made.plan;
  desk.requests.giveBack(slot);
  await desk.take([failed(document, made.fault, true, desk.context())]);
  return undefined;
}
