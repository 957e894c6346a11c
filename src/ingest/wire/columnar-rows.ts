import { readDecimal, type DecimalSlot } from "../../model/decimal.ts";
import { MAX_COLUMN_INTEGER, PropertyKind } from "../../model/event-batch.ts";
import type { KeyHasher } from "../../model/hash.ts";
import { reasonCode } from "../../model/outcome.ts";
import { PayloadChecksum } from "../../model/payload-checksum.ts";
import type { BatchBuilder } from "./batch-builder.ts";
import type { ColumnBuilder } from "./column-builder.ts";
import { copyFloats, isPresent, type ColumnarBody, type ColumnarProperty } from "./columnar-body.ts";
import type { Dictionary } from "./dictionary.ts";
import {
  MAX_ACCOUNT_LENGTH,
  MAX_IDENTITY_BYTES,
  MAX_PROPERTIES,
  MAX_TIME_MS,
  MIN_TIME_MS,
} from "./limits.ts";

const encoder = new TextEncoder();
const INTEGER_32 = 0x7fff_ffff;

/** Reads columnar batches into the rows of a batch, a column at a time: no object and no string for an event. */
export class ColumnarRows {
  readonly #hasher: KeyHasher;
  readonly #checksum = new PayloadChecksum();
  readonly #slot: DecimalSlot = { coefficient: 0, scale: 0 };

  constructor(hasher: KeyHasher) {
    this.#hasher = hasher;
  }

  append(builder: BatchBuilder, body: ColumnarBody, message: number, region: number): void {
    const { count } = body;
    builder.reserve(count);
    const base = builder.count;
    builder.count += count;
    const end = base + count;
    builder.message.fill(message, base, end);
    builder.region.fill(region, base, end);
    for (let row = 0; row < count; row++) builder.index[base + row] = row;
    // Reason code by row; the first fault in the order of docs/wire.md stays.
    const faults = new Uint8Array(count);
    this.#writeKeys(builder, body, base, faults);
    writeNames(builder, body, base, faults);
    writeTimes(builder, body, base, faults, builder.messages[message]!.arrivalMs);
    // Lane-wise sums of the checksums of the properties.
    const sums = new Int32Array(count * 2);
    const columns = this.#writeProperties(builder, body, base, faults, sums);
    for (let row = 0; row < count; row++) {
      const fault = faults[row]!;
      if (fault === 0) builder.setChecksum(base + row, sums[2 * row]!, sums[2 * row + 1]!);
      else {
        builder.reject(base + row, fault);
        for (const column of columns) column.clear(base + row);
      }
    }
  }

  #writeKeys(builder: BatchBuilder, body: ColumnarBody, base: number, faults: Uint8Array): void {
    const { ids, idEnds, idWidth, source } = body;
    const hasher = this.#hasher;
    const key = builder.key;
    const sources = body.sources.map((text) => encoder.encode(text));
    const unsound = body.sources.map((text) => text === "" || text.includes("\0"));
    let current = -1;
    let sourceLength = 0;
    let start = 0;
    for (let row = 0; row < body.count; row++) {
      const end = idWidth > 0 ? start + idWidth : idEnds[row]!;
      const next = source === undefined ? 0 : source[row]!;
      if (next !== current) {
        current = next;
        sourceLength = sources[next]!.length;
        hasher.setSource(sources[next]!, 0, sourceLength);
      }
      if (end === start) faults[row] = reasonCode("id-missing");
      else if (unsound[next]!) faults[row] = reasonCode("source-missing");
      else if (end - start + sourceLength > MAX_IDENTITY_BYTES) faults[row] = reasonCode("id-too-long");
      else hasher.hashId(ids, start, end, key, (base + row) * 4);
      start = end;
    }
  }

  /** Writes all properties; returns their columns. */
  #writeProperties(
    builder: BatchBuilder,
    body: ColumnarBody,
    base: number,
    faults: Uint8Array,
    sums: Int32Array,
  ): readonly ColumnBuilder[] {
    const written = new Set<ColumnBuilder>();
    // With few columns no row can have too many properties.
    const members = body.properties.length > MAX_PROPERTIES ? new Uint16Array(body.count) : undefined;
    for (const property of body.properties) {
      const column = builder.column(property.name);
      if (written.has(column) || members !== undefined)
        checkPresence(column, property, base, body.count, faults, members);
      written.add(column);
      if (property.kind === "number") this.#writeNumbers(builder, column, property, base, faults);
      else if (property.kind === "text") writeTexts(builder, column, property, base, faults);
      else writeBooleans(column, property, base, faults);
      this.#sum(column, property.present, base, faults, sums, builder.texts);
    }
    return [...written];
  }

  #writeNumbers(
    builder: BatchBuilder,
    column: ColumnBuilder,
    property: ColumnarProperty & { readonly kind: "number" },
    base: number,
    faults: Uint8Array,
  ): void {
    column.reserveNumbers(builder.capacity);
    const { coefficient, kind, scale } = column;
    const { present, large } = property;
    const values = new Float64Array(faults.length);
    copyFloats(property.values, values, 0);
    for (let row = 0; row < faults.length; row++) {
      if (faults[row] !== 0 || !isPresent(present, row)) continue;
      const text = large.size === 0 ? undefined : large.get(row);
      if (text !== undefined) {
        if (!this.#writeLarge(column, base + row, text)) faults[row] = reasonCode("number-invalid");
        continue;
      }
      // Adding 0 turns −0 into 0.
      let value = values[row]! + 0;
      if (!(value <= MAX_COLUMN_INTEGER && value >= -MAX_COLUMN_INTEGER) || Math.trunc(value) !== value) {
        faults[row] = reasonCode("number-invalid");
        continue;
      }
      let places = property.scale;
      if (places > 0) {
        if (value === 0) places = 0;
        else if (value <= INTEGER_32 && value >= -INTEGER_32) {
          let small = value | 0;
          for (; places > 0 && small % 10 === 0; places--) small = (small / 10) | 0;
          value = small;
        } else for (; places > 0 && value % 10 === 0; places--) value /= 10;
      }
      kind[base + row] = PropertyKind.number;
      coefficient[base + row] = value;
      scale[base + row] = places;
    }
  }

  #writeLarge(column: ColumnBuilder, row: number, text: string): boolean {
    if (!readDecimal(text, this.#slot)) return false;
    const { coefficient, scale } = this.#slot;
    column.scale[row] = scale;
    if (typeof coefficient === "number") {
      column.kind[row] = PropertyKind.number;
      column.coefficient[row] = coefficient;
    } else {
      column.kind[row] = PropertyKind.largeNumber;
      column.large.set(row, coefficient);
    }
    return true;
  }

  #sum(
    column: ColumnBuilder,
    present: Uint8Array | undefined,
    base: number,
    faults: Uint8Array,
    sums: Int32Array,
    texts: Dictionary,
  ): void {
    const checksum = this.#checksum;
    for (let row = 0; row < faults.length; row++) {
      if (faults[row] !== 0 || !isPresent(present, row)) continue;
      column.check(checksum, base + row, texts);
      sums[2 * row] = (sums[2 * row]! + checksum.low) | 0;
      sums[2 * row + 1] = (sums[2 * row + 1]! + checksum.high) | 0;
    }
  }
}

