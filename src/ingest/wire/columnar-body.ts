import { Buffer, isUtf8 } from "node:buffer";
import { endianness } from "node:os";
import {
  MAX_COLUMN_SCALE,
  MAX_EVENTS_PER_MESSAGE,
  MAX_PROPERTY_NAME_LENGTH,
  MAX_PROPERTY_NAMES_PER_MESSAGE,
  MAX_SHORT_DICTIONARY,
} from "./limits.ts";
import type { BatchIdentity } from "../../model/numbered-batch.ts";
import type { ColumnScratch } from "./column-scratch.ts";
import { isPlainMsgpack } from "./msgpack-check.ts";
import { readMsgpack, type MsgpackValue } from "./msgpack-reader.ts";
import { isProducerName } from "./producer-name.ts";
import { TextList } from "./text-list.ts";

/** The format version that this decoder reads. */
export const COLUMNAR_VERSION = 1;

/** A property of a columnar batch, its structure checked: lengths fit, indices are inside the dictionary. */
export type ColumnarProperty =
  | {
      readonly kind: "number";
      readonly name: string;
      readonly scale: number;
      /** 64-bit floats, little-endian, as they stand in the message: a row may hold what is no integer. */
      readonly values: Uint8Array;
      readonly present: Uint8Array | undefined;
      /** Decimal texts by row, in place of `values`. */
      readonly large: ReadonlyMap<number, string>;
    }
  | {
      readonly kind: "text";
      readonly name: string;
      readonly dictionary: TextList;
      readonly values: Uint32Array;
      readonly present: Uint8Array | undefined;
    }
  | {
      readonly kind: "boolean";
      readonly name: string;
      readonly values: Uint8Array;
      readonly present: Uint8Array | undefined;
    };

/** A columnar batch whose structure is sound; single rows may still hold faults. */
export interface ColumnarBody {
  readonly count: number;
  /** Undefined where the batch has no number: its events are deduplicated by their ids. */
  readonly identity: BatchIdentity | undefined;
  /** False where a numbered batch leaves the ids out; then the width is 0 and there are no ends. */
  readonly hasIds: boolean;
  readonly sources: TextList;
  /** Index into `sources`; undefined where there is one. */
  readonly source: Uint16Array | undefined;
  readonly types: TextList;
  readonly type: Uint16Array | undefined;
  readonly accounts: TextList;
  readonly account: Uint32Array;
  readonly ids: Uint8Array;
  /** Id of row i: `ids[i × idWidth, (i + 1) × idWidth)` where the width is not 0, else up to `idEnds[i]`. */
  readonly idWidth: number;
  readonly idEnds: Uint32Array;
  /** Event times as they stand in the message: 64-bit floats, little-endian. */
  readonly time: Uint8Array;
  readonly properties: readonly ColumnarProperty[];
}

export type ColumnarFault = "msgpack-invalid" | "batch-malformed" | "too-many-events";

const littleEndian = endianness() === "LE";

/** Thrown inside this file only. */
class Malformed extends Error {}

/**
 * Reads and checks the structure of a columnar batch (docs/wire.md). The body is good until the scratch begins another message.
 */
export function parseColumnarBody(data: Uint8Array, scratch: ColumnScratch): ColumnarBody | ColumnarFault {
  if (!isPlainMsgpack(data)) return "msgpack-invalid";
  scratch.begin();
  try {
    return readBody(readMsgpack(data, scratch), scratch);
  } catch (error) {
    if (error instanceof Malformed) return "batch-malformed";
    throw error;
  }
}

const BODY_KEYS = new Set([
  "v",
  "n",
  "producer",
  "epoch",
  "sequence",
  "sources",
  "source",
  "types",
  "type",
  "accounts",
  "account",
  "ids",
  "idWidth",
  "idEnds",
  "time",
  "properties",
]);

