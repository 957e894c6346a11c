import { TributaryError } from "../../../model/errors.ts";
import { startThread } from "../../../state/writer/start-thread.ts";
import type { WorkerConfig } from "../../config/worker-config.ts";
import { ThreadLink } from "../threads/thread-link.ts";
import type { StateResult, StateTask, StateThreadData } from "./state-messages.ts";
import { StateTurns } from "./state-turns.ts";

type ResultOf<Kind extends StateResult["kind"]> = Extract<StateResult, { readonly kind: Kind }>;

/** Takes snapshots of partitions' states and brings states here, on a thread of its own; one task a partition at a time, and few at once. */
export class StateMover {
  readonly #data: StateThreadData;
  readonly #last = new Map<number, Promise<unknown>>();
  readonly #turns = new StateTurns();
  #link: ThreadLink<StateTask, StateResult> | undefined;

  constructor(config: WorkerConfig) {
    this.#data = { config };
  }

  /**
   * Sees to it that the newest state is in the partition's folder (see `provideNewestState`), and then lets `open` begin with it. Resolves when that has
   * ended; rejects where either fails.
   */
  async bring(partition: number, open: (provided: ResultOf<"provided">) => Promise<void>): Promise<void> {
    await this.#after(partition, () =>
      this.#turns.bring(() => this.#ask({ kind: "provide", partition }, "provided"), open),
    );
  }

  /** Puts the partition's last checkpoint away; see `takeSnapshot`. */
  async snapshot(partition: number): Promise<ResultOf<"snapshot-taken">> {
    return await this.#after(partition, () =>
      this.#turns.snapshot(() => this.#ask({ kind: "snapshot", partition }, "snapshot-taken")),
    );
  }

  async close(): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    await link.ask({ kind: "close" }).catch(() => undefined);
    await link.terminate();
  }

  async #after<Result>(partition: number, act: () => Promise<Result>): Promise<Result> {
    const result = (this.#last.get(partition) ?? Promise.resolve()).then(act);
    this.#last.set(
      partition,
      result.catch(() => undefined),
    );
    return await result;
  }

  async #ask<Kind extends StateResult["kind"]>(task: StateTask, kind: Kind): Promise<ResultOf<Kind>> {
    const result = await this.#running().ask(task);
    if (isOf(result, kind)) return result;
    throw new TributaryError("internal-fault", `The thread of the states answered ${result.kind}.`);
  }

  /** A thread that has ended is followed by another one at the next task. */
  #running(): ThreadLink<StateTask, StateResult> {
    if (this.#link !== undefined) return this.#link;
    const thread = startThread("cli/compose/elastic/state-thread", { name: "states", data: this.#data });
    const link: ThreadLink<StateTask, StateResult> = new ThreadLink(thread, () => {
      if (this.#link === link) this.#link = undefined;
    });
    this.#link = link;
    return link;
  }
}

function isOf<Kind extends StateResult["kind"]>(result: StateResult, kind: Kind): result is ResultOf<Kind> {
  return result.kind === kind;
}
