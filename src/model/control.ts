import type { PostingResult } from "./posting.ts";
import type { TaxReply, TaxTransaction } from "./tax-service.ts";

/**
 * Records of CONTROL_<p>: every decision that is not in the events. A record says after which usage sequence it
 * applies and is appended, with the expected last sequence of the log, before it takes effect.
 */

export interface ControlBase {
  /** The record applies after this usage sequence and before the next one. */
  readonly appliesAfter: number;
  /** When it was decided, for people to read; nothing is computed from it. */
  readonly decidedAt: string;
}

/** Fields of a record that an operator's request led to. */
export interface RequestedFields {
  /** Who decided. */
  readonly actor: string;
  readonly reason: string;
  /** Id of the request, chosen by who asked: a request that comes again is recognised by it. */
  readonly request: string;
  /**
   * SHA-256, hexadecimal, of the record of the partition's previous request; "" for the first one. A record that was
   * changed or taken out afterwards breaks the chain.
   */
  readonly previous: string;
}

/** First record of every control log: what the partition's state is built on. */
export interface GenesisRecord extends ControlBase {
  readonly kind: "genesis";
  readonly partition: number;
  readonly partitionCount: number;
  /** Creation time of the usage stream that the log belongs to. */
  readonly usageCreatedAt: string;
  /** Key of the event-id hash, 32 hexadecimal digits, chosen at random once. */
  readonly hashKey: string;
}

/** A worker takes the partition: from here on a former owner's appends are refused by the broker. */
export interface AcquiredRecord extends ControlBase {
  readonly kind: "acquired";
  readonly worker: string;
  /** Random, one each time that a process takes the partition: tells two owners of one name apart. */
  readonly instance: string;
  /** Of the lease that it holds the partition by; grows with each holder. Absent where partitions are assigned by configuration. */
  readonly leaseEpoch?: number;
}

/** A catalog version takes effect. Its content is in the REFERENCE stream under its hash. */
export interface CatalogRecord extends ControlBase {
  readonly kind: "catalog";
  /** SHA-256 of the canonical catalog, hexadecimal. */
  readonly version: string;
}

/** A region stops holding the watermark back until its next event. */
export interface IdleRecord extends ControlBase {
  readonly kind: "idle";
  readonly region: string;
}

/**
 * An operator moves the partition's watermark forward: nothing before `upToMs` is expected any more. The audited way to
 * go on without traffic; what comes all the same is late, not lost.
 */
export interface CloseRecord extends ControlBase, Pick<RequestedFields, "actor" | "reason"> {
  readonly kind: "close";
  /** Windows that end at or before this time (milliseconds since the epoch) complete, periods whose grace ends by then close. */
  readonly upToMs: number;
  /** Left out where no request over the operator channel led to it (the end of a simulation). */
  readonly request?: string;
  readonly previous?: string;
}

/**
 * An operator's choice after the usage stream was found damaged: the gap is counted and processing goes on behind it.
 *
 * A partition's own numbering of usage messages never goes back. It equals the stream's sequences until a stream that
 * fell back (rolled back, refilled, made anew) is resumed: from there on it is the stream's sequence plus an offset.
 */
export interface GapAcceptedRecord extends ControlBase {
  readonly kind: "gap-accepted";
  /** First usage message that is read again, in the partition's numbering; above `appliesAfter`. */
  readonly resumeAt: number;
  /** Usage messages between the position and `resumeAt` that will never be read. */
  readonly lostMessages: number;
  /** From `resumeAt` on: the partition's number of a message minus its sequence in the stream. */
  readonly numberingOffset: number;
  /**
   * Last control record that the repaired state had applied. Where the control log itself was damaged, the state is
   * recognised by it, and goes on with this record whatever stands before it in the log.
   */
  readonly controlBefore: { readonly sequence: number; readonly fingerprint: string };
  /** Creation time of the usage stream that is resumed. */
  readonly usageCreatedAt: string;
  /** Fingerprint of the message before `resumeAt`, hexadecimal; "" where none is stored. */
  readonly fingerprint: string;
  readonly actor: string;
  readonly reason: string;
}

