import { comparePlaces } from "./place.ts";
import { highOfLarge, joinPair, lowOfLarge } from "../exact-pair.ts";

/** Doubles of the head: the carry-in level as a pair. */
const HEAD = 2;
/** Doubles of a change point: time, sequence, index, level as a pair. */
const POINT = 5;
const INITIAL_POINTS = 4;

/** The value that an event set, as a pair (see exact-pair.ts), with the event's time and place in the log. */
export interface ChangePoint {
  readonly timeMs: number;
  readonly sequence: number;
  readonly index: number;
  readonly high: number;
  readonly low: number;
}

/**
 * State of a `time_weighted` cell: the level carried in from the window before, and the change points of this one in the
 * order of time and place in the log. Those at the same time are kept all, although only the last holds for longer than
 * no time: a retraction may take the last one back. All in one Float64Array, whose bytes are the checkpoint's blob.
 *
 * Cells of other aggregations whose meter is retractable keep their events' values in the same way.
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
    const at = this.#placeOf(timeMs, sequence, index);
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

  /** Points, the carry-in not counted. */
  get count(): number {
    return this.#count;
  }

  /** Whether there is a point of the event at a place. */
  has(timeMs: number, sequence: number, index: number): boolean {
    const at = this.#placeOf(timeMs, sequence, index) - POINT;
    return (
      at >= HEAD &&
      this.#data[at] === timeMs &&
      this.#data[at + 1] === sequence &&
      this.#data[at + 2] === index
    );
  }

  /** Removes the point of the event at a place, which must be there. */
  remove(timeMs: number, sequence: number, index: number): void {
    if (!this.has(timeMs, sequence, index)) throw new RangeError("no point of that event");
    const end = this.#placeOf(timeMs, sequence, index);
    this.#data.copyWithin(end - POINT, end, this.#length);
    this.#count -= 1;
  }

  /** The point at an index in their order. */
  at(number: number): ChangePoint {
    const at = HEAD + number * POINT;
    if (number < 0 || number >= this.#count) throw new RangeError(`no point ${number}`);
    const [timeMs = 0, sequence = 0, index = 0, high = 0, low = 0] = this.#data.subarray(at, at + POINT);
    return { timeMs, sequence, index, high, low };
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

  /** Behind the points that come before a place or stand at it. Events come mostly in time order: looks from the end. */
  #placeOf(timeMs: number, sequence: number, index: number): number {
    let at = this.#length;
    for (; at > HEAD; at -= POINT) {
      const before = at - POINT;
      const order = comparePlaces(
        this.#data[before]!,
        this.#data[before + 1]!,
        this.#data[before + 2]!,
        timeMs,
        sequence,
        index,
      );
      if (order <= 0) break;
    }
    return at;
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
