/**
 * Every fault has one name: the code here is the error's code, its line in docs/errors.md, the `reason` label of
 * metrics and the `code` field of logs. A test holds the four together. Codes are public; never reuse one.
 */
export const ERRORS = {
  // configuration and catalog
  "config-invalid": "The configuration has faults; each is listed with its path.",
  "catalog-invalid": "The catalog has faults; each is listed with its path.",
  "catalog-missing": "A catalog version is in effect but its content can't be found.",
  "usage-invalid": "The command was called with arguments that don't fit.",
  // broker
  "broker-unreachable": "No NATS server answered at the configured addresses.",
  "broker-version-unsupported":
    "The NATS server is older than the oldest supported version, or has no JetStream.",
  "stream-missing": "A stream that the partition needs does not exist.",
  "stream-recreated":
    "A stream was deleted and created again: its creation time is not the one in the checkpoint.",
  "stream-rolled-back": "The stream ends before the checkpoint's position: acknowledged messages are gone.",
  "stream-refilled":
    "Another message stands at the checkpoint's position: the stream was cut and filled again.",
  "stream-gap":
    "Messages after the checkpoint's position are no longer stored: retention or a purge overtook the worker.",
  "retention-near":
    "A limit of a stream is going to remove messages that have to stay: usage that is not committed yet, or records of the control log.",
  "sequence-hole": "The broker delivered a message that does not follow the one before it.",
  "consumer-stalled": "Messages are pending but the broker delivers none.",
  "control-log-moved": "Another owner has written to the partition's control log.",
  "partition-lease-lost":
    "The lease of a partition went to another worker or could not be renewed in time: the partition runs elsewhere from now on.",
  "control-append-unknown": "It can't be known whether a control record was appended.",
  "control-record-misplaced": "A control record applies before the checkpoint's position.",
  "replay-unfinished":
    "A decision was asked for while the partition still replays its control log; try again later.",
  "publication-fenced": "Another owner has published to the partition's subject.",
  "publish-failed": "A publication was not acknowledged by the broker.",
  "broker-full":
    "The broker takes no more messages: a limit of the stream, the account or its disk is reached. What waits is tried again.",
  "numbering-failed":
    "Documents got no number from their legal entity's numbering log; they wait and are tried again.",
  "tax-service-failed":
    "A tax service gave no answer that can be read; documents wait and are asked about again, or committed again.",
  "tax-service-missing":
    "Documents were taxed by a tax service that the worker's configuration does not name: they can't be committed there.",
  "reference-corrupt": "An object of the REFERENCE stream does not match the hash that it is stored under.",
  // state
  "state-schema-newer": "The state file was written by a newer version of Tributary.",
  "state-mismatch": "The state file belongs to another partition, partition count or stream.",
  "state-locked": "Another process holds the state file.",
  "state-commit-failed":
    "A checkpoint could not be committed (I/O error), or a producer's folder not written (also where its disk is full).",
  "state-disk-full":
    "The disk of the state has no room: nothing of a checkpoint was written. The partition waits and goes on by itself when there is room.",
  "state-corrupt": "The state file does not pass its checks.",
  "snapshot-missing": "There is no snapshot that could be restored, or not the one that was asked for.",
  "snapshot-corrupt": "A snapshot can't be read: its manifest or a chunk is missing or was changed.",
  "snapshot-store-failed": "The place where snapshots are kept could not be reached, read or written.",
  "repartition-refused": "The partition count can't be changed like this, or not now; nothing was changed.",
  "repartition-unfinished":
    "A change of the partition count is not finished, or a state is of the time before it: finish it by `tributary repartition`.",
  "books-unbalanced":
    "Counts or totals do not add up: the partition stops rather than go on from a wrong state.",
  // sinks
  "sink-failed": "A sink could not deliver; it is tried again.",
  // postings to an ERP
  "posting-log-moved": "Another runner of the ERP connection has written to its log of postings.",
  "posting-append-unknown":
    "It can't be known whether a record was appended to an ERP connection's log of postings.",
  "posting-lease-lost":
    "The right to post to a connection went to another process or could not be renewed in time: nothing more is sent.",
  "posting-log-corrupt":
    "A connection's posting log can't be followed: a record was changed, taken out, or does not fit the one before it.",
  "posting-command-invalid":
    "A message of a connection's commands can't be read; nothing behind it is posted.",
  "subscription-failed":
    "An ERP's notifications of changes could not be subscribed to or kept; it is tried again, and what has changed is found by polling.",
  // operators
  "operator-no-owner":
    "No worker owns the partition: nobody took an operator's request, nothing was decided.",
  "operator-refused":
    "The owner of a partition refused an operator's request and says why; nothing was decided.",
  "operator-answer-unknown":
    "No answer to an operator's request: it may have been decided or not; the same request asked again tells.",
  // life
  "thread-failed": "A thread of the worker ended; its partitions start again from their last checkpoints.",
  "shutdown-deadline": "The worker did not drain within its deadline.",
  "internal-fault": "A fault in Tributary itself.",
} as const;
export type ErrorCode = keyof typeof ERRORS;

/** A fault with a code; `details` holds figures for logs and people (never a secret). */
export class TributaryError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TributaryError";
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The code of any thrown value. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof TributaryError ? error.code : "internal-fault";
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
