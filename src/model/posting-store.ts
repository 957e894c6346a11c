import type {
  ErpReference,
  PaymentStatus,
  PostingCommand,
  PostingKind,
  PostingRecord,
  PostingResult,
  PostingState,
} from "./posting.ts";

/**
 * The port to what a posting runner remembers: a view of the connection's two logs, COMMANDS and POSTINGS. It is the same however
 * the reading of the two was interleaved, so that a lost one is built again. Three things in it do not come from the logs and are only
 * hints or cursors: when a document is next asked about (`defer`), which results partitions have taken, and the day's budget.
 * Times are milliseconds since the epoch.
 */

/** Commands that one message may hold: a place among all commands is sequence × this + index, an exact integer. */
export const MAX_COMMANDS_PER_MESSAGE = 65_536;

export interface PostingDocument {
  readonly key: string;
  /** True while no record names it. */
  readonly isNew: boolean;
  readonly kind: PostingKind;
  /** Partition and revision of the command in effect. */
  readonly partition: number;
  readonly revision: number;
  /** Place of that command among all: sequence × MAX_COMMANDS_PER_MESSAGE + index in its message. */
  readonly position: number;
  readonly orderKey: string;
  readonly contentHash: string;
  /** Null for what has no amount (a customer). */
  readonly currency: string | null;
  /** Total of an invoice or memo, sum of the debits of a journal. */
  readonly amount: string | null;
  readonly state: PostingState;
  /** When it came to this state; of a planned one that nothing was written of: when its command was stored. */
  readonly sinceMs: number;
  /** Requests that were begun to create it and that count. */
  readonly attempt: number;
  readonly reason: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly erp: ErpReference | null;
  readonly handle: string | null;
  /** Not before this time the next step is taken; null: at once, or never. */
  readonly dueMs: number | null;
  /** Kind of its last fault, and how often it came in a row. */
  readonly lastFault: string | null;
  readonly faultCount: number;
  readonly payment: {
    readonly status: PaymentStatus;
    readonly total: string;
    readonly openAmount: string;
  } | null;
}

/** How far the view has come in the two logs. */
export interface PostingPosition {
  /** Last command message taken in; 0 at the beginning. */
  readonly commandSequence: number;
  /** Creation time of that stream; "" before anything is known. */
  readonly commandsCreatedAt: string;
  /** Last message of records applied; 0 at the beginning. */
  readonly postingSequence: number;
  readonly postingsCreatedAt: string;
  /** SHA-256 of the last record; "" before the first. */
  readonly lastHash: string;
  /** Epoch of the last runner that has taken the connection; 0 before the first. */
  readonly epoch: number;
}

/** A message of COMMANDS, read. */
export interface CommandMessage {
  readonly sequence: number;
  readonly arrivalMs: number;
  readonly commands: readonly {
    readonly command: PostingCommand;
    /** What the ERP would find its document by; null where it can't be said in this ERP. */
    readonly externalId: string | null;
  }[];
}

/** A message of POSTINGS, read and its chain checked. */
export interface RecordMessage {
  readonly sequence: number;
  readonly records: readonly PostingRecord[];
  /** SHA-256 of its last record. */
  readonly lastHash: string;
}

/** A command that is newer than the one in effect of its document. */
export interface NewerCommand {
  readonly position: number;
  readonly revision: number;
  readonly partition: number;
  readonly contentHash: string;
}

/** Documents of one state, kind and currency. */
export interface BacklogRow {
  readonly state: PostingState;
  readonly kind: PostingKind;
  readonly currency: string | null;
  readonly documents: number;
  /** Exact sum of their amounts. */
  readonly amount: string;
}

/** Requests of a day (YYYY-MM-DD), counted ahead so that a crash never forgets one. */
export interface BudgetDay {
  readonly day: string;
  readonly requests: number;
}

export interface PostingStore {
  position(): PostingPosition;
  /** Takes in messages of COMMANDS, in order, in one transaction. */
  addCommands(messages: readonly CommandMessage[], createdAt: string): void;
  /**
   * Applies records in one transaction. Throws `posting-log-corrupt` where one does not fit: its document or command is unknown, or the
   * state that it goes from is another one.
   */
  applyRecords(message: RecordMessage, createdAt: string): void;

  document(key: string): PostingDocument | undefined;
  /** The command in effect of a document. Throws `internal-fault` where it is no longer kept (the document is done with). */
  command(key: string): PostingCommand;
  /** The oldest command of the key that is newer than the one in effect, with its document. */
  newerCommands(
    limit: number,
  ): readonly { readonly document: PostingDocument; readonly newer: NewerCommand }[];
  /** Planned documents that nothing holds back, in the order of the log. */
  ready(nowMs: number, limit: number): readonly PostingDocument[];
  /** Documents of a state whose time has come, the longest due first. */
  due(state: PostingState, nowMs: number, limit: number): readonly PostingDocument[];
  /** Documents of a state, by the order of the log, behind a position. */
  inState(state: PostingState, afterPosition: number, limit: number): readonly PostingDocument[];
  /** The first time after `nowMs` at which something becomes due; undefined where nothing will. */
  nextDueMs(nowMs: number): number | undefined;
  /** Asks about the documents not before that time. Not from the logs: a hint, lost with the file. */
  defer(keys: readonly string[], dueMs: number): void;

  /** Invoices that are not paid and whose payments are to be asked about, the longest due first. */
  paymentsDue(nowMs: number, limit: number): readonly PostingDocument[];
  deferPayments(keys: readonly string[], dueMs: number): void;
  /** The same invoices whatever their time, by the order of the log, behind a position. */
  openPayments(afterPosition: number, limit: number): readonly PostingDocument[];
  /** The first time at which a payment is to be asked about. */
  nextPaymentMs(): number | undefined;
  /** Documents that the ERP has under its own id; several only where kinds share ids. */
  documentsOfErpId(id: string): readonly PostingDocument[];
  /** Keys of documents that the ERP has, or may have, under the external id; in order, several only if ids collide. */
  keysOfExternalId(externalId: string): readonly string[];
  /** Whether a stray of that finding and key was recorded before. */
  isStrayKnown(finding: string, key: string): boolean;
  strayCount(): number;

  isDecided(request: string): boolean;

  /** Partitions that results wait for. */
  resultPartitions(): readonly number[];
  /** Results that a partition has not taken, by the record that says so; of a document only the last. */
  results(partition: number, limit: number): readonly PostingResult[];
  /** Notes that the partition has results, in one transaction; a later one of a document stays. */
  resultsTaken(partition: number, results: readonly Pick<PostingResult, "key" | "posting">[]): void;
  resultsPending(): number;

  backlog(): readonly BacklogRow[];
  /** Since when the oldest document of a state is in it; undefined where there is none. */
  oldestSinceMs(state: PostingState): number | undefined;
  /** Requests of a day that records show: intents, looks, polls, and each read-back by itself, though many share one request. */
  requestsOn(day: string): number;
  budget(): BudgetDay | undefined;
  setBudget(budget: BudgetDay): void;
  close(): void;
}
