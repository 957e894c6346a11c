import type { ErpFaultKind } from "../../model/posting.ts";
import type { PostingDocument } from "../../model/posting-store.ts";
import type { ErpFault, FoundDocument, PlannedPosting, PollAnswer, SubmitAnswer } from "../erp/erp-sink.ts";
import { compareDocuments, describeDifferences } from "./compare-documents.ts";
import type { PostingPolicy } from "./posting-policy.ts";
import { write, type Step } from "./posting-transition.ts";

/**
 * What follows for a document from what happened at the ERP. Pure: time and jitter are given. A time-out is not a failure: whatever may
 * have reached the ERP is looked up before anything is sent again.
 */

export interface MachineContext {
  readonly nowMs: number;
  /** [0, 1): spreads retries. */
  readonly jitter: number;
  readonly policy: PostingPolicy;
}

export type Fault = Pick<ErpFault, "kind" | "code" | "message">;

/** Full jitter between these two, doubling with each fault of the kind in a row. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 60_000;
const DOUBLINGS_MAX = 10;
/** Credentials that were refused twice are somebody's to mend; looking again is cheap but locks accounts. */
const AUTHENTICATION_WAIT_MS = 30_000;
/** A document that others change at the same time is tried so often. */
const MAX_VERSION_CONFLICTS = 3;
/** A look that the ERP refuses for a reason of ours (a right is missing) is tried again after this. */
const REFUSED_LOOK_MS = 5 * 60_000;
/** How long the ERP may fail to show a document that it has confirmed, beyond the settle delay. */
const READ_BACK_GRACE_MS = 10 * 60_000;

/** A request to create it begins: the intent. */
export function begin(document: PostingDocument): Step {
  return write(document, "submitting", { attempt: document.attempt + 1 });
}

/** Nothing was sent after all: the lease would not have outlasted the request, or the connection rests. */
export function notSent(document: PostingDocument): Step {
  return write(document, "planned", { attempt: Math.max(0, document.attempt - 1), reason: "not-sent" });
}

/** The ERP has answered a request to create it. */
export function answered(
  document: PostingDocument,
  answer: SubmitAnswer,
  { nowMs, policy }: MachineContext,
): Step {
  return answer.status === "confirmed"
    ? write(document, "confirmed", { erp: answer.erp })
    : write(document, "accepted", { handle: answer.handle, notBeforeMs: nowMs + policy.firstPollMs });
}

/**
 * A request to create it brought no document, or the command can't be said in this ERP at all.
 * @param counts false where nothing shows that the ERP answers at all: an outage must not use up a document's attempts
 */
export function failed(
  document: PostingDocument,
  fault: Fault,
  counts: boolean,
  context: MachineContext,
): Step {
  const { nowMs, policy } = context;
  const { kind, code, message } = fault;
  const said = { reason: kind, code, message };
  const uncounted = Math.max(0, document.attempt - 1);
  switch (kind) {
    case "transient": {
      if (counts && document.attempt >= policy.maxAttempts) return write(document, "rejected", said);
      const notBeforeMs = nowMs + retryDelayMs(repeats(document, kind), context.jitter);
      return write(document, "planned", {
        ...said,
        attempt: counts ? document.attempt : uncounted,
        notBeforeMs,
      });
    }
    case "throttle":
      // The gate waits for all; nothing is this document's fault.
      return write(document, "planned", { ...said, attempt: uncounted });
    case "authentication": {
      const isFirst = repeats(document, kind) === 0;
      return write(document, "planned", {
        ...said,
        attempt: uncounted,
        notBeforeMs: isFirst ? null : nowMs + AUTHENTICATION_WAIT_MS,
      });
    }
    case "unknown":
      return write(document, "unknown", { ...said, notBeforeMs: nowMs + policy.settleDelayMs });
    case "duplicate": {
      // Where the first look found nothing, the ERP needs time to show it.
      const delayMs = repeats(document, kind) === 0 ? 0 : policy.settleDelayMs;
      return write(document, "unknown", { ...said, notBeforeMs: nowMs + delayMs });
    }
    case "version-conflict":
      return repeats(document, kind) >= MAX_VERSION_CONFLICTS
        ? write(document, "rejected", said)
        : write(document, "unknown", { ...said, notBeforeMs: nowMs + policy.settleDelayMs });
    case "mapping":
      return write(document, "parked", said);
    case "period-closed":
      return periodClosed(document, said, context);
    case "validation":
    case "permission":
      break;
  }
  return write(document, "rejected", said);
}

