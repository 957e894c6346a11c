import { join } from "node:path";
import { expectedTotals } from "../../src/load/expected-totals.ts";
import type { LoadShape } from "../../src/load/event-plan.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { eventsPerSecond } from "../harness/measurement.ts";
import type { StagedLoad } from "../harness/staged-load.ts";
import { requireEqualTotals } from "../harness/sums.ts";
import { BenchWorker, prepareWorker, stateFolder } from "../worker/bench-worker.ts";
import { CommittedPositions } from "../worker/committed-positions.ts";
import { committed, readBacklog, type Drained } from "../worker/drain.ts";
import { committedTotals } from "../worker/worker-totals.ts";
import { EVENTS_PER_BATCH } from "./load-shapes.ts";

export interface GrowthSideOptions {
  readonly name: string;
  readonly partitions: number;
  readonly shape: LoadShape;
  /** Events that the worker reads before it is measured. */
  readonly preloaded: number;
  readonly hasLargeCatalog: boolean;
  readonly onMetrics?: (metrics: string) => void;
}

/**
 * A worker with a state of some size, which stands still but while it is measured: its load is published meanwhile. The
 * state comes about the way it does in production, from events that the worker has read.
 */
export class GrowthSide {
  readonly name: string;
  readonly drained: Drained[] = [];
  readonly #partitions: number;
  readonly #shape: LoadShape;
  readonly #environment: BenchEnvironment;
  readonly #load: StagedLoad;
  readonly #hasLargeCatalog: boolean;
  readonly #configFile: string;
  #worker: BenchWorker;
  #state: CommittedPositions | undefined;

  private constructor(
    { name, partitions, shape, hasLargeCatalog }: GrowthSideOptions,
    environment: BenchEnvironment,
    load: StagedLoad,
  ) {
    this.name = name;
    this.#partitions = partitions;
    this.#shape = shape;
    this.#environment = environment;
    this.#load = load;
    this.#hasLargeCatalog = hasLargeCatalog;
    this.#configFile = prepareWorker({
      url: environment.url,
      partitionCount: partitions,
      catalog: shape,
      folder: this.#folder,
      hasLargeCatalog,
    });
    this.#worker = this.#startWorker();
  }

  /** Starts broker and worker, and lets the worker read the first `preloaded` events. */
  static async start(options: GrowthSideOptions): Promise<GrowthSide> {
    const { partitions, shape, preloaded, onMetrics } = options;
    const environment = await BenchEnvironment.start(partitions);
    try {
      const load = await environment.stage(shape, {
        form: "columnar",
        batchSize: EVENTS_PER_BATCH,
        partitionCount: partitions,
      });
      await load.publish(preloaded);
      const side = new GrowthSide(options, environment, load);
      try {
        await side.#drain(preloaded, onMetrics === undefined ? {} : { onMetrics });
        return side;
      } catch (error) {
        await side.#worker.kill();
        throw error;
      }
    } catch (error) {
      await environment.stop();
      throw error;
    }
  }

  get #folder(): string {
    return join(this.#environment.folder, "worker");
  }

  get published(): number {
    return this.#load.published;
  }

  /** Publishes the next events while the worker stands still, then lets it read them; returns its events a second. */
  async measure(events: number): Promise<number> {
    const before = this.#load.published;
    await this.#load.publish(events);
    this.#worker.resume();
    const drained = await this.#drain(before + events, { before, beginsNow: true });
    this.drained.push(drained);
    return eventsPerSecond(drained);
  }

  /** Ends the worker and starts another one; returns the seconds from its start until all partitions run. */
  async restart(): Promise<number> {
    await this.#worker.stop();
    const startedMs = performance.now();
    this.#worker = this.#startWorker();
    await this.#worker.running(this.#partitions);
    return (performance.now() - startedMs) / 1_000;
  }

  /** Drains the worker and compares its totals with those of the load; returns their hash. Throws WrongResult. */
  async verify(): Promise<string> {
    await this.#worker.stop();
    const expected = expectedTotals(this.#shape, {
      partitionCount: this.#partitions,
      events: this.published,
    });
    requireEqualTotals(`tributary, ${this.name}`, await committedTotals(stateFolder(this.#folder)), expected);
    return expected.hash;
  }

  async close(): Promise<void> {
    this.#state?.close();
    await this.#worker.kill();
    await this.#load.close();
    await this.#environment.stop();
  }

  /** Lets the worker read and commit what is published; it stands still then. */
  async #drain(events: number, options: Parameters<typeof readBacklog>[2]): Promise<Drained> {
    const drained = await readBacklog(this.#worker, events, options);
    this.#state ??= new CommittedPositions(stateFolder(this.#folder), this.#partitions);
    await committed(this.#state, events);
    this.#worker.pause();
    return drained;
  }

  #startWorker(): BenchWorker {
    return new BenchWorker(this.#configFile, this.#hasLargeCatalog ? this.#shape : undefined);
  }
}
