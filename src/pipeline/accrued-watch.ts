import type { Clock } from "../model/clock.ts";
import type { UnbilledTotal } from "../operators/rate/rate-operator.ts";
import { rotateAccrued } from "./accrued-rotation.ts";
import type { PartitionEngine } from "./partition-engine.ts";

/** A thread pauses at least so many times as long as a slice took: at most 3 % of a core go into all of its rotations. */
const PAUSE_PER_SLICE = 32;
/** And never shorter, so that short slices don't follow each other in every turn of the event loop. */
const SHORTEST_PAUSE_MS = 10;

/** The result of a rotation. */
export interface AccruedFigures {
  readonly totals: ReadonlyMap<string, UnbilledTotal>;
  /** When the rotation began, on the monotonic clock: no figure is older. */
  readonly asOfMs: number;
}

export interface AccruedWatchOptions {
  readonly clock: Clock;
  /** Pause between the end of a rotation and the start of the next. */
  readonly intervalMs: number;
  /** Partitions of the thread, this one included: their rotations share what one may take. */
  readonly partitionsOfThread: number;
  /** The engine of the running pipeline, another one after a restart; undefined while none runs. */
  readonly currentEngine: () => PartitionEngine | undefined;
  /** Told when a rotation has failed; the next one begins after the interval. */
  readonly onFault: (fault: unknown) => void;
}

/** Keeps a partition's accrued value current by one rotation after another. */
export class AccruedWatch {
  readonly #options: AccruedWatchOptions;
  #engine: PartitionEngine | undefined;
  #rotation: ReturnType<typeof rotateAccrued> | undefined;
  #startedMs = 0;
  #figures: AccruedFigures | undefined;
  #cancel: () => void = () => undefined;

  constructor(options: AccruedWatchOptions) {
    this.#options = options;
  }

  /** Undefined before the first rotation has come to its end. */
  get figures(): AccruedFigures | undefined {
    return this.#figures;
  }

  /** Age of the oldest figure, milliseconds; 0 where there is none. */
  get ageMs(): number {
    return this.#figures === undefined ? 0 : this.#options.clock.monotonicMs() - this.#figures.asOfMs;
  }

  start(): void {
    this.#cancel = this.#options.clock.schedule(0, () => {
      this.#step();
    });
  }

  stop(): void {
    this.#cancel();
    this.#rotation?.return(new Map());
    this.#rotation = undefined;
  }

  #step(): void {
    const beganMs = this.#options.clock.monotonicMs();
    const isDone = this.#slice(beganMs);
    const tookMs = this.#options.clock.monotonicMs() - beganMs;
    const { intervalMs, partitionsOfThread } = this.#options;
    const pauseMs = isDone
      ? intervalMs
      : Math.max(SHORTEST_PAUSE_MS, tookMs * PAUSE_PER_SLICE * partitionsOfThread);
    this.#cancel = this.#options.clock.schedule(pauseMs, () => {
      this.#step();
    });
  }

  /** Whether there is nothing to do before the next rotation. */
  #slice(nowMs: number): boolean {
    const engine = this.#options.currentEngine();
    if (engine !== this.#engine) {
      this.#rotation?.return(new Map());
      this.#rotation = undefined;
      this.#figures = undefined;
      this.#engine = engine;
    }
    if (engine?.catalog === undefined) return true;
    // What falls due there is partly done: figures of it would be wrong.
    if (engine.isBetweenPositions) return false;
    if (this.#rotation === undefined) {
      this.#rotation = rotateAccrued(engine);
      this.#startedMs = nowMs;
    }
    try {
      const step = this.#rotation.next();
      if (step.done !== true) return false;
      this.#figures = { totals: step.value, asOfMs: this.#startedMs };
    } catch (fault) {
      // The figures are for people: usage goes on being processed, and their age tells that they are not current.
      this.#options.onFault(fault);
    }
    this.#rotation = undefined;
    return true;
  }
}
