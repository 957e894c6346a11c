import type { EventBatch, PropertyColumn, RetractedEvent } from "../../model/event-batch.ts";
import type { LogMessage } from "../../model/log.ts";
import type { NumberedMessage } from "../../model/numbered-batch.ts";
import { Outcome } from "../../model/outcome.ts";
import { PayloadChecksum } from "../../model/payload-checksum.ts";
import { ColumnBuilder, type ZeroLanes } from "./column-builder.ts";
import type { Dictionaries, Dictionary } from "./dictionary.ts";

/** Rows allocated at first: columns grow by doubling, or at once to what a columnar message says. */
const INITIAL_CAPACITY = 64;

/** Columns kept for a next run at most: whoever sends ever new property names does not make memory grow. */
const MAX_SPARE_COLUMNS = 64;

/** Collects the rows of a run of messages as the columns of one batch. */
export class BatchBuilder {
  count = 0;
  capacity: number;
  messages: LogMessage[] = [];
  numbered: NumberedMessage[] = [];
  accounts: Dictionary;
  types: Dictionary;
  regions: Dictionary;
  texts: Dictionary;
  readonly columns = new Map<string, ColumnBuilder>();
  retractions = new Map<number, RetractedEvent>();
  /** Columns of former runs. */
  readonly #spare = new Map<string, ColumnBuilder>();
  #late = new Uint8Array(0);
  #zeros: ZeroLanes = {
    coefficient: new Float64Array(0),
    scale: new Uint8Array(0),
    text: new Uint32Array(0),
  };
  readonly #checksum = new PayloadChecksum();

  message: Uint32Array;
  index: Uint32Array;
  timeMs: Float64Array<ArrayBuffer>;
  key: Uint32Array;
  checksum: Uint32Array;
  account: Uint32Array;
  type: Uint32Array;
  region: Uint32Array;
  outcome: Uint8Array;
  reason: Uint8Array;

  constructor(expectedRows: number, dictionaries: Dictionaries) {
    this.accounts = dictionaries.accounts;
    this.types = dictionaries.types;
    this.regions = dictionaries.regions;
    this.texts = dictionaries.texts;
    const capacity = Math.max(INITIAL_CAPACITY, expectedRows);
    this.capacity = capacity;
    this.message = new Uint32Array(capacity);
    this.index = new Uint32Array(capacity);
    this.timeMs = new Float64Array(capacity);
    this.key = new Uint32Array(capacity * 4);
    this.checksum = new Uint32Array(capacity * 2);
    this.account = new Uint32Array(capacity);
    this.type = new Uint32Array(capacity);
    this.region = new Uint32Array(capacity);
    this.outcome = new Uint8Array(capacity);
    this.reason = new Uint8Array(capacity);
  }

  /** Begins another run in the same memory; the batch of the run before is gone. */
  restart(expectedRows: number, dictionaries: Dictionaries): void {
    const used = this.count;
    this.message.fill(0, 0, used);
    this.index.fill(0, 0, used);
    this.timeMs.fill(0, 0, used);
    this.key.fill(0, 0, used * 4);
    this.checksum.fill(0, 0, used * 2);
    this.account.fill(0, 0, used);
    this.type.fill(0, 0, used);
    this.region.fill(0, 0, used);
    this.outcome.fill(0, 0, used);
    this.reason.fill(0, 0, used);
    this.#late.fill(0, 0, used);
    if (this.#spare.size + this.columns.size > MAX_SPARE_COLUMNS) this.#spare.clear();
    else
      for (const [name, column] of this.columns) {
        column.restart(used);
        this.#spare.set(name, column);
      }
    this.columns.clear();
    this.messages = [];
    this.numbered = [];
    this.retractions = new Map();
    this.count = 0;
    this.accounts = dictionaries.accounts;
    this.types = dictionaries.types;
    this.regions = dictionaries.regions;
    this.texts = dictionaries.texts;
    this.reserve(expectedRows);
  }

  /** Room for `rows` more rows, all zero. */
  reserve(rows: number): void {
    const needed = this.count + rows;
    if (needed <= this.capacity) return;
    const capacity = Math.max(needed, this.capacity * 2);
    this.message = growWords(this.message, capacity);
    this.index = growWords(this.index, capacity);
    const timeMs = new Float64Array(capacity);
    timeMs.set(this.timeMs);
    this.timeMs = timeMs;
    this.key = growWords(this.key, capacity * 4);
    this.checksum = growWords(this.checksum, capacity * 2);
    this.account = growWords(this.account, capacity);
    this.type = growWords(this.type, capacity);
    this.region = growWords(this.region, capacity);
    this.outcome = growBytes(this.outcome, capacity);
    this.reason = growBytes(this.reason, capacity);
    this.capacity = capacity;
  }

  /** Adds a message that rows will come from; returns its index. */
  addMessage(message: LogMessage): number {
    return this.messages.push(message) - 1;
  }

  /** The column of a property, new where the batch has none yet, with room in its kinds for all rows reserved. */
  column(name: string): ColumnBuilder {
    let column = this.columns.get(name);
    if (column === undefined) {
      column = this.#spare.get(name) ?? new ColumnBuilder(name);
      this.#spare.delete(name);
      this.columns.set(name, column);
    }
    column.reserve(this.capacity);
    return column;
  }

  /**
   * Writes the checksum of a row whose account, type and time are set; `low` and `high` are the sums of its
   * properties' checksums.
   */
  setChecksum(row: number, low: number, high: number): void {
    const checksum = this.#checksum;
    const account = this.account[row]!;
    const type = this.type[row]!;
    const { accounts, types } = this;
    checksum.event(
      accounts.low(account),
      accounts.high(account),
      types.low(type),
      types.high(type),
      this.timeMs[row]!,
      low,
      high,
    );
    this.checksum[2 * row] = checksum.low;
    this.checksum[2 * row + 1] = checksum.high;
  }

  /**
   * Makes a row a retraction of the event that has been written to it, checksum included. The row's checksum becomes that
   * of the retraction: over its account, type and time, and over identity and checksum of the event.
   */
  setRetraction(
    row: number,
    type: number,
    timeMs: number,
    key: Uint32Array,
    source: string,
    id: string,
  ): void {
    const [checksumLow, checksumHigh] = [this.checksum[2 * row]!, this.checksum[2 * row + 1]!];
    this.retractions.set(row, { key, checksumLow, checksumHigh });
    const checksum = this.#checksum;
    checksum.begin(0, 0);
    checksum.addText(source);
    checksum.addText(id);
    checksum.add(checksumLow);
    checksum.add(checksumHigh);
    checksum.end();
    const { low, high } = checksum;
    const account = this.account[row]!;
    const { accounts, types } = this;
    checksum.event(
      accounts.low(account),
      accounts.high(account),
      types.low(type),
      types.high(type),
      timeMs,
      low,
      high,
    );
    this.checksum[2 * row] = checksum.low;
    this.checksum[2 * row + 1] = checksum.high;
  }

  /** Rejects a row for a reason code. */
  reject(row: number, reason: number): void {
    this.outcome[row] = Outcome.rejected;
    this.reason[row] = reason;
  }

  finish(): EventBatch {
    const count = this.count;
    if (this.#late.length < count) {
      this.#late = new Uint8Array(this.capacity);
      this.#zeros = {
        coefficient: new Float64Array(this.capacity),
        scale: new Uint8Array(this.capacity),
        text: new Uint32Array(this.capacity),
      };
    }
    const zeros: ZeroLanes = {
      coefficient: this.#zeros.coefficient.subarray(0, count),
      scale: this.#zeros.scale.subarray(0, count),
      text: this.#zeros.text.subarray(0, count),
    };
    const properties = new Map<string, PropertyColumn>();
    for (const column of this.columns.values()) properties.set(column.name, column.finish(count, zeros));
    return {
      count,
      messages: this.messages,
      numbered: this.numbered,
      message: this.message.subarray(0, count),
      index: this.index.subarray(0, count),
      timeMs: this.timeMs.subarray(0, count),
      key: this.key.subarray(0, count * 4),
      checksum: this.checksum.subarray(0, count * 2),
      account: this.account.subarray(0, count),
      accounts: this.accounts.strings,
      type: this.type.subarray(0, count),
      types: this.types.strings,
      region: this.region.subarray(0, count),
      regions: this.regions.strings,
      texts: this.texts.strings,
      properties,
      retractions: this.retractions,
      outcome: this.outcome.subarray(0, count),
      reason: this.reason.subarray(0, count),
      late: this.#late.subarray(0, count),
    };
  }
}

function growWords(words: Uint32Array, capacity: number): Uint32Array {
  const grown = new Uint32Array(capacity);
  grown.set(words);
  return grown;
}

function growBytes(bytes: Uint8Array, capacity: number): Uint8Array {
  const grown = new Uint8Array(capacity);
  grown.set(bytes);
  return grown;
}
