import type { NumberText } from "../exact-numbers.ts";
import type { Environment } from "./environment.ts";
import { TABLES, type TableName } from "./entity-definitions.ts";
import type { StateFile } from "./state-file.ts";

export type Value = string | NumberText;
/** A record by the names of its fields. */
export type Row = Readonly<Record<string, Value>>;

/** The first record id: beyond what a float holds exactly, so that who makes one of it gets another id. */
const FIRST_RECORD_ID = 2n ** 53n + 1n;

interface Change {
  readonly table: TableName;
  readonly id: string;
  readonly before: Row | undefined;
}

/** All records of an environment. What a transaction changes is all kept or all taken back. */
export class Books {
  readonly environment: Environment;
  readonly #tables = new Map<TableName, Map<string, Row>>(TABLES.map((table) => [table, new Map()]));
  readonly #file: StateFile | undefined;
  #changes: Change[] | undefined;
  #nextRecordId = FIRST_RECORD_ID;

  constructor(environment: Environment, file?: StateFile) {
    this.environment = environment;
    this.#file = file;
    for (const table of TABLES)
      for (const row of environment.lists[table] ?? []) this.#table(table).set(this.newRecordId(), row);
    for (const { table, id, row } of file?.read() ?? []) {
      if (row === null) this.#table(table).delete(id);
      else this.#table(table).set(id, row);
      if (BigInt(id) >= this.#nextRecordId) this.#nextRecordId = BigInt(id) + 1n;
    }
  }

  #table(name: TableName): Map<string, Row> {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }

  newRecordId(): string {
    const id = this.#nextRecordId;
    this.#nextRecordId += 1n;
    return String(id);
  }

  /** Record ids and rows in the order of their creation. */
  rows(table: TableName): readonly (readonly [id: string, row: Row])[] {
    return [...this.#table(table)];
  }

  /** The first record whose fields are these; texts are the same in upper and lower case. */
  find(
    table: TableName,
    fields: Readonly<Record<string, string>>,
  ): readonly [id: string, row: Row] | undefined {
    const wanted = Object.entries(fields).map(([field, value]) => [field, value.toLowerCase()] as const);
    for (const [id, row] of this.#table(table))
      if (wanted.every(([field, value]) => textOf(row[field]).toLowerCase() === value)) return [id, row];
    return undefined;
  }

  set(table: TableName, id: string, row: Row): void {
    this.#note(table, id);
    this.#table(table).set(id, row);
  }

  delete(table: TableName, id: string): void {
    this.#note(table, id);
    this.#table(table).delete(id);
  }

  /** What `act` throws takes back what it has changed. */
  transaction<Result>(act: () => Result): Result {
    if (this.#changes !== undefined) return act();
    const changes: Change[] = [];
    this.#changes = changes;
    try {
      const result = act();
      this.#keep(changes);
      return result;
    } catch (error) {
      for (const { table, id, before } of changes.reverse())
        if (before === undefined) this.#table(table).delete(id);
        else this.#table(table).set(id, before);
      throw error;
    } finally {
      this.#changes = undefined;
    }
  }

  #note(table: TableName, id: string): void {
    if (this.#changes === undefined) throw new Error("records change in transactions only");
    this.#changes.push({ table, id, before: this.#table(table).get(id) });
  }

  #keep(changes: readonly Change[]): void {
    if (this.#file === undefined || changes.length === 0) return;
    this.#file.append(
      changes.map(({ table, id }) => ({ table, id, row: this.#table(table).get(id) ?? null })),
    );
  }
}

export function textOf(value: Value | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : value.$number;
}

export function numberOf(text: string): NumberText {
  return { $number: text };
}
