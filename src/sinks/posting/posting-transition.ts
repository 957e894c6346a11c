import { TributaryError } from "../../model/errors.ts";
import {
  POSTING_SCHEMA_VERSION,
  type ErpReference,
  type PostingState,
  type TransitionRecord,
} from "../../model/posting.ts";
import {
  MAX_COMMANDS_PER_MESSAGE,
  type NewerCommand,
  type PostingDocument,
} from "../../model/posting-store.ts";
import type { UnchainedRecord } from "./posting-chain.ts";

/** From which state a document can go to which. A record that says anything else is a fault of the program. */
export const NEXT_STATES: Readonly<Record<PostingState, readonly PostingState[]>> = {
  planned: ["planned", "submitting", "parked", "held", "rejected", "cancelled"],
  submitting: ["planned", "accepted", "unknown", "confirmed", "parked", "held", "rejected"],
  accepted: ["unknown", "confirmed", "parked", "held", "rejected"],
  unknown: ["planned", "confirmed", "parked", "rejected", "conflict"],
  confirmed: ["confirmed", "reconciled", "conflict", "planned"],
  reconciled: ["reconciled", "conflict", "planned"],
  parked: ["planned", "held", "cancelled"],
  held: ["planned", "held", "cancelled"],
  rejected: ["planned", "unknown", "cancelled"],
  conflict: ["unknown", "reconciled", "cancelled"],
  cancelled: ["planned", "unknown"],
};

/** Characters of a message in a record: a sentence or two for people. */
const MAX_MESSAGE_LENGTH = 500;

/** An ERP's codes are words; what is longer is none. */
const MAX_CODE_LENGTH = 200;

/** What a transition says beside where it leads; what is left out is null, or stays as it is (attempt, erp). */
export interface TransitionFields {
  readonly attempt?: number;
  readonly reason?: string | null;
  readonly code?: string | null;
  readonly message?: string | null;
  readonly erp?: ErpReference | null;
  readonly handle?: string | null;
  readonly notBeforeMs?: number | null;
  /** The command that it takes up. */
  readonly command?: NewerCommand;
  /** Another transition of the same message stands for the request that led to it. */
  readonly sharesRequest?: boolean;
}

export interface Transition extends TransitionFields {
  readonly document: PostingDocument;
  readonly to: PostingState;
}

/** What follows from an event: a transition to write, a wait that needs no record, or a refusal. */
export type Step =
  | { readonly kind: "write"; readonly transition: Transition }
  | { readonly kind: "wait"; readonly untilMs: number };

export function write(document: PostingDocument, to: PostingState, fields: TransitionFields = {}): Step {
  if (!NEXT_STATES[document.state].includes(to))
    throw new TributaryError("internal-fault", `A document can't go from ${document.state} to ${to}.`, {
      details: { key: document.key },
    });
  return { kind: "write", transition: { document, to, ...fields } };
}

/** The steps of one request for several documents: it is counted once. */
export function sharedRequest(steps: readonly Step[]): readonly Step[] {
  const first = steps.findIndex(({ kind }) => kind === "write");
  return steps.map((step, index) =>
    step.kind === "wait" || index === first
      ? step
      : { kind: "write", transition: { ...step.transition, sharesRequest: true } },
  );
}

/** The record of a transition, without its chain. */
export function transitionRecord(
  { document, to, ...fields }: Transition,
  at: { readonly nowMs: number; readonly epoch: number },
): UnchainedRecord {
  const { position, revision, partition } = fields.command ?? document;
  const record: Omit<TransitionRecord, "previous"> = {
    schemaVersion: POSTING_SCHEMA_VERSION,
    kind: "transition",
    at: new Date(at.nowMs).toISOString(),
    epoch: at.epoch,
    key: document.key,
    revision,
    partition,
    command: Math.floor(position / MAX_COMMANDS_PER_MESSAGE),
    from: document.isNew ? null : document.state,
    to,
    attempt: fields.attempt ?? document.attempt,
    reason: fields.reason ?? null,
    // An empty one says nothing.
    code: fields.code?.slice(0, MAX_CODE_LENGTH) || null,
    message: fields.message?.slice(0, MAX_MESSAGE_LENGTH) ?? null,
    erp: fields.erp === undefined ? document.erp : fields.erp,
    handle: fields.handle ?? null,
    notBefore:
      fields.notBeforeMs === undefined || fields.notBeforeMs === null
        ? null
        : new Date(fields.notBeforeMs).toISOString(),
    ...(fields.sharesRequest === true && { sharesRequest: true }),
  };
  return record;
}
