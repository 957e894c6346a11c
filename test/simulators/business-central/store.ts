import { randomUUID } from "node:crypto";
import { LineFile } from "../common/state-file.ts";
import type { Values } from "./body-check.ts";

export interface StoredLine {
  readonly id: string;
  readonly values: Values;
  /** Value codes by the codes of dimensions. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What an environment keeps: a customer, a document, a journal's batch or a ledger entry. */
export interface StoredRecord {
  readonly set: RecordSet;
  readonly company: string;
  readonly id: string;
  /** Grows with each change. */
  readonly version: number;
  readonly modifiedMs: number;
  readonly values: Values;
  readonly lines: readonly StoredLine[];
  /** Of a posted invoice: what was paid or credited of it; of a memo: what it was applied to. A decimal. */
  readonly applied: string;
}

export const RECORD_SETS = [
  "customers",
  "salesInvoices",
  "salesCreditMemos",
  "journals",
  "generalLedgerEntries",
] as const;
export type RecordSet = (typeof RECORD_SETS)[number];

/** A line of the state file: a record as it is from then on, or one that is gone. */
interface Change {
  readonly put?: StoredRecord;
  readonly deleted?: Pick<StoredRecord, "set" | "company" | "id">;
}

/** A record before and after a transaction's step; one of the two is missing where it was made or deleted. */
export interface RecordChange {
  readonly before: StoredRecord | undefined;
  readonly after: StoredRecord | undefined;
}

/** All records, by set and company. Every change is a part of a transaction, which is kept whole or not at all. */
export class Store {
  readonly #records = new Map<string, Map<string, StoredRecord>>();
  readonly #numbers = new Map<string, number>();
  readonly #file: LineFile | undefined;
  #undo: (() => void)[] | undefined;
  #changes: Change[] = [];
  #recordChanges: RecordChange[] = [];
  /** Told of what a transaction has changed, once it is kept. */
  onCommitted: (changes: readonly RecordChange[]) => void = () => undefined;

  constructor(path?: string) {
    if (path === undefined) return;
    this.#file = new LineFile(path);
    for (const line of this.#file.lines()) {
      const changes: readonly Change[] = JSON.parse(line);
      for (const { put, deleted } of changes) {
        if (put !== undefined) this.#of(put.set, put.company).set(put.id, put);
        if (deleted !== undefined) this.#of(deleted.set, deleted.company).delete(deleted.id);
      }
    }
  }

  /** What `act` changes is kept when it returns, and undone when it throws. One inside another is a part of that. */
  transaction<Result>(act: () => Result): Result {
    if (this.#undo !== undefined) return act();
    this.#undo = [];
    this.#changes = [];
    this.#recordChanges = [];
    try {
      const result = act();
      if (this.#changes.length > 0) this.#file?.append(JSON.stringify(this.#changes));
      this.onCommitted(this.#recordChanges);
      return result;
    } catch (error) {
      for (const undo of this.#undo.reverse()) undo();
      throw error;
    } finally {
      this.#undo = undefined;
    }
  }

  all(set: RecordSet, company: string): Iterable<StoredRecord> {
    return this.#of(set, company).values();
  }

  find(set: RecordSet, company: string, id: string): StoredRecord | undefined {
    return this.#of(set, company).get(id);
  }

  /** The first record whose field has a value. */
  findBy(set: RecordSet, company: string, field: string, value: string): StoredRecord | undefined {
    for (const record of this.#of(set, company).values()) if (record.values[field] === value) return record;
    return undefined;
  }

  create(record: Omit<StoredRecord, "id" | "version"> & { readonly id?: string }): StoredRecord {
    const created = { ...record, id: record.id ?? randomUUID(), version: 1 };
    this.#put(created);
    return created;
  }

  change(record: StoredRecord, changes: Partial<StoredRecord>): StoredRecord {
    const changed = { ...record, ...changes, version: record.version + 1 };
    this.#put(changed);
    return changed;
  }

  delete({ set, company, id }: StoredRecord): void {
    const records = this.#of(set, company);
    const before = records.get(id);
    if (before === undefined) return;
    this.#recordChanges.push({ before, after: undefined });
    this.#record({ deleted: { set, company, id } }, () => records.set(id, before));
    records.delete(id);
  }

  /** The next number of a series, from `first`; a number that was taken in vain stays taken, as it does there. */
  takeNumber(series: string, first: number): number {
    const taken = this.#numbers.get(series) ?? this.#highest(series, first - 1);
    this.#numbers.set(series, taken + 1);
    return taken + 1;
  }

  /** After a restart numbers go on behind those that are in use. */
  #highest(series: string, otherwise: number): number {
    let highest = otherwise;
    const [company = "", prefix = ""] = series.split(" ");
    for (const set of RECORD_SETS)
      for (const { values } of this.all(set, company)) {
        const text = String(values["number"] ?? values["entryNumber"] ?? "");
        if (text.startsWith(prefix) && /^\d+$/.test(text.slice(prefix.length)))
          highest = Math.max(highest, Number(text.slice(prefix.length)));
      }
    return highest;
  }

  #of(set: RecordSet, company: string): Map<string, StoredRecord> {
    const name = `${company} ${set}`;
    let records = this.#records.get(name);
    if (records === undefined) {
      records = new Map();
      this.#records.set(name, records);
    }
    return records;
  }

  #put(record: StoredRecord): void {
    const records = this.#of(record.set, record.company);
    const before = records.get(record.id);
    this.#recordChanges.push({ before, after: record });
    this.#record({ put: record }, () => {
      if (before === undefined) records.delete(record.id);
      else records.set(record.id, before);
    });
    records.set(record.id, record);
  }

  #record(change: Change, undo: () => void): void {
    if (this.#undo === undefined) throw new Error("a change is outside of a transaction");
    this.#undo.push(undo);
    this.#changes.push(change);
  }
}

export function textOf(values: Values, name: string): string {
  const value = values[name];
  return typeof value === "string" ? value : "";
}
