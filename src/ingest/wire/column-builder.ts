import { PropertyKind, type PropertyColumn } from "../../model/event-batch.ts";
import { PayloadChecksum } from "../../model/payload-checksum.ts";
import type { Dictionary } from "./dictionary.ts";

const NO_NUMBERS = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);
const NO_INDICES = new Uint32Array(0);

/** Arrays of zeros that stand in for the lanes that a column never wrote, shared by all columns of a batch. */
export interface ZeroLanes {
  readonly coefficient: Float64Array;
  readonly scale: Uint8Array;
  readonly text: Uint32Array;
}

/** A property's column while it grows. A lane is allocated when it is first written: texts need no coefficients. */
export class ColumnBuilder {
  readonly name: string;
  /** Checksum of the name: what the checksum of each of its values begins with. */
  readonly nameLow: number;
  readonly nameHigh: number;
  kind = NO_BYTES;
  coefficient = NO_NUMBERS;
  scale = NO_BYTES;
  text = NO_INDICES;
  readonly large = new Map<number, bigint>();

  constructor(name: string) {
    const checksum = new PayloadChecksum();
    checksum.begin(0, 0);
    checksum.addText(name);
    checksum.end();
    this.name = name;
    this.nameLow = checksum.low;
    this.nameHigh = checksum.high;
  }

  /** Room for rows below `capacity` in the kinds; missing where nothing is written. */
  reserve(capacity: number): void {
    if (this.kind.length < capacity) this.kind = growBytes(this.kind, capacity);
  }

  reserveNumbers(capacity: number): void {
    if (this.coefficient.length >= capacity) return;
    const grown = new Float64Array(capacity);
    grown.set(this.coefficient);
    this.coefficient = grown;
    this.scale = growBytes(this.scale, capacity);
  }

  reserveTexts(capacity: number): void {
    if (this.text.length >= capacity) return;
    const grown = new Uint32Array(capacity);
    grown.set(this.text);
    this.text = grown;
  }

  /** Takes the values of all rows below `rows` back. */
  restart(rows: number): void {
    this.kind.fill(PropertyKind.missing, 0, rows);
    this.coefficient.fill(0, 0, rows);
    this.scale.fill(0, 0, rows);
    this.text.fill(0, 0, rows);
    this.large.clear();
  }

  /** Takes a row's value back. */
  clear(row: number): void {
    this.kind[row] = PropertyKind.missing;
    if (row < this.coefficient.length) {
      this.coefficient[row] = 0;
      this.scale[row] = 0;
    }
    if (row < this.text.length) this.text[row] = 0;
    this.large.delete(row);
  }

  /** Lets `checksum` hold the checksum of a row's value (which is not missing). */
  check(checksum: PayloadChecksum, row: number, texts: Dictionary): void {
    const kind = this.kind[row]!;
    checksum.begin(this.nameLow, this.nameHigh);
    if (kind === PropertyKind.number) {
      checksum.add(kind | (this.scale[row]! << 8));
      checksum.addInteger(this.coefficient[row]!);
    } else if (kind === PropertyKind.largeNumber) {
      checksum.add(kind | (this.scale[row]! << 8));
      checksum.addLargeInteger(this.large.get(row) ?? 0n);
    } else {
      checksum.add(kind);
      if (kind === PropertyKind.text || kind === PropertyKind.opaque) {
        checksum.add(texts.low(this.text[row]!));
        checksum.add(texts.high(this.text[row]!));
      }
    }
    checksum.end();
  }

  /** The column over `count` rows. */
  finish(count: number, zeros: ZeroLanes): PropertyColumn {
    this.reserve(count);
    const numbers = this.coefficient.length > 0;
    if (numbers) this.reserveNumbers(count);
    const texts = this.text.length > 0;
    if (texts) this.reserveTexts(count);
    return {
      name: this.name,
      kind: this.kind.subarray(0, count),
      coefficient: numbers ? this.coefficient.subarray(0, count) : zeros.coefficient,
      scale: numbers ? this.scale.subarray(0, count) : zeros.scale,
      text: texts ? this.text.subarray(0, count) : zeros.text,
      large: this.large,
    };
  }
}

function growBytes(bytes: Uint8Array, capacity: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(capacity);
  grown.set(bytes);
  return grown;
}
