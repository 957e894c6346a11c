import { Buffer } from "node:buffer";
import { readDecimal, type DecimalSlot } from "../../model/decimal.ts";
import { RETRACTION_TYPE } from "../../model/content-types.ts";
import { MAX_COLUMN_INTEGER, PropertyKind } from "../../model/event-batch.ts";
import { reasonCode } from "../../model/outcome.ts";
import { PayloadChecksum } from "../../model/payload-checksum.ts";
import type { BatchBuilder } from "./batch-builder.ts";
import type { ColumnBuilder } from "./column-builder.ts";
import type { ColumnarHashes } from "./columnar-hashes.ts";
import type { ColumnScratch } from "./column-scratch.ts";
import { copyFloats, isPresent, type ColumnarBody, type ColumnarProperty } from "./columnar-body.ts";
import {
  MAX_ACCOUNT_LENGTH,
  MAX_IDENTITY_BYTES,
  MAX_PROPERTIES,
  MAX_TIME_MS,
  MIN_TIME_MS,
} from "./limits.ts";
import type { TextList } from "./text-list.ts";

const ID_MISSING = reasonCode("id-missing");
const ID_TOO_LONG = reasonCode("id-too-long");
const SOURCE_MISSING = reasonCode("source-missing");
const NUMBER_INVALID = reasonCode("number-invalid");
const TYPE_MISSING = reasonCode("type-missing");
const TIME_INVALID = reasonCode("time-invalid");
const RETRACTION_INVALID = reasonCode("retraction-invalid");
const SUBJECT_MISSING = reasonCode("subject-missing");
const SUBJECT_TOO_LONG = reasonCode("subject-too-long");
const INTEGER_32 = 0x7fff_ffff;

/** Reads columnar batches into the rows of a batch, a column at a time: no object and no string for an event. */
export class ColumnarRows {
  readonly #hashes: ColumnarHashes;
  readonly #checksum = new PayloadChecksum();
  readonly #slot: DecimalSlot = { coefficient: 0, scale: 0 };

  readonly #scratch: ColumnScratch;

  /** @param scratch of the bodies that are appended */
  constructor(hashes: ColumnarHashes, scratch: ColumnScratch) {
    this.#hashes = hashes;
    this.#scratch = scratch;
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
    const faults = this.#scratch.zeroes(count);
    const isNumbered = body.identity !== undefined;
    if (isNumbered) checkIdentities(body, faults);
    else this.#hashes.writeKeys(builder, body, base, faults);
    writeNames(builder, body, base, faults, this.#scratch);
    writeTimes(builder, body, base, faults, builder.messages[message]!.arrivalMs);
    // Lane-wise sums of the checksums of the properties. What is numbered is compared whole.
    const sums = isNumbered ? undefined : this.#scratch.integers(count * 2).fill(0);
    const columns = this.#writeProperties(builder, body, base, faults, sums);
    if (sums !== undefined) this.#hashes.writeChecksums(builder, base, faults, sums);
    for (let row = 0; row < count; row++) {
      if (faults[row] === 0) continue;
      builder.reject(base + row, faults[row]!);
      for (const column of columns) column.clear(base + row);
    }
  }

  /** Writes all properties; returns their columns. */
  #writeProperties(
    builder: BatchBuilder,
    body: ColumnarBody,
    base: number,
    faults: Uint8Array,
    sums: Int32Array | undefined,
  ): readonly ColumnBuilder[] {
    const written = new Set<ColumnBuilder>();
    // With few columns no row can have too many properties.
    const members = body.properties.length > MAX_PROPERTIES ? new Uint16Array(body.count) : undefined;
    for (const property of body.properties) {
      const column = builder.column(property.name);
      if (written.has(column) || members !== undefined)
        checkPresence(column, property, base, body.count, faults, members);
      written.add(column);
      if (property.kind === "number") this.#writeNumbers(builder, column, property, base, faults, sums);
      else if (property.kind === "text") this.#writeTexts(builder, column, property, base, faults, sums);
      else this.#writeBooleans(builder, column, property, base, faults, sums);
    }
    return [...written];
  }

