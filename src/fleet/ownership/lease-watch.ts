import type { SeenLease } from "../../model/lease.ts";

/** A lease, and whether it has run out for whoever looks. */
export interface WatchedLease extends SeenLease {
  readonly hasRunOut: boolean;
}

/**
 * Tells which leases have run out. Nobody compares clocks: a lease has run out when it has not changed for longer than a lease lasts, by the clock of the
 * one who looks, between two looks that saw the same revision. Whoever was paused looks again before it compares, so that its pause counts for nothing.
 */
export class LeaseWatch {
  readonly #leaseMs: number;
  readonly #since = new Map<string, { readonly revision: number; readonly sinceMs: number }>();
  #nextEndMs = Infinity;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /**
   * Monotonic time from which on a look would find that another lease has run out, if none of those that the last look saw is renewed; Infinity where it
   * saw none that still lasts.
   */
  get nextEndMs(): number {
    return this.#nextEndMs;
  }

  /** @param askedMs monotonic time from before the look @param seenMs and from after it */
  note(leases: readonly SeenLease[], askedMs: number, seenMs: number): readonly WatchedLease[] {
    const names = new Set(leases.map(({ name }) => name));
    for (const name of this.#since.keys()) if (!names.has(name)) this.#since.delete(name);
    this.#nextEndMs = Infinity;
    return leases.map((lease) => {
      const known = this.#since.get(lease.name);
      const sinceMs = known?.revision === lease.revision ? known.sinceMs : seenMs;
      this.#since.set(lease.name, { revision: lease.revision, sinceMs });
      // What was seen for the first time now was not there for any time yet, however long the look took.
      const hasRunOut = askedMs - sinceMs > this.#leaseMs;
      if (!hasRunOut) this.#nextEndMs = Math.min(this.#nextEndMs, sinceMs + this.#leaseMs);
      return { ...lease, hasRunOut };
    });
  }
}
