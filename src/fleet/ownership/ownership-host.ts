import type { Lease } from "../../model/lease.ts";

/** Why a partition comes or goes, for logs and metrics. */
export type OwnershipMove = "taken" | "handed-over" | "lost" | "given-up";

/** What runs partitions in this process. */
export interface OwnershipHost {
  /** Whether this process has a state of the partition already: it is back sooner than others could be. */
  hasState(partition: number): boolean;
  /** Brings the state here and runs the partition; rejects where it could not be started at all. */
  adopt(partition: number, lease: Lease): Promise<void>;
  /** Hands it over: drains, checkpoints, delivers, puts a snapshot where the next owner finds it. */
  release(partition: number): Promise<void>;
  /**
   * Ends it at once, without delivering anything more: another process may have it already. Cuts short what `adopt` or `release` have under way. Never
   * rejects; does nothing where it has ended.
   */
  drop(partition: number): Promise<void>;
  /** Partitions of ours that the broker has refused us: whatever the leases say, they have another owner. */
  refused(): Promise<readonly number[]>;
}
