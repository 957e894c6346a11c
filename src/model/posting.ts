/**
 * What is posted to an ERP, and what is written about it. A partition queues commands on COMMANDS_<connection>; the
 * connection's one runner writes intent before, and outcome after, each request to POSTINGS_<connection>. Amounts and
 * quantities are decimal strings in currency units, dates are calendar days (YYYY-MM-DD), times RFC 3339 in UTC.
 */

/** Version of the commands' and records' form; a reader refuses one that it does not know. */
export const POSTING_SCHEMA_VERSION = 1;

export const POSTING_KINDS = ["customer", "invoice", "credit-memo", "journal"] as const;
export type PostingKind = (typeof POSTING_KINDS)[number];

/** A customer's master data: aligned with the ERP before the first document that names it. */
export interface PostedCustomer {
  readonly kind: "customer";
  readonly customer: string;
  readonly name: string;
  readonly email: string | null;
  /** Tax number of a business. */
  readonly taxId: string | null;
  readonly address: {
    readonly street: string | null;
    readonly city: string | null;
    readonly region: string | null;
    readonly postalCode: string | null;
    /** ISO 3166 alpha-2 code. */
    readonly country: string | null;
  };
  readonly legalEntity: string;
  readonly currency: string;
  /** Days until an invoice is due. */
  readonly paymentDays: number;
}

/** One rate of a line's tax. */
export interface PostedTax {
  /** Key of the mapping table `tax`. */
  readonly key: string;
  readonly name: string;
  readonly jurisdiction: string;
  readonly percent: string;
  /** What it is worked out of: the line's net amount. */
  readonly basis: string;
  readonly amount: string;
}

/** A line of an invoice or a credit memo. The amount is authoritative: an ERP's own product of quantity and rate is not. */
export interface PostedLine {
  /** From 1, without holes. */
  readonly line: number;
  /** `credits`: prepaid credits that paid (negative on an invoice); anything else is what was sold. */
  readonly kind: "charge" | "credits";
  /** Key of the mapping table `item`: the product; "credits" for prepaid credits. */
  readonly item: string;
  readonly meter: string | null;
  readonly description: string;
  /** What was counted, for people: null where nothing is. Never multiplied. */
  readonly quantity: string | null;
  /** After discounts, without tax. */
  readonly net: string;
  readonly tax: string;
  readonly taxes: readonly PostedTax[];
  /** Service period [start, end). */
  readonly periodStart: string;
  readonly periodEnd: string;
  /** Number of the document that it corrects. */
  readonly adjusts: string | null;
  readonly dimensions: Readonly<Record<string, string>>;
}

/**
 * An invoice, or a credit memo: the amounts of a memo are positive (what it gives back), those of an invoice what it asks for.
 * total = Σ net + Σ tax, exactly.
 */
export interface PostedInvoice {
  readonly kind: "invoice" | "credit-memo";
  /** Id of the document in its partition. */
  readonly document: string;
  /** Without gaps in the legal entity. */
  readonly number: string;
  readonly legalEntity: string;
  readonly customer: string;
  readonly account: string;
  readonly contract: string;
  readonly currency: string;
  readonly issueDate: string;
  readonly dueDate: string;
  readonly periodStart: string;
  readonly periodEnd: string;
  readonly lines: readonly PostedLine[];
  readonly net: string;
  readonly tax: string;
  readonly total: string;
  /** The document that a memo gives back of: its key and number; null where it corrects no single one. */
  readonly corrects: { readonly key: string; readonly number: string } | null;
  readonly memo: string;
}

export interface PostedJournalLine {
  /** From 1, without holes. */
  readonly line: number;
  /** Key of the mapping table `account`: a role of the subledger's accounts. */
  readonly account: string;
  /** Exactly one of the two is not null, and it is positive. */
  readonly debit: string | null;
  readonly credit: string | null;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly memo: string;
}

/** A summary of subledger entries. Σ debits = Σ credits, exactly. */
export interface PostedJournal {
  readonly kind: "journal";
  readonly legalEntity: string;
  readonly currency: string;
  readonly date: string;
  /** Day on which the ERP is to reverse it by itself; null: never. */
  readonly reversalDate: string | null;
  readonly lines: readonly PostedJournalLine[];
  readonly memo: string;
  /** Key of the journal that this one reverses (compensation); null where it does not. */
  readonly reverses: string | null;
}

