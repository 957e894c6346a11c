/** Leases: rights that one process of a fleet at a time has. `src/ingest/jetstream/` keeps them in a key-value bucket of the broker. */

/** A right that one process at a time has, until a time unless it is renewed. */
export interface Lease {
  /** Grows with each holder. */
  readonly epoch: number;
  /**
   * Monotonic time (`Clock.monotonicMs`) until which nobody else can have it, by the last renewal that the broker confirmed, counted
   * from before that renewal was asked for.
   */
  readonly validUntilMs: number;
  /** Resolves when it is lost for good: another process has it, or it could not be renewed in time. */
  readonly lost: Promise<void>;
  /** Gives it up at once, so that another process need not wait. */
  release(): Promise<void>;
}

export interface LeaseKeeper {
  /** Waits until this process has the lease of that name; rejects with the signal's reason where that ends the wait. */
  acquire(name: string, signal: AbortSignal): Promise<Lease>;
}

/** A lease as somebody who looks on sees it. */
export interface SeenLease {
  readonly name: string;
  readonly owner: string;
  /** Changes with each renewal. */
  readonly revision: number;
}

/** What is needed to share out many leases among processes. */
export interface LeaseBoard extends LeaseKeeper {
  /** All leases whose names begin with one of these words and a dot; those that were given back are not among them. */
  look(words: readonly string[]): Promise<readonly SeenLease[]>;
  /**
   * Takes a lease that is free: nobody has it, or the one that was `seen` has run out by its looker's clock. Undefined where another process was faster,
   * or the holder has renewed it since.
   */
  take(name: string, seen: SeenLease | undefined): Promise<Lease | undefined>;
  /** Removes a lease that has run out by its looker's clock, for good; nothing happens where its holder has renewed it since. */
  forget(seen: SeenLease): Promise<void>;
}