/** Reason of a document that is sent by itself, since a batch with it was refused and did not say for which document. */
export const ALONE = "batch-refused";
const OF_CONTENT: ReadonlySet<ErpFaultKind> = new Set(["mapping", "validation", "period-closed"]);

/**
 * A request for several documents brought none, by one fault for all of them. What it says of a document's content is about one of them, nobody
 * knows which: each is sent by itself, and that no attempt of its own has counted for.
 */
export function batchFailed(
  document: PostingDocument,
  fault: Fault,
  counts: boolean,
  context: MachineContext,
): Step {
  if (!OF_CONTENT.has(fault.kind)) return failed(document, fault, counts, context);
  const { code, message } = fault;
  return write(document, "planned", {
    attempt: Math.max(0, document.attempt - 1),
    reason: ALONE,
    code,
    message,
  });
}

function periodClosed(
  document: PostingDocument,
  said: { readonly reason: string; readonly code: string | null; readonly message: string },
  { nowMs, policy }: MachineContext,
): Step {
  return policy.periodClosed === "reject"
    ? write(document, "rejected", said)
    : write(document, "held", { ...said, notBeforeMs: nowMs + policy.recheckMs });
}

/** A document of a closed period is tried again. */
export function recheck(document: PostingDocument): Step {
  return write(document, "planned", { attempt: 0, reason: "recheck" });
}

/** A former runner may have sent it: all that its requests can still do is waited for, then it is looked up. */
export function takenOver(document: PostingDocument, { nowMs, policy }: MachineContext): Step {
  return write(document, "unknown", {
    reason: "runner-changed",
    notBeforeMs: nowMs + policy.requestDeadlineMs + policy.settleDelayMs,
  });
}

/** What the ERP has under its external id. */
export function lookedUp(
  document: PostingDocument,
  plan: Pick<PlannedPosting, "kind" | "expected">,
  found: readonly FoundDocument[],
  { policy }: MachineContext,
): Step {
  const [first, second] = found;
  if (first === undefined) return absent(document, policy);
  if (second !== undefined) return write(document, "conflict", duplicateDocuments(found));
  const differences = compareDocuments(plan.expected, first.document);
  if (differences.length === 0) return write(document, "confirmed", { reason: "adopted", erp: first.erp });
  // Master data is brought up to date, by the same request that creates it.
  if (plan.kind === "customer") return absent(document, policy, first.erp);
  return write(document, "conflict", {
    reason: "different-document",
    message: describeDifferences(differences),
    erp: first.erp,
  });
}

/** An ERP that can't be asked recognises what it is sent again: after the settle delay it is sent as it was. */
export function resend(document: PostingDocument, { policy }: MachineContext): Step {
  return absent(document, policy, null, "resent");
}

/** An ERP that can't be asked says that it has what it recognises by its external id. */
export function recognised(document: PostingDocument, externalId: string): Step {
  return write(document, "confirmed", { reason: "adopted", erp: { id: externalId, number: null } });
}

function absent(
  document: PostingDocument,
  policy: PostingPolicy,
  erp: FoundDocument["erp"] | null = null,
  reason = "absent",
): Step {
  return document.attempt >= policy.maxAttempts
    ? write(document, "rejected", {
        reason: "attempts-exhausted",
        message: `${document.attempt} requests were sent and the ERP is not known to have the document.`,
      })
    : write(document, "planned", { reason, erp });
}

function duplicateDocuments(found: readonly FoundDocument[]) {
  const ids = found.map(({ erp }) => erp.id).join(", ");
  return {
    reason: "duplicate-document",
    message: `The ERP has ${found.length} documents under the key: ${ids}.`,
    erp: null,
  };
}