export type PostedDocument = PostedCustomer | PostedInvoice | PostedJournal;

/** Tables of a mapping: canonical key → the ERP's own values. */
export const MAPPING_TABLES = [
  "customer",
  "item",
  "tax",
  "account",
  "dimension",
  "currency",
  "terms",
  "legal_entity",
  "period",
] as const;
export type MappingTable = (typeof MAPPING_TABLES)[number];

/** A row of a mapping, by the names of its fields: `{ id: "86" }`. An ERP's description says which it needs. */
export type MappedValues = Readonly<Record<string, string>>;

/**
 * What a document's canonical keys stand for in the ERP: by table and key. Resolved by the partition from the mapping that is
 * in effect, so that a sink never looks anything up in a catalog. Keys of `dimension` are "<name>=<value>", of `terms` days, of
 * `period` accounting months (YYYY-MM).
 */
export type MappedReferences = Readonly<
  Partial<Record<MappingTable, Readonly<Record<string, MappedValues>>>>
>;

/** Key of the command that aligns a customer with an ERP; documents of the customer name it in `after`. */
export function customerKey(legalEntity: string, customer: string): string {
  return `customer:${legalEntity}:${customer}`;
}

/** Post this document. Validated before it is queued; the key is the idempotency key and the external id's base. */
export interface PostingCommand {
  readonly schemaVersion: typeof POSTING_SCHEMA_VERSION;
  /** Key of the ERP connection, as in the catalog's folder `erp/`. */
  readonly connection: string;
  readonly kind: PostingKind;
  /**
   * `<kind>:<id>`, unique in the connection for ever: `customer:<legal entity>:<customer>`, `invoice:<legal entity>:<number>`,
   * `credit-memo:<legal entity>:<number>`,
   * `journal:<legal entity>:<month>:<currency>:<partition>:<ordinal>`.
   */
  readonly key: string;
  /** 1, then 2, 3 … where the partition queues the same document again: a mapping has changed, somebody redrives it. */
  readonly revision: number;
  readonly partition: number;
  /** Commands with the same one are posted in the order of the log; a journal's is its key. */
  readonly orderKey: string;
  /** Keys of commands that must be confirmed before this one is sent: the customer; the invoice that a memo applies to. */
  readonly after: readonly string[];
  /** SHA-256, hexadecimal, of the canonical JSON of `document`. Another one under the same key is a conflict, but for a customer. */
  readonly contentHash: string;
  readonly document: PostedDocument;
  readonly references: MappedReferences;
  /** Version of the catalog that the mapping is of. */
  readonly catalogVersion: string;
}

/**
 * States of a document in a connection.
 * - `planned`: queued, nothing was sent.
 * - `submitting`: intent is written; a request may be under way, or may have been when its runner ended.
 * - `accepted`: the ERP works on it asynchronously and is polled.
 * - `unknown`: no answer came; looked up after the settle delay.
 * - `confirmed`: the ERP has it, under the id that the record names.
 * - `reconciled`: read back and equal, header and lines.
 * - `parked`: the mapping is wrong; waits for another version of the mapping.
 * - `held`: the posting period is closed, or an operator holds it; `until` says what it waits for.
 * - `rejected`: the ERP refuses it for good; somebody has to look.
 * - `conflict`: the ERP has another document under the key, or reads back a different one; somebody has to look.
 * - `cancelled`: an operator gave it up before the ERP had it.
 */
export const POSTING_STATES = [
  "planned",
  "submitting",
  "accepted",
  "unknown",
  "confirmed",
  "reconciled",
  "parked",
  "held",
  "rejected",
  "conflict",
  "cancelled",
] as const;
export type PostingState = (typeof POSTING_STATES)[number];

/** States in which a document is an exception that people look at. */
export const EXCEPTION_STATES: ReadonlySet<PostingState> = new Set([
  "parked",
  "held",
  "rejected",
  "conflict",
]);

/**
 * Why a request brought no document, one list for all sinks.
 * - `transient`: nothing was sent, or the ERP says that nothing happened; tried again.
 * - `throttle`: too much was asked; tried again, the attempt is not counted.
 * - `unknown`: sent, no answer: looked up before anything is sent again.
 * - `authentication`: credentials are refused or have ended; renewed once, then the connection rests.
 * - `duplicate`: the ERP says that it has it: looked up and compared.
 * - `mapping`: a value that the mapping names does not exist or can't be used.
 * - `validation`: the request is wrong; it will never be taken.
 * - `period-closed`: the posting period is closed.
 * - `version-conflict`: changed by somebody else meanwhile; read again, at most three times.
 * - `permission`: the credentials lack a right that the request needs.
 */
