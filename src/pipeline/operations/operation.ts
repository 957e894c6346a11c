import { z } from "zod";
import type { ControlRecord } from "../../model/control.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { PartitionEngine } from "../partition-engine.ts";

/** Why an owner refuses a request; public, listed in docs/operator-channel.md. Nothing was decided then. */
export const REFUSALS = {
  "request-invalid": "The request can't be read: a field is missing, unknown or out of bounds.",
  "request-too-large": "The request is larger than 64 KiB.",
  "request-reused": "Another request was decided under the same id.",
  busy: "Too many requests wait for the partition.",
  "not-running": "The partition starts, replays or stops; ask again.",
  "broker-unreachable": "The owner could not ask the broker whether it still owns the partition; ask again.",
  "watermark-passed": "The watermark has passed the time already: there is nothing to close.",
  "in-the-future": "The time has not come yet: usage of it is still to be expected.",
  "document-unknown": "The partition's last checkpoint has no final document of that id at that ordinal.",
  "not-an-invoice": "Only final invoices are credited; what a former version made can't be corrected.",
  "already-voided": "The document has been voided: it can't be credited or voided again.",
  "voids-another": "The document voids another one: it can't be credited or voided itself.",
  "maybe-applied":
    "A credit memo is voided while it is neither refunded nor applied to an invoice, and the request does not say so.",
  "has-credit-notes": "An invoice with credit notes can't be voided; what is left of it can be credited.",
  "nothing-left": "All of the invoice has been credited.",
  "not-held": "A named document, or any at all, does not wait for a tax service's answer.",
  "line-unknown": "A line is named twice, or the invoice has none of that number.",
  "more-than-left": "More than is left of a line, or nothing, is to be credited.",
  "legal-entity-unknown": "The catalog in effect has no such legal entity.",
  "period-closed": "The period, or a part of it, was signed off before.",
  "period-gap": "Days between the last sign-off and the period are not signed off.",
  "not-signed-off": "No sign-off of exactly these days is in effect: there is nothing to open again.",
  "later-signed-off": "Later periods are signed off, and the request overrides nothing.",
  "lines-open": "Lines of the report are open, and the request overrides nothing.",
  "posting-unknown": "The partition never queued such a document, or not in that revision.",
  "results-known": "The partition knows all of the results already: nothing is left to be taken over.",
  "posting-waits": "The document can't be queued: the mapping lacks what the message names.",
  "posting-under-way": "The document's command is under way; what becomes of it has to be known first.",
  "posting-done": "The ERP has the document.",
  "books-moved": "Documents or entries were made since the report was: make it again.",
} as const;
export type Refusal = keyof typeof REFUSALS;

/** Longest texts, in UTF-16 units: they stand in the control log for ever. */
const MAX_ACTOR_LENGTH = 200;
const MAX_REASON_LENGTH = 2_000;
const MAX_REQUEST_LENGTH = 64;

/** Fields of every request. */
export const requestHead = {
  /** Chosen by who asks, unique for ever: the same request sent again is decided once. */
  request: z
    .string()
    .regex(
      new RegExp(`^[A-Za-z0-9._-]{8,${MAX_REQUEST_LENGTH}}$`),
      "must be 8 to 64 letters, digits, '.', '_' or '-'",
    ),
  actor: z.string().trim().min(1).max(MAX_ACTOR_LENGTH),
  reason: z.string().trim().min(1).max(MAX_REASON_LENGTH),
};

export interface RequestHead {
  readonly kind: string;
  readonly request: string;
  readonly actor: string;
  readonly reason: string;
}

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;

/** The record that a request leads to, without what the owner adds. It repeats all fields of the request. */
export type RequestedRecord = Without<ControlRecord, "appliesAfter" | "decidedAt" | "previous">;

export type OperationOutcome =
  { readonly record: RequestedRecord } | { readonly refusal: Refusal; readonly message: string };

/** What a decision may go by: the partition's state as it is, and the owner's clock. */
export interface OperationContext {
  readonly engine: PartitionEngine;
  /** What has left the engine's memory, as of the last checkpoint. */
  readonly store: Pick<PartitionStore, "row">;
  readonly nowMs: number;
}

/** A request that was read, ready to be decided. */
export interface ReadRequest {
  readonly head: RequestHead;
  /** Fields that may differ where the same request is made again: what it was based on. */
  readonly basis: readonly string[];
  decide(context: OperationContext): OperationOutcome;
}

/** A kind of request: how it is read and what it leads to. One file each; `operations.ts` lists them. */
export interface Operation {
  readonly kind: string;
  /** The request, or what is wrong with it. */
  read(value: unknown): ReadRequest | string;
}

export function defineOperation<Request extends RequestHead>(
  kind: Request["kind"],
  schema: z.ZodType<Request>,
  decide: (request: Request, context: OperationContext) => OperationOutcome,
  basis: readonly (keyof Request & string)[] = [],
): Operation {
  return {
    kind,
    read(value) {
      const read = schema.safeParse(value);
      if (!read.success) return z.prettifyError(read.error);
      const request = read.data;
      return { head: request, basis, decide: (context) => decide(request, context) };
    },
  };
}
