import { monitorEventLoopDelay } from "node:perf_hooks";
import type {
  CheckpointChanges,
  CheckpointParticipant,
  PartitionStore,
  StateRow,
} from "../../src/model/store.ts";
import { KeyedRows } from "../../src/operators/rate/keyed-rows.ts";
import { pricePeriodCodec, type PricePeriod } from "../../src/operators/rate/price-periods.ts";
import { Aggregation } from "../../src/operators/stage.ts";
import { CellTable } from "../../src/operators/window/cell-table.ts";

const HOUR_MS = 3_600_000;
const CELLS_PER_SERIES = 4;
/** A slice of processing, as the pipeline has them. */
const PROCESSING_SLICE_MS = 3;
const EVENTS_PER_LOOK = 500;
const MONITOR_RESOLUTION_MS = 1;
const NANOSECONDS_PER_MS = 1e6;

/** `copied`: all changes are copied in one go. `frozen`: rows are made as the store asks for them. */
export type CollectMode = "copied" | "frozen";

export interface CheckpointBenchResult {
  readonly mode: CollectMode;
  /** Longest synchronous slice seen by the processing loop, milliseconds. */
  readonly longestTurnMs: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** From the beginning of a checkpoint to durable, milliseconds, all checkpoints. */
  readonly commitMs: readonly number[];
  /** Events added to cells while checkpoints were under way. */
  readonly eventsMeanwhile: number;
  readonly userCpuMs: number;
}

/** The state of a partition with every cell and every price period changed since the last checkpoint. */
class BenchState {
  readonly cells = new CellTable({ windowMs: HOUR_MS });
  readonly periods = new KeyedRows<PricePeriod>("price-periods", pricePeriodCodec);
  readonly #cellCount: number;
  readonly #periodCount: number;
  #next = 0;
  #ordinal = 0;
  #sequence = 0;

  constructor(cellCount: number, periodCount: number) {
    this.#cellCount = cellCount;
    this.#periodCount = periodCount;
    for (let cell = 0; cell < cellCount; cell++) {
      const series = Math.floor(cell / CELLS_PER_SERIES);
      this.cells.create(series, (cell % CELLS_PER_SERIES) * HOUR_MS);
    }
    for (let period = 0; period < periodCount; period++) {
      this.periods.add({
        contract: `contract-${period}`,
        price: "api",
        meter: "requests",
        periodStartMs: 0,
        quantity: 0n,
        billed: 0n,
        parts: new Map(),
        windowCharges: "0",
        events: 0,
        revision: 0,
        closed: false,
        monthStartMs: undefined,
        billedBeforeMonth: 0n,
        quantityBeforeMonth: 0n,
      });
    }
  }

  changeAll(): void {
    for (let cell = 0; cell < this.#cellCount; cell++) this.#change(cell);
    for (let period = 0; period < this.#periodCount; period++) this.periods.change(period).quantity += 1n;
  }

  /** Adds events to scattered cells. */
  process(events: number): void {
    for (let event = 0; event < events; event++) {
      // A step without a common factor with the count visits all cells, far from each other.
      this.#next = (this.#next + 514_229) % this.#cellCount;
      this.#change(this.#next);
    }
  }

  changes(mode: CollectMode, outboxEntries: number): CheckpointChanges {
    this.#sequence += 1;
    const participants: Required<Pick<CheckpointParticipant, "freezeChanges">>[] = [this.cells, this.periods];
    const frozen = rowsOf(participants.map((participant) => participant.freezeChanges([])));
    const rows =
      mode === "frozen"
        ? frozen
        : Array.from(frozen, (row) => ({ ...row, value: row.value?.slice() ?? null }));
    const outbox = Array.from({ length: outboxEntries }, () => ({
      channel: "rated" as const,
      ordinal: ++this.#ordinal,
      body: `{"kind":"window","account":"acct-${this.#ordinal}","figures":"${"0".repeat(400)}"}`,
    }));
    return {
      position: {
        usageSequence: this.#sequence,
        usageFingerprint: new Uint8Array(32),
        controlSequence: 0,
        controlFingerprint: new Uint8Array(0),
        usageCreatedAt: "",
        controlCreatedAt: "",
      },
      regionCounts: [],
      messageCounts: { messages: this.#sequence, undecodable: 0, probes: 0 },
      rows,
      clearedSpaces: [],
      parkedAdded: [],
      parkedRemoved: [],
      exceptionsAdded: [],
      eventOutcomes: [],
      outbox,
    };
  }

  #change(cell: number): void {
    this.cells.add(cell, Aggregation.sum, 1, 0, 1, 0);
  }
}

function* rowsOf(parts: readonly Iterable<StateRow>[]): Generator<StateRow> {
  for (const part of parts) yield* part;
}

/**
 * Commits checkpoints of a state whose every cell changed, while events go on being processed, and measures how long the
 * event loop was blocked. The store decides where the writing is done.
 */
export async function benchCheckpoints(options: {
  readonly mode: CollectMode;
  readonly store: PartitionStore;
  readonly cells: number;
  readonly pricePeriods: number;
  readonly outboxEntries: number;
  readonly checkpoints: number;
}): Promise<CheckpointBenchResult> {
  const { mode, store, checkpoints } = options;
  const state = new BenchState(options.cells, options.pricePeriods);
  // The first one is for the compiler and makes the file.
  await store.commit(state.changes(mode, options.outboxEntries));
  const delay = monitorEventLoopDelay({ resolution: MONITOR_RESOLUTION_MS });
  const commitMs: number[] = [];
  let longestTurnMs = 0;
  let eventsMeanwhile = 0;
  const cpuBefore = process.cpuUsage();
  for (let checkpoint = 0; checkpoint < checkpoints; checkpoint++) {
    state.changeAll();
    await turn();
    const startedMs = performance.now();
    const running = { isCommitting: true };
    delay.enable();
    const committed = (async () => {
      await store.commit(state.changes(mode, options.outboxEntries));
      running.isCommitting = false;
    })();
    let turnFromMs = startedMs;
    while (running.isCommitting) {
      const untilMs = performance.now() + PROCESSING_SLICE_MS;
      while (performance.now() < untilMs) {
        state.process(EVENTS_PER_LOOK);
        eventsMeanwhile += EVENTS_PER_LOOK;
      }
      await turn();
      longestTurnMs = Math.max(longestTurnMs, performance.now() - turnFromMs);
      turnFromMs = performance.now();
    }
    await committed;
    commitMs.push(performance.now() - startedMs);
    delay.disable();
  }
  return {
    mode,
    longestTurnMs,
    delayP99Ms: delay.percentile(99) / NANOSECONDS_PER_MS,
    delayMaxMs: delay.max / NANOSECONDS_PER_MS,
    commitMs,
    eventsMeanwhile,
    userCpuMs: process.cpuUsage(cpuBefore).user / 1000,
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
