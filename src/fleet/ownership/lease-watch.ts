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

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** @param askedMs monotonic time from before the look @param seenMs and from after it */
  note(leases: readonly SeenLease[], askedMs: number, seenMs: number): readonly WatchedLease[] {
    const names = new Set(leases.map(({ name }) => name));
    for (const name of this.#since.keys()) if (!names.has(name)) this.#since.delete(name);
    return leases.map((lease) => {
      const known = this.#since.get(lease.name);
      if (known?.revision === lease.revision)
        return { ...lease, hasRunOut: askedMs - known.sinceMs > this.#leaseMs };
      this.#since.set(lease.name, { revision: lease.revision, sinceMs: seenMs });
      return { ...lease, hasRunOut: false };
    });
  }
}
