import type { Clock } from "../../../src/model/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly number: number;
  readonly task: () => void;
}

/** 2026-03-10T08:00:00Z. */
export const SIMULATION_START_MS = Date.UTC(2026, 2, 10, 8);

/** Timers of one run: a schedule of days needs some ten thousand. */
const MAX_TURNS = 2_000_000;

/** Virtual time: jumps from timer to timer once all that follows from the last one has happened. */
export class SimClock implements Clock {
  #nowMs = SIMULATION_START_MS;
  #timers: Timer[] = [];
  #number = 0;
  readonly #maxTurns: number;

  constructor(maxTurns = MAX_TURNS) {
    this.#maxTurns = maxTurns;
  }

  /** Whole milliseconds, as the machine's clock gives them. */
  nowMs(): number {
    return Math.floor(this.#nowMs);
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  schedule(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), number: this.#number++, task };
    this.#push(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }
  yieldTurn(): Promise<void> {
    return this.delay(0);
  }
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(ms, resolve);
    });
  }

  /** Goes on until `isDone`, or no timer is left, or the time is reached; false where it wasn't done. */
  async runUntil(isDone: () => boolean, untilMs: number): Promise<boolean> {
    for (let turns = 0; ; turns++) {
      if (turns > this.#maxTurns)
        throw new Error("the simulation does not get on: something is tried again without end");
      await this.settled();
      if (isDone()) return true;
      const [next] = this.#timers;
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, Math.min(untilMs, next?.atMs ?? untilMs));
        return false;
      }
      this.#timers.shift();
      this.#nowMs = next.atMs;
      next.task();
    }
  }

  /** All that followed from the last timer has happened. All work of a simulation is promises and SQLite: one turn of the event loop runs it. */
  protected settled(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** Behind the timers of the same time. */
  #push(timer: Timer): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timers[middle]!.atMs <= timer.atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }
}

/** A small seeded generator (mulberry32): the same schedule for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
