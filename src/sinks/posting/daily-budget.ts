import type { Clock } from "../../model/clock.ts";
import type { PostingStore } from "../../model/posting-store.ts";

/** Requests that are counted ahead in one write: a crash loses at most so many of the day's budget, and never forgets one. */
const COUNTED_AHEAD = 20;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Requests of a UTC day. What was used is stored ahead of use, so that neither a restart nor a successor begins the day anew; a successor on
 * another machine counts the requests that the day's records show, which are rather too many (documents that were read back together).
 */
export class DailyBudget {
  readonly #store: Pick<PostingStore, "budget" | "setBudget" | "requestsOn">;
  readonly #clock: Clock;
  readonly #perDay: number;
  #day = "";
  #used = 0;
  #stored = 0;

  /** @param perDay Infinity where there is no limit; nothing is stored then */
  constructor(
    store: Pick<PostingStore, "budget" | "setBudget" | "requestsOn">,
    clock: Clock,
    perDay: number = Number.POSITIVE_INFINITY,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#perDay = perDay;
  }

  /** Milliseconds until one more may be used. */
  waitMs(): number {
    this.#turn();
    if (this.#used < this.#perDay) return 0;
    const nowMs = this.#clock.nowMs();
    return DAY_MS - (nowMs % DAY_MS);
  }

  /** Counts one; the day that it is counted on. */
  use(): string {
    this.#turn();
    this.#used += 1;
    this.#storeAhead();
    return this.#day;
  }

  /** One that was counted on that day is sent now: past midnight it is one of the new day. */
  sent(day: string): void {
    this.#turn();
    if (this.#day !== day) this.use();
  }

  /** One that was counted on that day was not sent after all. What is stored ahead stays. */
  giveBack(day: string): void {
    this.#turn();
    if (this.#day === day) this.#used = Math.max(0, this.#used - 1);
  }

  /** Share of the day's budget that is used; 0 where there is no limit. */
  utilization(): number {
    this.#turn();
    return this.#perDay === Number.POSITIVE_INFINITY ? 0 : this.#used / this.#perDay;
  }

  /** Requests that are left today; Infinity where there is no limit. */
  left(): number {
    this.#turn();
    return this.#perDay - this.#used;
  }

  #turn(): void {
    const day = new Date(this.#clock.nowMs()).toISOString().slice(0, 10);
    // A clock that was set back must not give the day before once more.
    if (day <= this.#day) return;
    const stored = this.#store.budget();
    const counted = stored?.day === day ? stored.requests : 0;
    const seen = Math.max(counted, this.#day === "" ? this.#store.requestsOn(day) : 0);
    this.#day = day;
    this.#used = seen;
    this.#stored = counted;
  }

  #storeAhead(): void {
    if (this.#used <= this.#stored || this.#perDay === Number.POSITIVE_INFINITY) return;
    this.#stored = Math.min(this.#perDay, this.#used - 1 + COUNTED_AHEAD);
    this.#store.setBudget({ day: this.#day, requests: this.#stored });
  }
}
