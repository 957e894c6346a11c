import { Packr } from "msgpackr";
import { decimalOfDouble, decimalText, parseDecimal, rescale, type Decimal } from "../../model/decimal.ts";
import type { BatchIdentity } from "../../model/numbered-batch.ts";
import { COLUMNAR_VERSION } from "./columnar-body.ts";
import { MAX_COLUMN_SCALE, MAX_EVENTS_PER_MESSAGE } from "./limits.ts";

/** A property's value; `{ decimal }` is a number with more digits than a double holds, as a JSON number's text. */
export type ColumnarValue = string | number | boolean | bigint | { readonly decimal: string };

/** One event for a columnar batch. Names of nested properties are dotted ("size.bytes"). */
export interface ColumnarRow {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly account: string;
  /** Milliseconds since the epoch, an integer. */
  readonly timeMs: number;
  readonly data: Readonly<Record<string, ColumnarValue>>;
}

/** One event for a numbered batch, whose id is for people: all events of a batch have one, or none. */
export type NumberedRow = Omit<ColumnarRow, "id"> & { readonly id?: string };

const packr = new Packr({ useRecords: false, variableMapSize: true });
const encoder = new TextEncoder();

/**
 * Packs events as one columnar batch (`application/vnd.tributary.usage+msgpack`, docs/wire.md). Throws RangeError for
 * more events than a message may hold, a time that is no integer, and a number that no decimal holds.
 */
export function encodeColumnarBatch(rows: readonly ColumnarRow[]): Uint8Array {
  return encode(rows, {}, encodeIds(rows.map((row) => row.id)));
}

/**
 * The same with the batch's number; without ids where the rows have none. Throws RangeError also where only some have
 * one.
 */
export function encodeNumberedBatch(identity: BatchIdentity, rows: readonly NumberedRow[]): Uint8Array {
  const { producer, epoch, sequence } = identity;
  const ids = rows.flatMap((row) => (row.id === undefined ? [] : [row.id]));
  if (ids.length > 0 && ids.length < rows.length)
    throw new RangeError("either all events of a numbered batch have an id, or none");
  return encode(rows, { producer, epoch, sequence }, ids.length === 0 ? {} : encodeIds(ids));
}

function encode(
  rows: readonly NumberedRow[],
  identity: Record<string, unknown>,
  ids: Record<string, unknown>,
): Uint8Array {
  if (rows.length > MAX_EVENTS_PER_MESSAGE)
    throw new RangeError(`a batch holds at most ${MAX_EVENTS_PER_MESSAGE} events`);
  const sources = new Indices();
  const types = new Indices();
  const accounts = new Indices();
  const source = rows.map((row) => sources.of(row.source));
  const type = rows.map((row) => types.of(row.type));
  const account = rows.map((row) => accounts.of(row.account));
  rows.forEach((row, at) => {
    if (!Number.isInteger(row.timeMs))
      throw new RangeError(`time of ${row.id ?? `event ${at}`} is no integer`);
  });
  return packr.pack({
    v: COLUMNAR_VERSION,
    n: rows.length,
    ...identity,
    sources: sources.strings,
    ...(sources.strings.length === 1 ? {} : { source: words16(source) }),
    types: types.strings,
    ...(types.strings.length === 1 ? {} : { type: words16(type) }),
    accounts: accounts.strings,
    account: words32(account),
    ...ids,
    time: floats(rows.map((row) => row.timeMs)),
    properties: encodeProperties(rows),
  });
}

class Indices {
  readonly strings: string[] = [];
  readonly #indices = new Map<string, number>();

  of(text: string): number {
    let index = this.#indices.get(text);
    if (index === undefined) {
      index = this.strings.push(text) - 1;
      this.#indices.set(text, index);
    }
    return index;
  }
}

function encodeIds(texts: readonly string[]): Record<string, unknown> {
  const ids = texts.map((text) => encoder.encode(text));
  const ends: number[] = [];
  let length = 0;
  for (const id of ids) ends.push((length += id.length));
  const bytes = new Uint8Array(length);
  ids.forEach((id, row) => {
    bytes.set(id, ends[row]! - id.length);
  });
  const width = ids[0]?.length ?? 0;
  return width > 0 && ids.every((id) => id.length === width)
    ? { ids: bytes, idWidth: width }
    : { ids: bytes, idEnds: words32(ends) };
}

/** The values of one name and kind; undefined where a row has none. */
interface Column {
  readonly name: string;
  readonly kind: "number" | "text" | "boolean";
  readonly values: (string | boolean | Decimal | undefined)[];
}

function encodeProperties(rows: readonly NumberedRow[]): readonly Record<string, unknown>[] {
  const columns = new Map<string, Column>();
  rows.forEach((row, index) => {
    for (const [name, value] of Object.entries(row.data)) {
      const kind = typeof value === "string" ? "text" : typeof value === "boolean" ? "boolean" : "number";
      const key = `${kind} ${name}`;
      let column = columns.get(key);
      if (column === undefined) {
        column = { name, kind, values: Array.from({ length: rows.length }) };
        columns.set(key, column);
      }
      column.values[index] =
        typeof value === "string" || typeof value === "boolean" ? value : toDecimal(value);
    }
  });
  return [...columns.values()].map((column) => encodeColumn(column));
}

function encodeColumn({ name, kind, values }: Column): Record<string, unknown> {
  const all = values.every((value) => value !== undefined);
  const present = all ? {} : { present: bitmap(values.map((value) => value !== undefined)) };
  if (kind === "boolean")
    return { name, kind, values: bitmap(values.map((value) => value === true)), ...present };
  if (kind === "text") {
    const dictionary = new Indices();
    const indices = values.map((value) => (typeof value === "string" ? dictionary.of(value) : 0));
    return { name, kind, dictionary: dictionary.strings, values: words32(indices), ...present };
  }
  const decimals = values.map((value) => (typeof value === "object" ? value : undefined));
  const scale = decimals.reduce(
    (most, decimal) =>
      decimal !== undefined && decimal.scale <= MAX_COLUMN_SCALE ? Math.max(most, decimal.scale) : most,
    0,
  );
  const large: Record<string, string> = {};
  const integers = decimals.map((decimal, row) => {
    if (decimal === undefined) return 0;
    const integer = rescale(decimal.coefficient, decimal.scale, scale);
    if (typeof integer === "number") return integer;
    large[row] = decimalText(decimal.coefficient, decimal.scale);
    return 0;
  });
  const exceptions = Object.keys(large).length > 0 ? { large } : {};
  return { name, kind, scale, values: floats(integers), ...present, ...exceptions };
}

function toDecimal(value: number | bigint | { readonly decimal: string }): Decimal {
  const slot = { coefficient: 0, scale: 0 };
  if (typeof value === "number") {
    if (!decimalOfDouble(value, slot)) throw new RangeError(`${value} is no decimal`);
    return slot;
  }
  const text = typeof value === "bigint" ? String(value) : value.decimal;
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new RangeError(`${text} is no decimal of a length that is supported`);
  return decimal;
}

function words16(words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 2));
  words.forEach((word, at) => {
    view.setUint16(at * 2, word, true);
  });
  return new Uint8Array(view.buffer);
}

function words32(words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, at) => {
    view.setUint32(at * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}

function floats(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, at) => {
    view.setFloat64(at * 8, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** Bit i is bit i mod 8, from the lowest, of byte i / 8. */
function bitmap(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, at) => {
    if (bit) bytes[at >> 3] = bytes[at >> 3]! | (1 << (at & 7));
  });
  return bytes;
}