function writeNames(builder: BatchBuilder, body: ColumnarBody, base: number, faults: Uint8Array): void {
  const types = Uint32Array.from(body.types, (text) => builder.types.intern(text));
  const typeFault = Uint8Array.from(body.types, (text) => (text === "" ? reasonCode("type-missing") : 0));
  const accountFault = Uint8Array.from(body.accounts, (text) =>
    text === ""
      ? reasonCode("subject-missing")
      : text.length > MAX_ACCOUNT_LENGTH
        ? reasonCode("subject-too-long")
        : 0,
  );
  // A faulty account stays readable as the empty one.
  const accounts = Uint32Array.from(body.accounts, (text, at) =>
    builder.accounts.intern(accountFault[at] === 0 ? text : ""),
  );
  const { type, account } = body;
  for (let row = 0; row < body.count; row++) {
    const typeIndex = type === undefined ? 0 : type[row]!;
    const accountIndex = account[row]!;
    builder.type[base + row] = types[typeIndex]!;
    builder.account[base + row] = accounts[accountIndex]!;
    if (faults[row] === 0) faults[row] = typeFault[typeIndex]! || accountFault[accountIndex]!;
  }
}

function writeTimes(
  builder: BatchBuilder,
  body: ColumnarBody,
  base: number,
  faults: Uint8Array,
  arrivalMs: number,
): void {
  const { timeMs } = builder;
  copyFloats(body.time, timeMs, base);
  for (let row = 0; row < body.count; row++) {
    const time = timeMs[base + row]! + 0;
    const sound = time >= MIN_TIME_MS && time <= MAX_TIME_MS && Math.trunc(time) === time;
    timeMs[base + row] = sound ? time : arrivalMs;
    if (!sound && faults[row] === 0) faults[row] = reasonCode("time-invalid");
  }
}

/** Rejects rows with two values for one name, and rows with more properties than an event may have. */
function checkPresence(
  column: ColumnBuilder,
  property: ColumnarProperty,
  base: number,
  count: number,
  faults: Uint8Array,
  members: Uint16Array | undefined,
): void {
  for (let row = 0; row < count; row++) {
    if (faults[row] !== 0 || !isPresent(property.present, row)) continue;
    if (members !== undefined) members[row] = members[row]! + 1;
    const tooMany = members !== undefined && members[row]! > MAX_PROPERTIES;
    if (tooMany || column.kind[base + row] !== PropertyKind.missing) faults[row] = reasonCode("data-invalid");
  }
}

function writeTexts(
  builder: BatchBuilder,
  column: ColumnBuilder,
  property: ColumnarProperty & { readonly kind: "text" },
  base: number,
  faults: Uint8Array,
): void {
  column.reserveTexts(builder.capacity);
  const texts = Uint32Array.from(property.dictionary, (text) => builder.texts.intern(text));
  for (let row = 0; row < faults.length; row++) {
    if (faults[row] !== 0 || !isPresent(property.present, row)) continue;
    column.kind[base + row] = PropertyKind.text;
    column.text[base + row] = texts[property.values[row]!]!;
  }
}

function writeBooleans(
  column: ColumnBuilder,
  property: ColumnarProperty & { readonly kind: "boolean" },
  base: number,
  faults: Uint8Array,
): void {
  for (let row = 0; row < faults.length; row++) {
    if (faults[row] !== 0 || !isPresent(property.present, row)) continue;
    const set = ((property.values[row >> 3]! >> (row & 7)) & 1) === 1;
    column.kind[base + row] = set ? PropertyKind.true : PropertyKind.false;
  }
}
