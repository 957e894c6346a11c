import { ERRORS, codeOf, messageOf, TributaryError, type ErrorCode } from "../../model/errors.ts";
import type { EventOutcomeRecord, ExceptionRecord, ParkedEvent } from "../../model/outputs.ts";
import type { CheckpointChanges } from "../../model/store.ts";
import type { DeliveryChanges } from "../delivery-writer.ts";
import type { PackedEntries } from "./packed-entries.ts";

/** What a checkpoint begins with: everything of fixed size. */
export type CheckpointHead = Pick<
  CheckpointChanges,
  "position" | "controlRepaired" | "regionCounts" | "messageCounts" | "clearedSpaces"
>;

/** Some of the records that are neither rows nor outbox entries. */
export interface CheckpointRecords {
  readonly parkedAdded?: readonly ParkedEvent[];
  readonly parkedRemoved?: readonly { readonly sequence: number; readonly index: number }[];
  readonly exceptionsAdded?: readonly ExceptionRecord[];
  readonly eventOutcomes?: readonly EventOutcomeRecord[];
}

/**
 * What the thread is asked to do with one store's file. A checkpoint is `begin`, any number of `rows`, `records` and
 * `outbox`, and `finish` (or `abort`); a fault on the way is the answer to `finish`.
 */
export type WriterTask =
  | { readonly kind: "open"; readonly file: string; readonly maxPageCount: number | undefined }
  | { readonly kind: "begin"; readonly head: CheckpointHead }
  | { readonly kind: "rows"; readonly packed: PackedEntries }
  | { readonly kind: "records"; readonly records: CheckpointRecords }
  | { readonly kind: "outbox"; readonly packed: PackedEntries }
  | { readonly kind: "finish"; readonly deliveries: DeliveryChanges }
  | { readonly kind: "abort" }
  | { readonly kind: "deliveries"; readonly deliveries: DeliveryChanges }
  /** Answered through `done` as well (1 when the file is closed): the caller may be blocked. */
  | { readonly kind: "close"; readonly done: Int32Array<SharedArrayBuffer> };

export interface WriterRequest {
  readonly id: number;
  /** Number of the store, given out by the process. */
  readonly store: number;
  readonly task: WriterTask;
}

export interface WriterReply {
  readonly id: number;
  readonly fault?: WriterFault;
}

/** A fault on its way between threads. */
export interface WriterFault {
  readonly code: string;
  readonly message: string;
  /** JSON: details may hold what can't be cloned. */
  readonly details: string;
}

export function packFault(error: unknown): WriterFault {
  const details = error instanceof TributaryError ? error.details : {};
  return { code: codeOf(error), message: messageOf(error), details: JSON.stringify(details) };
}

export function unpackFault({ code, message, details }: WriterFault): TributaryError {
  const parsed: unknown = JSON.parse(details);
  return new TributaryError(isErrorCode(code) ? code : "internal-fault", message, {
    details: typeof parsed === "object" && parsed !== null ? { ...parsed } : {},
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return code in ERRORS;
}
