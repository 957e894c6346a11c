import { LineFile } from "../common/state-file.ts";

/** Everything the environment keeps, in the order of making. With a file it outlasts the process: the last line of a record counts. */

export interface TaxLine {
  readonly id: string;
  readonly regime: string;
  readonly rateCode: string;
  readonly amount: string;
}

export interface TransactionLine {
  readonly id: string;
  readonly number: string;
  readonly memoLine: string | null;
  readonly description: string;
  readonly quantity: string;
  readonly price: string;
  amount: string;
  readonly classification: string | null;
  readonly taxes: readonly TaxLine[];
}

export interface Transaction {
  readonly kind: "transaction";
  readonly isMemo: boolean;
  readonly id: string;
  readonly number: string;
  readonly source: string;
  readonly crossReference: string | null;
  /** Notes and lines' keys of what was imported. */
  readonly internalNotes: string | null;
  readonly interfaceKeys: readonly string[];
  readonly type: string;
  readonly businessUnit: string;
  readonly customerNumber: string;
  readonly site: string | null;
  readonly currency: string;
  readonly terms: string | null;
  readonly transactionDate: string;
  readonly accountingDate: string;
  readonly dueDate: string | null;
  readonly comments: string | null;
  isComplete: boolean;
  readonly lines: readonly TransactionLine[];
  readonly distributions: readonly {
    readonly line: string;
    readonly combination: string;
    readonly amount: string;
  }[];
  /** Signed: a memo's is negative. */
  total: string;
  /** Signed: what is left of it. */
  balance: string;
  readonly applications: {
    readonly invoiceId: string;
    readonly invoiceNumber: string;
    readonly amount: string;
  }[];
  changedMs: number;
  readonly createdMs: number;
}

export interface Party {
  readonly kind: "party";
  readonly id: string;
  readonly number: string;
  name: string;
  readonly sourceSystem: string | null;
  readonly reference: string | null;
  address: {
    readonly id: string;
    readonly number: string;
    readonly line: string;
    readonly city: string | null;
    readonly state: string | null;
    readonly postalCode: string | null;
    readonly country: string;
  } | null;
  changedMs: number;
  readonly createdMs: number;
}

export interface Account {
  readonly kind: "account";
  readonly id: string;
  readonly number: string;
  readonly partyId: string;
  readonly name: string;
  readonly origSystem: string | null;
  readonly reference: string | null;
  readonly siteId: string | null;
  readonly setId: string | null;
  profileClass: string | null;
  changedMs: number;
  readonly createdMs: number;
}

export interface JournalLine {
  readonly combination: string;
  readonly debit: string | null;
  readonly credit: string | null;
  readonly description: string;
}

export interface Batch {
  readonly kind: "batch";
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly ledgerId: string;
  readonly currency: string;
  readonly date: string;
  readonly groupId: string;
  readonly lines: readonly JournalLine[];
  changedMs: number;
  readonly createdMs: number;
}

/** A row of AutoInvoice's tables: of a line, or of a line's account. */
export interface InterfaceLine {
  readonly kind: "interface-line";
  readonly id: string;
  readonly loadId: string;
  readonly isDistribution: boolean;
  readonly row: readonly string[];
  readonly changedMs: number;
  readonly createdMs: number;
}

export interface Job {
  readonly kind: "job";
  readonly id: string;
  readonly does: "journals" | "invoices" | "removal";
  readonly submittedMs: number;
  /** Rows of its files, by their names. */
  readonly files: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Whether the rows are in the interface table. */
  isLoaded: boolean;
  readonly parameters: readonly string[];
  readonly isPartial: boolean;
  /** Undefined while it is under way. */
  ended?: { readonly state: string; readonly log: string; readonly report?: string };
  changedMs: number;
  readonly createdMs: number;
}

export type StoredRecord = Transaction | Party | Account | Batch | Job | InterfaceLine;

const FIRST_ID = 300_000_100_000_000;

export class Store {
  readonly #records = new Map<string, StoredRecord>();
  readonly #file: LineFile | undefined;
  #lastId = FIRST_ID;

  constructor(file: string | undefined) {
    if (file === undefined) return;
    this.#file = new LineFile(file);
    for (const line of this.#file.lines()) {
      const change: StoredRecord | { readonly removed: string } = JSON.parse(line);
      if ("removed" in change) this.#records.delete(change.removed);
      else this.#records.set(change.id, change);
      if ("id" in change) this.#lastId = Math.max(this.#lastId, Number(change.id));
    }
    // Lines, addresses and sites have ids of their own.
    this.#lastId += 100_000;
  }

  nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  put(record: StoredRecord): void {
    this.#records.set(record.id, record);
    this.#append(record);
  }

  remove(id: string): void {
    this.#records.delete(id);
    this.#append({ removed: id });
  }

  all<Kind extends StoredRecord["kind"]>(kind: Kind): readonly Extract<StoredRecord, { kind: Kind }>[] {
    return [...this.#records.values()].filter(
      (record): record is Extract<StoredRecord, { kind: Kind }> => record.kind === kind,
    );
  }

  #append(change: object): void {
    this.#file?.append(JSON.stringify(change));
  }
}
