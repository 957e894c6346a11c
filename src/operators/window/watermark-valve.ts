import { MAX_TIME_MS } from "./safe-time.ts";

/** What happens when every input is idle: nothing, or the watermark goes on to the furthest input's. */
export type WhenAllIdle = "hold" | "flush-max";

export interface ValveInput {
  /** The input's own watermark; −Infinity until it has reported. */
  watermarkMs: number;
  idle: boolean;
  /**
   * Whether it counts for the combined watermark. An idle input doesn't, nor does one that resumed behind it, until
   * it has caught up: what the combined watermark has passed can't be taken back.
   */
  aligned: boolean;
}

/**
 * Combines the watermarks of several inputs into one: the least of the active, aligned ones. It never goes back.
 * Changing an input and combining are two steps, so that several changes can take effect as one.
 */
export class WatermarkValve {
  readonly #whenAllIdle: WhenAllIdle;
  readonly #inputs: (ValveInput | undefined)[] = [];
  #combinedMs = -Infinity;

  constructor(whenAllIdle: WhenAllIdle) {
    this.#whenAllIdle = whenAllIdle;
  }

  /** The combined watermark; −Infinity until every input has reported or is idle. */
  get combinedMs(): number {
    return this.#combinedMs;
  }

  /** Whether there are inputs and all are idle. */
  get allIdle(): boolean {
    let some = false;
    for (const input of this.#inputs) {
      if (input === undefined) continue;
      if (!input.idle) return false;
      some = true;
    }
    return some;
  }

  /** Adds an input that holds the watermark until it reports or is idle (or one in a given state); returns its index. */
  add(state: Readonly<ValveInput> = { watermarkMs: -Infinity, idle: false, aligned: true }): number {
    return this.#inputs.push({ ...state }) - 1;
  }

  /** Takes an input away: it no longer holds the others, but the watermark moves only with the next change. */
  remove(index: number): void {
    this.input(index);
    this.#inputs[index] = undefined;
  }

  /** State of an input. RangeError where there is none. */
  input(index: number): Readonly<ValveInput> {
    return this.#require(index);
  }

  /** Raises an input's watermark; false where it doesn't rise or the input is idle. */
  raise(index: number, watermarkMs: number): boolean {
    const input = this.#require(index);
    if (input.idle || !(watermarkMs > input.watermarkMs)) return false;
    input.watermarkMs = watermarkMs;
    if (!input.aligned && watermarkMs >= this.#combinedMs) input.aligned = true;
    return true;
  }

  markIdle(index: number): void {
    const input = this.#require(index);
    input.idle = true;
    input.aligned = false;
  }

  markActive(index: number): void {
    const input = this.#require(index);
    if (!input.idle) return;
    input.idle = false;
    input.aligned = input.watermarkMs >= this.#combinedMs;
  }

  /** Moves the combined watermark to at least `watermarkMs`, whatever the inputs say. */
  override(watermarkMs: number): void {
    if (watermarkMs > this.#combinedMs) this.#combinedMs = Math.min(watermarkMs, MAX_TIME_MS);
  }

  /** Recomputes the combined watermark and returns it. */
  combine(): number {
    let least = Infinity;
    let furthest = -Infinity;
    let active = false;
    for (const input of this.#inputs) {
      if (input === undefined) continue;
      if (!input.idle) active = true;
      if (input.aligned && input.watermarkMs < least) least = input.watermarkMs;
      if (input.watermarkMs > furthest) furthest = input.watermarkMs;
    }
    // No input, or none that is aligned: the least of nothing is no watermark.
    const next = active ? least : this.#whenAllIdle === "flush-max" ? furthest : -Infinity;
    if (next !== Infinity && next > this.#combinedMs) this.#combinedMs = next;
    return this.#combinedMs;
  }

  #require(index: number): ValveInput {
    const input = this.#inputs[index];
    if (input === undefined) throw new RangeError(`no watermark input ${String(index)}`);
    return input;
  }
}