/**
 * Contracts are billed: those that are due first, in the order of their ids, up to a number. Many contracts that are due
 * at once take many records, so that usage is processed between them.
 */
export interface BillingRunRecord extends ControlBase {
  readonly kind: "billing-run";
  /** What is due up to this time (milliseconds since the epoch), at most up to the watermark, is billed. */
  readonly upToMs: number;
  /** Date of issue of the documents, not before they are due: milliseconds since the epoch. */
  readonly issuedMs: number;
  readonly maxContracts: number;
}

/** Documents have got their numbers: each with its rank, from 1, among all documents of its legal entity. */
export interface DocumentsNumberedRecord extends ControlBase {
  readonly kind: "documents-numbered";
  readonly numbers: readonly (readonly [document: string, rank: number])[];
}

/** An operator's decision about a final document. */
interface CorrectionRecord extends ControlBase, RequestedFields {
  /** Id of the document, and its ordinal among the partition's documents, where it is found. */
  readonly document: string;
  readonly ordinal: number;
  /** Date of issue of the credit memo: milliseconds since the epoch. */
  readonly issuedMs: number;
}

/** A final invoice is credited, in part or whole; what was billed for its periods stays. */
export interface CreditNoteRecord extends CorrectionRecord {
  readonly kind: "credit-note";
  /** Lines, from 1, with what is given back of their amounts (minor units, as text); null: all that is left. */
  readonly lines: readonly (readonly [line: number, amountMinor: string])[] | null;
}

/** A final document is taken back whole; what it billed is billed again. */
export interface VoidInvoiceRecord extends CorrectionRecord {
  readonly kind: "void-invoice";
  /** Of a credit memo: it was neither refunded nor applied to an invoice, as who decides it says. */
  readonly unapplied?: boolean | undefined;
  /** Bill it again at once by a document of its own, not with the contract's next invoice. */
  readonly reissue: boolean;
}

/** What a line of a close report comes to: amounts are decimal strings by currency. */
export interface LineFigures {
  readonly count: number;
  readonly amounts: Readonly<Record<string, string>>;
}

/** A legal entity and the calendar days [from, to), YYYY-MM-DD, of its time zone that are closed together. */
export interface CloseScope {
  readonly legalEntity: string;
  readonly from: string;
  readonly to: string;
}

/** Somebody answers for a line of a close report, or for one item of it. It changes no figure. */
export interface CloseExplanationRecord extends ControlBase, RequestedFields, CloseScope {
  readonly kind: "close-explanation";
  readonly line: string;
  /** Item of the line that is explained, whatever it comes to; null: all of the partition's that nothing else explains. */
  readonly item: string | null;
  /** What is explained: where the line comes to something else later, it is open again. */
  readonly figures: LineFigures;
}

/**
 * A legal entity's period is signed off in this partition: entries whose day lies before its end are booked on the first
 * day behind it from here on.
 */
export interface PeriodSignedOffRecord extends ControlBase, RequestedFields, CloseScope {
  readonly kind: "period-signed-off";
  /** It was to be signed off also where lines are open. */
  readonly override: boolean;
  /** The state that was looked at. */
  readonly asOf: {
    readonly usageSequence: number;
    readonly controlSequence: number;
    /** Documents and journal entries made so far, documents that wait. */
    readonly documents: number;
    readonly entries: number;
    readonly waiting: number;
  };
  /** SHA-256, hexadecimal, of the partition's part of the report as it was looked at. */
  readonly report: string;
  /** Lines of the partition that were open: what was overridden. */
  readonly open: readonly ({ readonly line: string } & LineFigures)[];
}

/**
 * A legal entity's period that was signed off is open again in this partition: entries of its days are booked on them from
 * here on. What was booked on later days meanwhile stays there.
 */
export interface PeriodReopenedRecord extends ControlBase, RequestedFields, CloseScope {
  readonly kind: "period-reopened";
  /** It was to be opened also where later periods are signed off: they stay closed. */
  readonly override: boolean;
}