  #writeNumbers(
    builder: BatchBuilder,
    column: ColumnBuilder,
    property: ColumnarProperty & { readonly kind: "number" },
    base: number,
    faults: Uint8Array,
    sums: Int32Array | undefined,
  ): void {
    column.reserveNumbers(builder.capacity);
    const { coefficient, kind, scale, nameLow, nameHigh } = column;
    const checksum = this.#checksum;
    const { present, large } = property;
    const values = this.#scratch.doubles(faults.length);
    copyFloats(property.values, values, 0);
    for (let row = 0; row < faults.length; row++) {
      if (faults[row] !== 0 || !isPresent(present, row)) continue;
      const text = large.size === 0 ? undefined : large.get(row);
      if (text !== undefined) {
        if (this.#writeLarge(column, base + row, text)) {
          if (sums === undefined) continue;
          column.check(checksum, base + row, builder.texts);
          addLanes(sums, row, checksum);
        } else faults[row] = NUMBER_INVALID;
        continue;
      }
      // Adding 0 turns −0 into 0.
      let value = values[row]! + 0;
      if (!(value <= MAX_COLUMN_INTEGER && value >= -MAX_COLUMN_INTEGER) || Math.trunc(value) !== value) {
        faults[row] = NUMBER_INVALID;
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
      if (sums === undefined) continue;
      const high = Math.floor(value / 0x1_0000_0000) | 0;
      checksum.property(nameLow, nameHigh, PropertyKind.number | (places << 8), value | 0, high);
      addLanes(sums, row, checksum);
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

  #writeTexts(
    builder: BatchBuilder,
    column: ColumnBuilder,
    property: ColumnarProperty & { readonly kind: "text" },
    base: number,
    faults: Uint8Array,
    sums: Int32Array | undefined,
  ): void {
    column.reserveTexts(builder.capacity);
    const { kind, text } = column;
    const { present, values } = property;
    const { texts } = builder;
    const checksum = this.#checksum;
    const indices = texts.internAll(property.dictionary);
    // A text has the same checksum in every row: made once an entry of the dictionary.
    const lanes = this.#scratch.integers(property.dictionary.count * 2);
    for (let at = 0; at < property.dictionary.count; at++) {
      const index = indices[at]!;
      checksum.property(
        column.nameLow,
        column.nameHigh,
        PropertyKind.text,
        texts.low(index),
        texts.high(index),
      );
      lanes[2 * at] = checksum.low;
      lanes[2 * at + 1] = checksum.high;
    }
    for (let row = 0; row < faults.length; row++) {
      if (faults[row] !== 0 || !isPresent(present, row)) continue;
      const at = values[row]!;
      kind[base + row] = PropertyKind.text;
      text[base + row] = indices[at]!;
      if (sums === undefined) continue;
      sums[2 * row] = (sums[2 * row]! + lanes[2 * at]!) | 0;
      sums[2 * row + 1] = (sums[2 * row + 1]! + lanes[2 * at + 1]!) | 0;
    }
  }

  #writeBooleans(
    builder: BatchBuilder,
    column: ColumnBuilder,
    property: ColumnarProperty & { readonly kind: "boolean" },
    base: number,
    faults: Uint8Array,
    sums: Int32Array | undefined,
  ): void {
    for (let row = 0; row < faults.length; row++) {
      if (faults[row] !== 0 || !isPresent(property.present, row)) continue;
      const set = ((property.values[row >> 3]! >> (row & 7)) & 1) === 1;
      column.kind[base + row] = set ? PropertyKind.true : PropertyKind.false;
      if (sums === undefined) continue;
      column.check(this.#checksum, base + row, builder.texts);
      addLanes(sums, row, this.#checksum);
    }
  }
}

/** Longest id that an event of a numbered batch gets where it leaves its partition, without its producer's name. */
const PLACE_BYTES = 64;

/** What `#writeKeys` finds wrong with ids and sources, where nothing is hashed. */
function checkIdentities(body: ColumnarBody, faults: Uint8Array): void {
  const { hasIds, idEnds, idWidth, source, identity } = body;
  const { bytes, starts, ends, count: sources } = body.sources;
  const idLimit = MAX_IDENTITY_BYTES - PLACE_BYTES - Buffer.byteLength(identity?.producer ?? "");
  const sourceFault = new Uint8Array(sources);
  for (let at = 0; at < sources; at++) {
    const length = ends[at]! - starts[at]!;
    if (length === 0 || bytes.subarray(starts[at], ends[at]).includes(0)) sourceFault[at] = SOURCE_MISSING;
    else if (length > idLimit) sourceFault[at] = ID_TOO_LONG;
  }
  let start = 0;
  for (let row = 0; row < faults.length; row++) {
    const at = source === undefined ? 0 : source[row]!;
    faults[row] = sourceFault[at]!;
    if (!hasIds) continue;
    const end = idWidth > 0 ? start + idWidth : idEnds[row]!;
    if (end === start) faults[row] = ID_MISSING;
    else if (faults[row] === 0 && end - start + ends[at]! - starts[at]! > MAX_IDENTITY_BYTES)
      faults[row] = ID_TOO_LONG;
    start = end;
  }
}

function addLanes(sums: Int32Array, row: number, checksum: PayloadChecksum): void {
  sums[2 * row] = (sums[2 * row]! + checksum.low) | 0;
  sums[2 * row + 1] = (sums[2 * row + 1]! + checksum.high) | 0;
}

function writeNames(
  builder: BatchBuilder,
  body: ColumnarBody,
  base: number,
  faults: Uint8Array,
  scratch: ColumnScratch,
): void {
  const typeFault = scratch.zeroes(body.types.count);
  for (let at = 0; at < typeFault.length; at++)
    if (body.types.starts[at] === body.types.ends[at]) typeFault[at] = TYPE_MISSING;
  const accountFault = accountFaults(body.accounts, scratch);
  const types = builder.types.internAll(body.types);
  // A column of values can't carry an event.
  for (let at = 0; at < typeFault.length; at++)
    if (builder.types.strings[types[at]!] === RETRACTION_TYPE) typeFault[at] = RETRACTION_INVALID;
  const accounts = builder.accounts.internAll(body.accounts);
  const { type, account } = body;
  const { type: typeColumn, account: accountColumn } = builder;
  for (let row = 0; row < body.count; row++) {
    const typeIndex = type === undefined ? 0 : type[row]!;
    const accountIndex = account[row]!;
    typeColumn[base + row] = types[typeIndex]!;
    accountColumn[base + row] = accounts[accountIndex]!;
    if (faults[row] === 0) faults[row] = typeFault[typeIndex]! || accountFault[accountIndex]!;
  }
}

/** Reason codes of accounts that can't be one. A faulty account stays readable as the empty one. */
function accountFaults(accounts: TextList, scratch: ColumnScratch): Uint8Array {
  const { starts, ends, count } = accounts;
  const faults = scratch.zeroes(count);
  for (let at = 0; at < count; at++) {
    const length = ends[at]! - starts[at]!;
    if (length === 0) faults[at] = SUBJECT_MISSING;
    // A UTF-16 unit takes a byte at least.
    else if (length > MAX_ACCOUNT_LENGTH && accounts.text(at).length > MAX_ACCOUNT_LENGTH) {
      faults[at] = SUBJECT_TOO_LONG;
      starts[at] = ends[at]!;
    }
  }
  return faults;
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
    if (sound) {
      // −0 has become 0.
      timeMs[base + row] = time;
      continue;
    }
    // Not one expression for both: the compiler would allocate each row's time.
    timeMs[base + row] = arrivalMs;
    if (faults[row] === 0) faults[row] = TIME_INVALID;
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