/** The ERP could not be asked whether it has it: it stays as it is and is asked about again. */
export function lookFailed(document: PostingDocument, fault: Fault, context: MachineContext): Step {
  const { nowMs } = context;
  switch (fault.kind) {
    case "transient":
    case "throttle":
    case "unknown":
    case "version-conflict":
      return {
        kind: "wait",
        untilMs: nowMs + distanceMs(document, FIRST_RETRY_MS, LONGEST_RETRY_MS, context),
      };
    case "authentication":
      return { kind: "wait", untilMs: nowMs + AUTHENTICATION_WAIT_MS };
    case "duplicate":
    case "mapping":
    case "validation":
    case "period-closed":
    case "permission":
      break;
  }
  return { kind: "wait", untilMs: nowMs + REFUSED_LOOK_MS };
}

/** What the ERP says of an accepted document. */
export function polled(document: PostingDocument, answer: PollAnswer, context: MachineContext): Step {
  if (answer.status === "confirmed") return write(document, "confirmed", { erp: answer.erp });
  const { firstPollMs, longestPollMs } = context.policy;
  return {
    kind: "wait",
    untilMs: context.nowMs + distanceMs(document, firstPollMs, longestPollMs, context),
  };
}

export function pollFailed(document: PostingDocument, fault: Fault, context: MachineContext): Step {
  switch (fault.kind) {
    // It failed in the ERP, or the ERP says that it has it by another way.
    case "mapping":
    case "validation":
    case "period-closed":
    case "duplicate":
    // It ended without the document for no reason that lies in it: asking again is no use, sending again is.
    case "version-conflict":
      return failed(document, fault, true, context);
    // The question failed, which says nothing of the job: it may still bring the document.
    case "transient":
    case "throttle":
    case "unknown":
    case "authentication":
    case "permission":
      break;
  }
  return lookFailed(document, fault, context);
}

/** What reading back a confirmed document has shown. `found` holds what the ERP has under its external id. */
export function readBack(
  document: PostingDocument,
  plan: Pick<PlannedPosting, "expected">,
  found: readonly FoundDocument[],
  context: MachineContext,
): Step {
  const { nowMs, policy } = context;
  const [first, second] = found;
  if (first === undefined) {
    if (nowMs - document.sinceMs <= policy.settleDelayMs + READ_BACK_GRACE_MS)
      return {
        kind: "wait",
        untilMs: nowMs + distanceMs(document, FIRST_RETRY_MS, LONGEST_RETRY_MS, context),
      };
    return write(document, "conflict", {
      reason: "read-back-missing",
      message: "The ERP has confirmed the document but does not show it.",
    });
  }
  if (second !== undefined) return write(document, "conflict", duplicateDocuments(found));
  const differences = compareDocuments(plan.expected, first.document);
  if (differences.length > 0)
    return write(document, "conflict", {
      reason: "read-back-different",
      message: describeDifferences(differences),
      erp: first.erp,
    });
  if (document.erp !== null && document.erp.id !== first.erp.id)
    return write(document, "conflict", {
      reason: "read-back-different",
      message: `id is ${first.erp.id} in the ERP, ${document.erp.id} when it was confirmed.`,
      erp: first.erp,
    });
  return write(document, "reconciled", { erp: first.erp });
}

/** How often the fault came in a row before this time. */
function repeats(document: PostingDocument, kind: ErpFaultKind): number {
  return document.lastFault === kind ? document.faultCount : 0;
}

function retryDelayMs(before: number, jitter: number): number {
  const bound = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(before, DOUBLINGS_MAX));
  return Math.ceil(bound * jitter);
}

/** A quarter of the time that it has been in its state: soon at first, then rarely; needs no counter. */
function distanceMs(
  { sinceMs }: PostingDocument,
  firstMs: number,
  longestMs: number,
  { nowMs, jitter }: MachineContext,
): number {
  const distance = Math.min(longestMs, Math.max(firstMs, (nowMs - sinceMs) / 4));
  return Math.ceil(distance * (0.75 + jitter / 2));
}
