import {
  BIGINT,
  DuckDBDataChunk,
  INTEGER,
  UBIGINT,
  type DuckDBAppender,
  type DuckDBValue,
} from "@duckdb/node-api";
import type { CellTotal } from "../../src/load/expected-totals.ts";
import type { EventBatch } from "../../src/model/event-batch.ts";
import { HOUR_MS } from "../harness/sums.ts";
import { NumberedNames } from "./numbered-names.ts";

/**
 * An event in DuckDB. Its key is the two 64-bit halves of the 128-bit hash of (source, id), and names are numbers: smaller
 * and faster than text.
 */
export const COLUMNS =
  "high UBIGINT, low UBIGINT, account INTEGER, meter INTEGER, hour INTEGER, value BIGINT";
const TYPES = [UBIGINT, UBIGINT, INTEGER, INTEGER, INTEGER, BIGINT];
/** A vector of DuckDB: what a data chunk holds at most. */
const CHUNK_ROWS = 2_048;

const names = new NumberedNames();

/** Appends events by data chunks: a call a column instead of one a value. */
export class DuckdbRows {
  readonly #appender: DuckDBAppender;

  constructor(appender: DuckDBAppender) {
    this.#appender = appender;
  }

  append(batch: EventBatch): void {
    for (let first = 0; first < batch.count; first += CHUNK_ROWS)
      this.#appendChunk(batch, first, Math.min(CHUNK_ROWS, batch.count - first));
  }

  /** Flushes what was appended. */
  close(): void {
    this.#appender.closeSync();
  }

  #appendChunk(batch: EventBatch, first: number, count: number): void {
    const value = batch.properties.get("value");
    if (value === undefined) throw new Error("events of the load have a value");
    const accounts = names.numbersOf(batch.accounts);
    const meters = names.numbersOf(batch.types);
    const halves = new BigUint64Array(batch.key.buffer, batch.key.byteOffset, batch.count * 2);
    const high: DuckDBValue[] = [];
    const low: DuckDBValue[] = [];
    const account: DuckDBValue[] = [];
    const meter: DuckDBValue[] = [];
    const hour: DuckDBValue[] = [];
    const values: DuckDBValue[] = [];
    for (let row = 0; row < count; row++) {
      const from = first + row;
      high.push(halves[from * 2]!);
      low.push(halves[from * 2 + 1]!);
      account.push(accounts[batch.account[from]!]!);
      meter.push(meters[batch.type[from]!]!);
      hour.push(Math.floor(batch.timeMs[from]! / HOUR_MS));
      values.push(BigInt(value.coefficient[from]!));
    }
    const chunk = DuckDBDataChunk.create(TYPES, count);
    chunk.setColumns([high, low, account, meter, hour, values]);
    this.#appender.appendDataChunk(chunk);
  }
}

/** Rows of (account, meter, hour, value) as cells. */
export function cellsOf(rows: readonly (readonly DuckDBValue[])[]): CellTotal[] {
  return rows.map(([account, meter, hour, sum]) => ({
    account: Number(account),
    meter: Number(meter),
    startMs: Number(hour) * HOUR_MS,
    sum: Number(sum),
  }));
}