export const ERP_FAULT_KINDS = [
  "transient",
  "throttle",
  "unknown",
  "authentication",
  "duplicate",
  "mapping",
  "validation",
  "period-closed",
  "version-conflict",
  "permission",
] as const;
export type ErpFaultKind = (typeof ERP_FAULT_KINDS)[number];

/** What the ERP calls a document that it has. */
export interface ErpReference {
  /** Id of the record. */
  readonly id: string;
  /** What people see; null where the ERP gives none. */
  readonly number: string | null;
}

/** Payment status as the ERP tells it. */
export type PaymentStatus = "open" | "partly-paid" | "paid" | "void";

interface PostingRecordBase {
  readonly schemaVersion: typeof POSTING_SCHEMA_VERSION;
  /** When it was decided, RFC 3339, by the runner's clock. */
  readonly at: string;
  /** Revision of the lease under which it was written: grows with each owner. */
  readonly epoch: number;
  /** SHA-256, hexadecimal, of the record before it; "" for the first. One that was changed or taken out breaks the chain. */
  readonly previous: string;
}

/** A runner takes the connection: from here on a former owner's appends are refused. */
export interface RunnerAcquiredRecord extends PostingRecordBase {
  readonly kind: "acquired";
  readonly owner: string;
}

/** A document goes from one state to another. Each is a row of the audit. */
export interface TransitionRecord extends PostingRecordBase {
  readonly kind: "transition";
  readonly key: string;
  readonly revision: number;
  readonly partition: number;
  /** Sequence in COMMANDS_<connection> of the command that it is of. */
  readonly command: number;
  /** Null for the first one. */
  readonly from: PostingState | null;
  readonly to: PostingState;
  /** Requests that were begun to create it, this one included. */
  readonly attempt: number;
  /** Fault's kind, or a word for what led to it: "adopted", "settled", "operator"; null where the state says it all. */
  readonly reason: string | null;
  /** The ERP's own code of the fault; null where there is none. */
  readonly code: string | null;
  /** For people; no secrets, bounded. */
  readonly message: string | null;
  readonly erp: ErpReference | null;
  /** What an asynchronous ERP is polled by; null where it isn't. */
  readonly handle: string | null;
  /** Not before this time the next step is taken, RFC 3339; null: at once, or never. */
  readonly notBefore: string | null;
  /** Of documents whose request was one for several, all but the first say so: the day's requests are counted by it. */
  readonly sharesRequest?: true;
}

/** What the ERP says has been paid of a document; written when it has changed. */
export interface PaymentRecord extends PostingRecordBase {
  readonly kind: "payment";
  readonly key: string;
  readonly partition: number;
  readonly status: PaymentStatus;
  readonly total: string;
  readonly openAmount: string;
  readonly currency: string;
}

/** A reverse scan found a document that nobody here knows, or several under one key. */
export interface StrayRecord extends PostingRecordBase {
  readonly kind: "stray";
  readonly finding: "unknown-document" | "duplicate-document";
  readonly key: string;
  readonly erp: readonly ErpReference[];
}

/** An operator's act on a document of the connection. */
export interface PostingDecisionRecord extends PostingRecordBase {
  readonly kind: "decision";
  readonly decision: "retry" | "hold" | "release" | "cancel" | "adopt";
  readonly key: string;
  readonly actor: string;
  readonly reason: string;
  /** Chosen by who asks: the same request is decided once. */
  readonly request: string;
}

export type PostingRecord =
  RunnerAcquiredRecord | TransitionRecord | PaymentRecord | StrayRecord | PostingDecisionRecord;

/** What a runner tells the partition that queued a command; becomes a control record of it. */
export interface PostingResult {
  readonly connection: string;
  readonly key: string;
  readonly revision: number;
  readonly state: PostingState;
  readonly reason: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly erp: ErpReference | null;
  /** Set where the ERP said something of payments. */
  readonly payment: { readonly status: PaymentStatus; readonly openAmount: string } | null;
  /** Sequence in POSTINGS_<connection> of the record that says so: later ones win. */
  readonly posting: number;
}
