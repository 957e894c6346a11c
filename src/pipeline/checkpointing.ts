import { messageOf, TributaryError } from "../model/errors.ts";
import type { CheckpointChanges, PartitionStore } from "../model/store.ts";
import type { PartitionEngine } from "./partition-engine.ts";
import type { PartitionPipelineOptions } from "./pipeline-options.ts";

export interface CheckpointingOptions extends Pick<
  PartitionPipelineOptions,
  "clock" | "faults" | "observer"
> {
  readonly store: Pick<PartitionStore, "commit">;
  readonly engine: Pick<PartitionEngine, "freeze">;
  /** Everything up to a usage sequence is durable. */
  readonly acknowledge: (usageSequence: number) => void;
  readonly onFault: (fault: unknown) => void;
  /** After a fault the state in memory may be half changed: only what is committed stands. */
  readonly hasFailed: () => boolean;
}

/**
 * Commits a partition's checkpoints, one at a time, while processing goes on: the changes are frozen between two items
 * and written afterwards. What follows a commit (acknowledgement, publication) follows its end, never its beginning.
 */
export class Checkpointing {
  readonly #options: CheckpointingOptions;
  #inFlight: Promise<void> | undefined;
  #fault: Error | undefined;
  #isChanged = false;
  #lastMs: number;

  constructor(options: CheckpointingOptions) {
    this.#options = options;
    this.#lastMs = options.clock.monotonicMs();
  }

  /** When the last checkpoint was committed (or there was nothing to commit), on the monotonic clock. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** The state is not the one of the last checkpoint any more. */
  noteChange(): void {
    this.#isChanged = true;
  }

  /**
   * Begins a checkpoint of the state as it is; waits for the one under way before. To be called between two items, and
   * nothing may be processed until it resolves.
   */
  async begin(): Promise<void> {
    await this.#inFlight;
    const { engine, clock, hasFailed } = this.#options;
    if (hasFailed()) return;
    if (!this.#isChanged) {
      this.#lastMs = clock.monotonicMs();
      return;
    }
    this.#isChanged = false;
    this.#inFlight = this.#commit(engine.freeze(), clock.monotonicMs());
  }

  /** Resolves when no checkpoint is under way; never rejects. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  /** Resolves when everything up to here is committed; rejects with the fault where that failed. */
  async complete(): Promise<void> {
    await this.begin();
    await this.#inFlight;
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #commit(changes: CheckpointChanges, startedMs: number): Promise<void> {
    const { store, clock, faults, observer, acknowledge, onFault } = this.#options;
    try {
      await store.commit(changes);
      faults.reach("after-commit-before-ack");
      acknowledge(changes.position.usageSequence);
      faults.reach("after-ack");
      this.#lastMs = clock.monotonicMs();
      observer.committed(changes, this.#lastMs - startedMs);
    } catch (fault) {
      this.#fault = fault instanceof Error ? fault : new TributaryError("internal-fault", messageOf(fault));
      onFault(fault);
    } finally {
      this.#inFlight = undefined;
    }
  }
}
