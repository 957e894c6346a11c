import { comparePlaces } from "./place.ts";
import { highOfLarge, joinPair, lowOfLarge } from "../exact-pair.ts";

/** Doubles of the head: the carry-in level as a pair. */
const HEAD = 2;
/** Doubles of a change point: time, sequence, index, level as a pair. */
const POINT = 5;
const INITIAL_POINTS = 4;

/**
 * State of a `time_weighted` cell: the level carried in from the window before, and the change points of this one in
 * time order. Of events at the same time only the last by (sequence, index) is kept: the others hold for no time. All in
 * one Float64Array, whose bytes are the checkpoint's blob.
 */
export class ChangePoints {
  #data = new Float64Array(HEAD + POINT * INITIAL_POINTS);
  #count = 0;

  /** Reads what `toBytes` gave; undefined where the length doesn't fit. */
  static from(bytes: Uint8Array): ChangePoints | undefined {
    const count = (bytes.length / 8 - HEAD) / POINT;
    if (!Number.isInteger(count) || count < 0) return undefined;
    const points = new ChangePoints();
    // slice() copies to a buffer of its own, whose start is aligned to doubles.
    points.#data = new Float64Array(bytes.slice().buffer);
    points.#count = count;
    return points;
  }

  toBytes(): Uint8Array {
    return new Uint8Array(this.#data.buffer, 0, this.#length * 8).slice();
  }

  get carryIn(): bigint {
    return joinPair(this.#data[0]!, this.#data[1]!);
  }

  set carryIn(level: bigint) {
    this.#data[0] = highOfLarge(level);
    this.#data[1] = lowOfLarge(level);
  }

  /** Level at the window's end. */
  get carryOut(): bigint {
    return this.#count === 0 ? this.carryIn : this.#levelAt(this.#length - POINT);
  }

  /** Adds a change of level (as a pair) at a time. */
  add(high: number, low: number, timeMs: number, sequence: number, index: number): void {
    let at = this.#length;
    // Events come mostly in time order: look from the end.
    while (at > HEAD && this.#data[at - POINT]! > timeMs) at -= POINT;
    const before = at - POINT;
    if (before >= HEAD && this.#data[before] === timeMs) {
      const order = comparePlaces(
        timeMs,
        sequence,
        index,
        timeMs,
        this.#data[before + 1]!,
        this.#data[before + 2]!,
      );
      if (order >= 0) this.#write(before, high, low, timeMs, sequence, index);
      return;
    }
    const length = this.#length;
    if (length + POINT > this.#data.length) {
      const larger = new Float64Array(HEAD + (this.#data.length - HEAD) * 2 + POINT);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data.copyWithin(at + POINT, at, length);
    this.#write(at, high, low, timeMs, sequence, index);
    this.#count += 1;
  }

  /** Integral of the level over [startMs, endMs), in level units × milliseconds. */
  integral(startMs: number, endMs: number): bigint {
    let total = 0n;
    let level = this.carryIn;
    let fromMs = startMs;
    for (let at = HEAD; at < this.#length; at += POINT) {
      const timeMs = this.#data[at]!;
      total += level * BigInt(timeMs - fromMs);
      level = this.#levelAt(at);
      fromMs = timeMs;
    }
    return total + level * BigInt(endMs - fromMs);
  }

  get bytes(): number {
    return this.#data.byteLength;
  }

  get #length(): number {
    return HEAD + this.#count * POINT;
  }

  #levelAt(at: number): bigint {
    return joinPair(this.#data[at + 3]!, this.#data[at + 4]!);
  }

  #write(at: number, high: number, low: number, timeMs: number, sequence: number, index: number): void {
    this.#data[at] = timeMs;
    this.#data[at + 1] = sequence;
    this.#data[at + 2] = index;
    this.#data[at + 3] = high;
    this.#data[at + 4] = low;
  }
}
