import { CHANNELS, type DeliveredOrdinal } from "../model/outputs.ts";
import type { PartitionStore } from "../model/store.ts";
import type { OutboxRunner, OutboxRunnerState } from "./outbox-runner.ts";

/** All runners of a partition as one, with the pruning of what every target of a channel has. */
export class OutboxDelivery {
  readonly #store: Pick<PartitionStore, "pruneOutbox">;
  readonly #runners: readonly OutboxRunner[];

  constructor(store: Pick<PartitionStore, "pruneOutbox">, runners: readonly OutboxRunner[]) {
    this.#store = store;
    this.#runners = runners;
  }

  /** Makes the targets refuse a former owner; returns what they have. To be called before `start`. */
  async fence(owner: string): Promise<readonly DeliveredOrdinal[]> {
    const found = await Promise.all(this.#runners.map((runner) => runner.fence(owner)));
    return found.filter((delivered) => delivered !== undefined);
  }

  start(): void {
    for (const runner of this.#runners) runner.start();
  }

  /** To be called after each commit: prunes once a checkpoint, not once a delivery. */
  kick(): void {
    this.#prune();
    for (const runner of this.#runners) runner.kick();
  }

  states(): readonly OutboxRunnerState[] {
    return this.#runners.map((runner) => runner.state());
  }

  /** True when nothing is pending anywhere. */
  async drain(timeoutMs: number): Promise<boolean> {
    const drained = await Promise.all(this.#runners.map((runner) => runner.drain(timeoutMs)));
    this.#prune();
    return drained.every(Boolean);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
  }

  /** A channel without a target keeps its entries: one may be configured at the next start. */
  #prune(): void {
    const states = this.states();
    for (const channel of CHANNELS) {
      const targets = states.filter((state) => state.channel === channel).map((state) => state.target);
      if (targets.length > 0) this.#store.pruneOutbox(channel, targets);
    }
  }
}