/** Somebody wants a tax service to be asked about held documents again at once. It changes no figure. */
export interface TaxRetryRecord extends ControlBase, RequestedFields {
  readonly kind: "tax-retry";
  /** Ids of the documents; null: all that wait for an answer. */
  readonly documents: readonly string[] | null;
}

/** A tax service has answered, or has not for long: documents that waited for it go on. */
export interface DocumentsTaxedRecord extends ControlBase {
  readonly kind: "documents-taxed";
  readonly replies: readonly TaxReply[];
}

/** A tax service refuses to make the record of a final document final as well: somebody has to look. */
export interface TaxCommitRefusedRecord extends ControlBase {
  readonly kind: "tax-commit-refused";
  readonly document: string;
  readonly transaction: TaxTransaction;
  readonly code: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Journals for ERPs are made of what is booked in months that ended, with their grace, by a time. */
export interface JournalRunRecord extends ControlBase {
  readonly kind: "journal-run";
  /** Milliseconds since the epoch. */
  readonly upToMs: number;
}

/** A day has come on which overdue invoices come to another stage of dunning. */
export interface DunningRunRecord extends ControlBase {
  readonly kind: "dunning-run";
  /** Calendar day (UTC), YYYY-MM-DD. */
  readonly day: string;
}

/**
 * What has become of documents in an ERP, as the connection's runner tells: what came before is no news. It is no decision
 * of a person, so it takes no part in their chain of hashes; the runner's own log is one.
 */
export interface PostingResultRecord extends ControlBase, RequestedFields {
  readonly kind: "posting-result";
  readonly results: readonly PostingResult[];
}

/** An operator has a document queued once more. */
export interface PostingRedriveRecord extends ControlBase, RequestedFields {
  readonly kind: "posting-redrive";
  readonly connection: string;
  readonly key: string;
}

export type ControlRecord =
  | JournalRunRecord
  | DunningRunRecord
  | PostingResultRecord
  | PostingRedriveRecord
  | CreditNoteRecord
  | VoidInvoiceRecord
  | CloseExplanationRecord
  | PeriodSignedOffRecord
  | PeriodReopenedRecord
  | TaxRetryRecord
  | BillingRunRecord
  | DocumentsNumberedRecord
  | DocumentsTaxedRecord
  | TaxCommitRefusedRecord
  | GenesisRecord
  | AcquiredRecord
  | CatalogRecord
  | IdleRecord
  | CloseRecord
  | GapAcceptedRecord;

export type ControlKind = ControlRecord["kind"];

/** A control record with its place in the log. */
export interface PlacedControlRecord {
  readonly sequence: number;
  readonly record: ControlRecord;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Canonical JSON (keys sorted) of a record. */
export function encodeControl(record: ControlRecord): Uint8Array {
  const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return encoder.encode(JSON.stringify(sorted));
}

/** The usage message behind which processing stands when the record has been applied. */
export function placeOfRecord(record: ControlRecord): number {
  return record.kind === "gap-accepted" ? record.resumeAt - 1 : record.appliesAfter;
}

const KINDS: ReadonlySet<string> = new Set<ControlKind>([
  "genesis",
  "acquired",
  "catalog",
  "idle",
  "close",
  "gap-accepted",
  "billing-run",
  "documents-numbered",
  "credit-note",
  "void-invoice",
  "close-explanation",
  "period-signed-off",
  "period-reopened",
  "tax-retry",
  "documents-taxed",
  "tax-commit-refused",
  "journal-run",
  "dunning-run",
  "posting-result",
  "posting-redrive",
]);

function isControlRecord(value: unknown): value is ControlRecord {
  if (typeof value !== "object" || value === null) return false;
  const kind: unknown = Reflect.get(value, "kind");
  const appliesAfter: unknown = Reflect.get(value, "appliesAfter");
  return typeof kind === "string" && KINDS.has(kind) && Number.isSafeInteger(appliesAfter);
}

/** Reads a record; throws RangeError for one that this version does not know (never skipped in silence). */
export function decodeControl(data: Uint8Array): ControlRecord {
  const parsed: unknown = JSON.parse(decoder.decode(data));
  if (!isControlRecord(parsed)) throw new RangeError("not a control record that this version knows");
  return parsed;
}
