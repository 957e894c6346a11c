import type { BatchIdentity } from "../../model/numbered-batch.ts";
import { accountName, eventId, eventSource, eventType, VALUE_PROPERTY } from "../names.ts";
import type { OpenBatch } from "./open-batch.ts";
import { digitCount, PackWriter } from "./pack-writer.ts";

const encoder = new TextEncoder();
const ID_PREFIX = encoder.encode(eventId(0).slice(0, -1));
const ACCOUNT_PREFIX = encoder.encode(accountName(0).slice(0, -1));

/** Most bytes that a row takes: account's name and index, type's index, id and its end, time, value. */
const BYTES_A_ROW = 32 + 4 + 2 + 24 + 4 + 8 + 8;
/** All keys, headers and the texts that stand once. */
const BYTES_A_MESSAGE = 1_024;
/** Most bytes of a type's name. */
const BYTES_A_TYPE = 32;

/**
 * Events of a plan as columnar batches: the bytes of `encodeColumnarBatch` and `encodeNumberedBatch`, written straight from the plan's columns. No
 * string is built for an event, and accounts find their place in the dictionary through an array instead of a map.
 */
export class ColumnarPlanEncoder {
  readonly #sources: readonly string[];
  readonly #types: readonly string[];
  readonly #writer: PackWriter;
  /** Place in the dictionary of the batch whose number is in `#accountBatch`. */
  readonly #accountPlace: Uint32Array;
  readonly #accountBatch: Uint32Array;
  readonly #typePlace: Uint32Array;
  readonly #typeBatch: Uint32Array;
  /** Dictionaries and indices of the batch under way. */
  readonly #accountsUsed: Uint32Array;
  readonly #typesUsed: Uint32Array;
  readonly #accountOfRow: Uint32Array;
  readonly #typeOfRow: Uint32Array;
  readonly #idEnd: Uint32Array;
  #batches = 0;

  constructor(
    shape: { readonly regions: readonly string[]; readonly meters: number; readonly accounts: number },
    batchSize: number,
  ) {
    this.#sources = shape.regions.map(eventSource);
    this.#types = Array.from({ length: shape.meters }, (_, meter) => eventType(meter));
    this.#writer = new PackWriter(BYTES_A_MESSAGE + batchSize * BYTES_A_ROW + shape.meters * BYTES_A_TYPE);
    this.#accountPlace = new Uint32Array(shape.accounts);
    this.#accountBatch = new Uint32Array(shape.accounts);
    this.#typePlace = new Uint32Array(shape.meters);
    this.#typeBatch = new Uint32Array(shape.meters);
    this.#accountsUsed = new Uint32Array(batchSize);
    this.#typesUsed = new Uint32Array(batchSize);
    this.#accountOfRow = new Uint32Array(batchSize);
    this.#typeOfRow = new Uint32Array(batchSize);
    this.#idEnd = new Uint32Array(batchSize);
  }

  /** `batch` holds at least one event and at most `batchSize`; with a number, ids are left out. */
  encode(batch: OpenBatch, identity?: BatchIdentity): Uint8Array {
    const { count } = batch;
    const writer = this.#writer;
    // Wraps round after 2^32 batches: a stale number would have to be exactly as old.
    this.#batches = (this.#batches + 1) >>> 0;
    const accounts = this.#places(
      batch.account,
      count,
      this.#accountBatch,
      this.#accountPlace,
      this.#accountsUsed,
      this.#accountOfRow,
    );
    const types = this.#places(
      batch.meter,
      count,
      this.#typeBatch,
      this.#typePlace,
      this.#typesUsed,
      this.#typeOfRow,
    );
    // Three keys of the number take the place of the two of the ids.
    writer.map((types === 1 ? 10 : 11) + (identity === undefined ? 0 : 1));
    writer.text("v");
    writer.integer(1);
    writer.text("n");
    writer.integer(count);
    if (identity !== undefined) {
      writer.text("producer");
      writer.text(identity.producer);
      writer.text("epoch");
      writer.integer(identity.epoch);
      writer.text("sequence");
      writer.integer(identity.sequence);
    }
    writer.text("sources");
    writer.array(1);
    writer.text(this.#sources[batch.region]!);
    writer.text("types");
    writer.array(types);
    for (let place = 0; place < types; place++) writer.text(this.#types[this.#typesUsed[place]!]!);
    if (types > 1) {
      writer.text("type");
      writer.words16(this.#typeOfRow, count);
    }
    writer.text("accounts");
    writer.array(accounts);
    for (let place = 0; place < accounts; place++)
      writer.numberedText(ACCOUNT_PREFIX, this.#accountsUsed[place]!);
    writer.text("account");
    writer.words32(this.#accountOfRow, count);
    if (identity === undefined) this.#writeIds(batch);
    writer.text("time");
    writer.floats(batch.timeMs, count);
    writer.text("properties");
    writer.array(1);
    writer.map(4);
    writer.text("name");
    writer.text(VALUE_PROPERTY);
    writer.text("kind");
    writer.text("number");
    writer.text("scale");
    writer.integer(0);
    writer.text("values");
    writer.floats(batch.value, count);
    return writer.take();
  }

  /** Numbers the distinct values in the order of their first rows; returns how many there are. */
  #places(
    column: Uint32Array,
    count: number,
    lastBatch: Uint32Array,
    place: Uint32Array,
    used: Uint32Array,
    placeOfRow: Uint32Array,
  ): number {
    const batches = this.#batches;
    let distinct = 0;
    for (let row = 0; row < count; row++) {
      const value = column[row]!;
      if (lastBatch[value] !== batches) {
        lastBatch[value] = batches;
        place[value] = distinct;
        used[distinct++] = value;
      }
      placeOfRow[row] = place[value]!;
    }
    return distinct;
  }

  #writeIds({ id, count }: OpenBatch): void {
    const writer = this.#writer;
    const ends = this.#idEnd;
    const width = ID_PREFIX.length + digitCount(id[0]!);
    let length = 0;
    let isFixed = true;
    for (let row = 0; row < count; row++) {
      const idLength = ID_PREFIX.length + digitCount(id[row]!);
      isFixed &&= idLength === width;
      length += idLength;
      ends[row] = length;
    }
    writer.text("ids");
    writer.binary(length);
    let start = 0;
    for (let row = 0; row < count; row++) {
      const end = ends[row]!;
      writer.raw(ID_PREFIX);
      writer.digits(id[row]!, end - start - ID_PREFIX.length);
      start = end;
    }
    if (isFixed) {
      writer.text("idWidth");
      writer.integer(width);
    } else {
      writer.text("idEnds");
      writer.words32(ends, count);
    }
  }
}
