import { scaled, type NumberText } from "../exact-numbers.ts";
import type { StateFile } from "../common/state-file.ts";

export interface Reference {
  readonly id: string;
}
export type FieldValue = string | boolean | NumberText | Reference | Fields;
/** Values by the names of the fields; a field that is not there has no value. */
export interface Fields {
  [name: string]: FieldValue;
}

/** What was applied to an invoice, as a decimal. */
export interface Application {
  readonly doc: string;
  readonly amount: string;
}

/** A record as the ERP keeps it. */
export interface StoredRecord {
  readonly type: string;
  readonly id: string;
  readonly externalId: string | null;
  readonly fields: Fields;
  readonly sublists: Readonly<Record<string, readonly Fields[]>>;
  /** Of transactions: worked out of the lines; decimals in the record's currency. */
  readonly totals: { readonly subtotal: string; readonly taxTotal: string; readonly total: string };
  readonly applications: readonly Application[];
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** How often it was written: 1 when it was made. */
  readonly commits: number;
  readonly isVoid: boolean;
  /** Of a journal: the one that it reverses, or that reverses it. */
  readonly reversalOf: string | null;
  readonly reversedBy: string | null;
}

/** Ids of master data are small; those of records begin here. */
const FIRST_RECORD_ID = 5_001;

export function referenceId(value: FieldValue | undefined): string | undefined {
  return typeof value === "object" && "id" in value && typeof value["id"] === "string"
    ? value["id"]
    : undefined;
}

/** All records, by type and id, and by type and external id. */
export class RecordStore {
  readonly #records = new Map<string, StoredRecord>();
  readonly #externalIds = new Map<string, StoredRecord>();
  /** Invoice → who applied what to it. */
  readonly #applied = new Map<string, Map<string, bigint>>();
  readonly #numbers = new Map<string, number>();
  readonly #stateFile: StateFile | undefined;
  #nextId = FIRST_RECORD_ID;

  constructor(stateFile?: StateFile) {
    this.#stateFile = stateFile;
    for (const text of stateFile?.read("record") ?? []) {
      const record: StoredRecord = JSON.parse(text);
      this.#keep(record);
      this.#nextId = Math.max(this.#nextId, Number(record.id) + 1);
      if (record.commits === 1) this.takeNumber(record.type);
    }
  }

  takeId(): string {
    return String(this.#nextId++);
  }

  /** The next number of a type of records, from 1. */
  takeNumber(type: string): number {
    const number = (this.#numbers.get(type) ?? 0) + 1;
    this.#numbers.set(type, number);
    return number;
  }

  put(record: StoredRecord): void {
    this.#keep(record);
    this.#stateFile?.append("record", record);
  }

  find(type: string, id: string): StoredRecord | undefined {
    return this.#records.get(`${type}/${id}`);
  }

  findExternal(type: string, externalId: string): StoredRecord | undefined {
    return this.#externalIds.get(`${type}/${externalId}`);
  }

  /** A transaction of whatever type has an id. */
  has(id: string, types: readonly string[]): boolean {
    return types.some((type) => this.#records.has(`${type}/${id}`));
  }

  all(): Iterable<StoredRecord> {
    return this.#records.values();
  }

  *ofType(type: string): Iterable<StoredRecord> {
    for (const record of this.#records.values()) if (record.type === type) yield record;
  }

  /** What has been paid or credited of an invoice, without what one document applies; a scaled integer. */
  appliedTo(invoice: string, without?: string): bigint {
    let sum = 0n;
    for (const [source, amount] of this.#applied.get(invoice) ?? []) if (source !== without) sum += amount;
    return sum;
  }

  #keep(record: StoredRecord): void {
    const before = this.#records.get(`${record.type}/${record.id}`);
    for (const { doc } of before?.applications ?? []) this.#applied.get(doc)?.delete(record.id);
    if (before !== undefined && before.externalId !== null)
      this.#externalIds.delete(`${record.type}/${before.externalId}`);
    this.#records.set(`${record.type}/${record.id}`, record);
    if (record.externalId !== null) this.#externalIds.set(`${record.type}/${record.externalId}`, record);
    if (record.isVoid) return;
    for (const { doc, amount } of record.applications) {
      const sources = this.#applied.get(doc) ?? new Map<string, bigint>();
      this.#applied.set(doc, sources.set(record.id, (sources.get(record.id) ?? 0n) + scaled(amount)));
    }
  }
}

/** Total minus what was applied to it: of an invoice what is open, of a memo or payment what is left to apply. */
export function openAmount(store: RecordStore, record: StoredRecord): bigint {
  if (record.isVoid) return 0n;
  const total = scaled(record.totals.total);
  if (record.type === "invoice") return total - store.appliedTo(record.id);
  return record.applications.reduce((rest, { amount }) => rest - scaled(amount), total);
}
