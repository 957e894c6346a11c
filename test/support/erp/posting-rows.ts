import { setTimeout as delay } from "node:timers/promises";
import type { WorkerProcess } from "../worker/worker-process.ts";

/** A row of `inspect postings`. */
export interface Row {
  readonly connection: string;
  readonly key: string;
  readonly kind: string;
  readonly currency: string;
  readonly state: string;
  readonly reason: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly missing: readonly string[];
}

const POSTED: ReadonlySet<string> = new Set(["confirmed", "reconciled"]);
/** States in which nothing more happens by itself; a held document is tried again now and then. */
const SETTLED: ReadonlySet<string> = new Set([
  ...POSTED,
  "waiting",
  "parked",
  "held",
  "rejected",
  "conflict",
]);
/** Between looks, beside the waits of who waits: each costs the worker processor time. */
const LOOK_MS = 200;
/** Rows that a failure shows. */
const SHOWN = 10;

export interface SettledRows {
  /** Whether all that belongs to a connection is among the rows. */
  readonly isWhole: (rows: readonly Row[], connection: string) => boolean;
  /** Whether a row that is not posted is so by what was put there. */
  readonly isExpected: (row: Row) => boolean;
  readonly deadlineMs: number;
}

/** What a worker's partitions say of their documents in connections. */
export class PostingRows {
  readonly #connections: readonly string[];
  readonly #inspect: () => Promise<string>;
  readonly #settledMs = new Map<string, number>();

  constructor(connections: readonly string[], inspect: () => Promise<string>) {
    this.#connections = connections;
    this.#inspect = inspect;
  }

  static isPosted(this: void, { state }: Row): boolean {
    return POSTED.has(state);
  }

  /** When a connection had nothing more under way for the first time, by `performance.now`, to about a quarter of a second. */
  settledMs(connection: string): number {
    return this.#settledMs.get(connection) ?? Number.NaN;
  }

  /** Waits until nothing moves any more, and all that is not posted is where it is expected. */
  async wait(worker: WorkerProcess, expected: SettledRows): Promise<readonly Row[]> {
    const { isWhole, isExpected, deadlineMs } = expected;
    let rows: readonly Row[] = [];
    const open = (): readonly Row[] => rows.filter((row) => !PostingRows.isPosted(row) && !isExpected(row));
    try {
      await worker.until(
        "all documents are posted or exceptions",
        async () => {
          await delay(LOOK_MS);
          // Metrics are cheaper than to look into the state.
          if (!this.#isQuiet(await worker.metrics())) return false;
          rows = JSON.parse(await this.#inspect());
          return this.#connections.every((key) => isWhole(rows, key)) && open().length === 0;
        },
        deadlineMs,
      );
    } catch (cause) {
      const states =
        (await worker.metrics()).match(/^tributary_documents\{.*$/gm)?.join("\n") ?? "no metrics";
      const shown = open()
        .slice(0, SHOWN)
        .map((row) => JSON.stringify(row));
      throw new Error(`${states}\n${shown.join("\n")}\n${String(cause)}`, { cause });
    }
    return rows;
  }

  /** Whether every connection is known and has come to an end with all that it knows. */
  #isQuiet(metrics: string): boolean {
    const underWay = new Map<string, number>();
    for (const [, sink = "", state = "", count] of metrics.matchAll(
      /^tributary_documents\{sink="([\w-]+)",state="([\w-]+)"\} (\d+)/gm,
    ))
      underWay.set(sink, (underWay.get(sink) ?? 0) + (SETTLED.has(state) ? 0 : Number(count)));
    const nowMs = performance.now();
    for (const [sink, count] of underWay)
      if (count > 0) this.#settledMs.delete(sink);
      else if (!this.#settledMs.has(sink)) this.#settledMs.set(sink, nowMs);
    return this.#connections.every((key) => underWay.get(key) === 0);
  }
}