function readBody(value: MsgpackValue, scratch: ColumnScratch): ColumnarBody | ColumnarFault {
  const body = members(value, BODY_KEYS);
  if (body["v"] !== COLUMNAR_VERSION) throw new Malformed();
  const count = integer(body["n"], 0, Number.MAX_SAFE_INTEGER);
  if (count > MAX_EVENTS_PER_MESSAGE) return "too-many-events";
  const sources = strings(body["sources"], MAX_SHORT_DICTIONARY);
  const types = strings(body["types"], MAX_SHORT_DICTIONARY);
  const accounts = strings(body["accounts"], MAX_EVENTS_PER_MESSAGE);
  const identity = readIdentity(body);
  const hasIds = identity === undefined || body["ids"] !== undefined;
  const ids = hasIds ? binary(body["ids"]) : NO_IDS;
  const { idWidth, idEnds } = hasIds ? readIdPlaces(body, ids, count, scratch) : noIdPlaces(body);
  return {
    count,
    identity,
    hasIds,
    sources,
    source: shortIndices(body["source"], count, sources.count, scratch),
    types,
    type: shortIndices(body["type"], count, types.count, scratch),
    accounts,
    account: within(words(body["account"], count, scratch), accounts.count, undefined),
    ids,
    idWidth,
    idEnds,
    time: binary(body["time"], count * 8),
    properties: elements(body["properties"]).map((property) => readProperty(property, count, scratch)),
  };
}

const NO_IDS = new Uint8Array(0);

