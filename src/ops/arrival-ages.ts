import { CLOUD_EVENT_TYPE } from "../model/content-types.ts";
import type { LogMessage } from "../model/log.ts";

/** Arrivals are kept to this precision; the coarser the older, so that a backlog of years takes a bounded room. */
const PRECISIONS = [
  { maxAgeMs: 10_000, precisionMs: 5 },
  { maxAgeMs: 3_600_000, precisionMs: 1_000 },
  { maxAgeMs: 86_400_000, precisionMs: 60_000 },
] as const;
const COARSEST_MS = 3_600_000;

interface Slot {
  arrivalMs: number;
  /** Messages of one event each. */
  single: number;
  /** Bytes of messages that may hold many events. */
  batchBytes: number;
}

/**
 * When the messages since the last commit arrived. How many events each held is known in sum only: one for a message of
 * one event, and the rest is spread over the others by their size.
 */
export class ArrivalAges {
  #slots = new Map<number, Slot>();
  #last: Slot = { arrivalMs: Number.NaN, single: 0, batchBytes: 0 };
  #single = 0;
  #batchBytes = 0;

  add(messages: readonly LogMessage[], nowMs: number): void {
    for (const message of messages) {
      const precisionMs = precisionOf(nowMs - message.arrivalMs);
      const slot = this.#slotOf(Math.floor(message.arrivalMs / precisionMs) * precisionMs);
      if (message.contentType === CLOUD_EVENT_TYPE) {
        slot.single++;
        this.#single++;
      } else {
        slot.batchBytes += message.data.length;
        this.#batchBytes += message.data.length;
      }
    }
  }

  /**
   * Spreads the committed events over the arrivals, each age in milliseconds (≥ 0) with whole events whose sum is
   * `events`, and forgets the arrivals.
   */
  take(events: number, committedMs: number, observe: (ageMs: number, events: number) => void): void {
    const perByte = this.#batchBytes === 0 ? 0 : Math.max(0, events - this.#single) / this.#batchBytes;
    // Poison messages hold no event: where there are fewer events than messages, all weigh less.
    const perSingle = this.#single === 0 ? 0 : Math.min(1, events / this.#single);
    let weight = 0;
    let given = 0;
    let left = this.#slots.size;
    for (const slot of this.#slots.values()) {
      weight += slot.single * perSingle + slot.batchBytes * perByte;
      left--;
      const upTo = left === 0 ? events : Math.min(events, Math.round(weight));
      if (upTo > given) observe(Math.max(0, committedMs - slot.arrivalMs), upTo - given);
      given = Math.max(given, upTo);
    }
    this.#slots = new Map();
    this.#last = { arrivalMs: Number.NaN, single: 0, batchBytes: 0 };
    this.#single = 0;
    this.#batchBytes = 0;
  }

  #slotOf(arrivalMs: number): Slot {
    // Neighbours in the log arrived together: mostly no look-up.
    if (this.#last.arrivalMs === arrivalMs) return this.#last;
    let slot = this.#slots.get(arrivalMs);
    if (slot === undefined) {
      slot = { arrivalMs, single: 0, batchBytes: 0 };
      this.#slots.set(arrivalMs, slot);
    }
    this.#last = slot;
    return slot;
  }
}

function precisionOf(ageMs: number): number {
  for (const { maxAgeMs, precisionMs } of PRECISIONS) if (ageMs < maxAgeMs) return precisionMs;
  return COARSEST_MS;
}