/** The number of the batch: all three of its keys, or none. */
function readIdentity(body: Members): BatchIdentity | undefined {
  const { producer, epoch, sequence } = body;
  if (producer === undefined && epoch === undefined && sequence === undefined) return undefined;
  if (typeof producer !== "string" || !isProducerName(producer)) throw new Malformed();
  return {
    producer,
    epoch: integer(epoch, 1, Number.MAX_SAFE_INTEGER),
    sequence: integer(sequence, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** A batch without `ids` has no places of ids either. */
function noIdPlaces(body: Members): IdPlaces {
  if (body["idWidth"] !== undefined || body["idEnds"] !== undefined) throw new Malformed();
  return { idWidth: 0, idEnds: new Uint32Array(0) };
}

interface IdPlaces {
  readonly idWidth: number;
  readonly idEnds: Uint32Array;
}

function readIdPlaces(body: Members, ids: Uint8Array, count: number, scratch: ColumnScratch): IdPlaces {
  if ((body["idWidth"] === undefined) === (body["idEnds"] === undefined)) throw new Malformed();
  let idWidth = 0;
  let idEnds = new Uint32Array(0);
  if (body["idWidth"] !== undefined) {
    idWidth = integer(body["idWidth"], 1, 0xffff);
    if (ids.length !== idWidth * count) throw new Malformed();
  } else {
    idEnds = words(body["idEnds"], count, scratch);
    let previous = 0;
    for (const end of idEnds) {
      if (end < previous) throw new Malformed();
      previous = end;
    }
    if (previous !== ids.length) throw new Malformed();
  }
  if (!isUtf8(ids)) throw new Malformed();
  // All ids together are UTF-8 and none begins inside a character: so each one is UTF-8.
  for (let row = 1; row < count; row++) {
    const start = idWidth > 0 ? row * idWidth : idEnds[row - 1]!;
    if ((ids[start]! & 0xc0) === 0x80) throw new Malformed();
  }
  return { idWidth, idEnds };
}

const PROPERTY_KEYS = {
  number: new Set(["name", "kind", "scale", "values", "present", "large"]),
  text: new Set(["name", "kind", "dictionary", "values", "present"]),
  boolean: new Set(["name", "kind", "values", "present"]),
};

function readProperty(value: MsgpackValue, count: number, scratch: ColumnScratch): ColumnarProperty {
  const kind = isMembers(value) ? value["kind"] : undefined;
  if (kind !== "number" && kind !== "text" && kind !== "boolean") throw new Malformed();
  const property = members(value, PROPERTY_KEYS[kind]);
  const name = property["name"];
  if (typeof name !== "string" || name.length > MAX_PROPERTY_NAME_LENGTH) throw new Malformed();
  const bitmapLength = Math.ceil(count / 8);
  const present = property["present"] === undefined ? undefined : binary(property["present"], bitmapLength);
  if (kind === "boolean") return { kind, name, values: binary(property["values"], bitmapLength), present };
  if (kind === "text") {
    const dictionary = strings(property["dictionary"], MAX_EVENTS_PER_MESSAGE);
    const values = within(words(property["values"], count, scratch), dictionary.count, present);
    return { kind, name, dictionary, values, present };
  }
  const scale = integer(property["scale"], 0, MAX_COLUMN_SCALE);
  const large = readLarge(property["large"], count, present);
  return { kind, name, scale, values: binary(property["values"], count * 8), present, large };
}

const ROW_NUMBER = /^(?:0|[1-9][0-9]{0,9})$/;
const NO_LARGE: ReadonlyMap<number, string> = new Map();

function readLarge(
  value: MsgpackValue | undefined,
  count: number,
  present: Uint8Array | undefined,
): ReadonlyMap<number, string> {
  if (value === undefined) return NO_LARGE;
  const large = new Map<number, string>();
  for (const [key, text] of Object.entries(members(value, undefined))) {
    const row = Number(key);
    if (!ROW_NUMBER.test(key) || row >= count || !isPresent(present, row) || typeof text !== "string")
      throw new Malformed();
    large.set(row, text);
  }
  return large;
}

/** True where a property has a value in a row. */
export function isPresent(present: Uint8Array | undefined, row: number): boolean {
  return present === undefined || ((present[row >> 3]! >> (row & 7)) & 1) === 1;
}

/** Copies little-endian 64-bit floats to an array at a row. */
export function copyFloats(bytes: Uint8Array, target: Float64Array<ArrayBuffer>, row: number): void {
  const view = Buffer.from(target.buffer, target.byteOffset + row * 8, bytes.length);
  view.set(bytes);
  if (!littleEndian) view.swap64();
}

type Members = Readonly<Record<string, MsgpackValue>>;

/** A map; with `known`, one that has no other keys. */
function members(value: MsgpackValue, known: ReadonlySet<string> | undefined): Members {
  if (!isMembers(value)) throw new Malformed();
  if (known !== undefined) for (const key of Object.keys(value)) if (!known.has(key)) throw new Malformed();
  return value;
}

function isMembers(value: MsgpackValue): value is Members {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof TextList)
  );
}

function integer(value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
    throw new Malformed();
  return value;
}

/** A dictionary. A string that stands in it twice is the same string under both indices. */
function strings(value: MsgpackValue | undefined, most: number): TextList {
  if (!(value instanceof TextList) || value.count > most) throw new Malformed();
  return value;
}

/** The columns. An empty array is read as one of strings. */
function elements(value: MsgpackValue | undefined): readonly MsgpackValue[] {
  if (value instanceof TextList && value.count === 0) return [];
  if (!Array.isArray(value) || value.length > MAX_PROPERTY_NAMES_PER_MESSAGE) throw new Malformed();
  return value;
}

function binary(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw new Malformed();
  return value;
}

function words(value: unknown, count: number, scratch: ColumnScratch): Uint32Array<ArrayBuffer> {
  const bytes = binary(value, count * 4);
  const copy = scratch.words(count);
  const view = Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength);
  view.set(bytes);
  if (!littleEndian) view.swap32();
  return copy;
}

function shortIndices(
  value: unknown,
  count: number,
  dictionary: number,
  scratch: ColumnScratch,
): Uint16Array | undefined {
  if (value === undefined) {
    if (dictionary !== 1 && count > 0) throw new Malformed();
    return undefined;
  }
  const bytes = binary(value, count * 2);
  const copy = scratch.shorts(count);
  const view = Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength);
  view.set(bytes);
  if (!littleEndian) view.swap16();
  return within(copy, dictionary, undefined);
}

/** The indices, each inside its dictionary in every row that has a value. */
function within<T extends Uint16Array | Uint32Array>(
  indices: T,
  dictionary: number,
  present: Uint8Array | undefined,
): T {
  for (let row = 0; row < indices.length; row++)
    if (indices[row]! >= dictionary && isPresent(present, row)) throw new Malformed();
  return indices;
}
