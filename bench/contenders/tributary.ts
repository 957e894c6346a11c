import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { guardProcess } from "../../scripts/nats-server/guard.mjs";
import type { CatalogShape } from "../../src/load/load-catalog.ts";
import { writeLoadCatalog } from "../../src/load/load-catalog.ts";
import { PROJECT_ROOT } from "../harness/project-root.ts";
import { processCpuSeconds, processPeakRssBytes } from "../harness/process-usage.ts";
import type { ContenderTask, Measurement } from "../harness/measurement.ts";
import { workerTotals } from "../harness/worker-totals.ts";

const MAIN = join(PROJECT_ROOT, "dist/cli/main.js");
/** How often the worker is asked how far it is: the error of a run of seconds stays below a percent. */
const POLL_INTERVAL_MS = 25;
const RUN_DEADLINE_MS = 15 * 60_000;

export interface WorkerOptions {
  readonly task: ContenderTask;
  readonly catalog: CatalogShape;
  /** Further settings of the configuration file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Named in the report. */
  readonly name?: string;
  /** False: the state stays, for a run that follows. */
  readonly removeState?: boolean;
}

interface Status {
  readonly totals: Readonly<Record<string, number>>;
  readonly partitions: readonly {
    readonly state: string;
    readonly fault: { readonly message: string } | null;
  }[];
}

/** A worker as a process, started as an operator starts it. */
export class BenchWorker {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #port: number | undefined;
  #stderr = "";

  constructor(configFile: string) {
    const child = spawn(process.execPath, [MAIN, "run", "--config", configFile], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    let rest = "";
    const read = (chunk: Buffer): void => {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const port = /"port":(\d+)/u.exec(line)?.[1];
        if (port !== undefined) this.#port ??= Number(port);
        if (/"level":"(error|fatal)"/u.test(line)) this.#stderr += `${line}\n`;
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString("utf8");
      read(chunk);
    });
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code) => {
        release();
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async get(path: string): Promise<string | undefined> {
    if (this.#child.exitCode !== null) throw new Error(`the worker ended: ${this.#stderr}`);
    if (this.#port === undefined) return undefined;
    try {
      return await (await fetch(`http://127.0.0.1:${this.#port}${path}`)).text();
    } catch {
      return undefined;
    }
  }

  async status(): Promise<Status | undefined> {
    const text = await this.get("/status");
    if (text === undefined) return undefined;
    const status: Status = JSON.parse(text);
    const fault = status.partitions.find(({ state }) => state === "failed")?.fault;
    if (fault !== null && fault !== undefined) throw new Error(`a partition stopped: ${fault.message}`);
    return status;
  }

  /** Drains and ends it. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const code = await this.#exited;
    if (code !== 0) throw new Error(`the worker ended with ${String(code)}: ${this.#stderr}`);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** Writes configuration and catalog into the task's folder; returns the configuration's path. */
export function prepareWorker({ task, catalog, settings = {} }: WorkerOptions): string {
  const { folder } = task;
  mkdirSync(folder, { recursive: true });
  writeLoadCatalog(join(folder, "catalog"), catalog);
  const file = join(folder, "worker.json");
  writeFileSync(
    file,
    JSON.stringify({
      nats: { servers: [task.url] },
      partitions: { count: task.partitionCount, owned: "all" },
      state_dir: join(folder, "state"),
      catalog_dir: join(folder, "catalog"),
      worker_name: "bench",
      shutdown_deadline: "5m",
      admin: { port: 0 },
      log: { format: "json" },
      ...settings,
    }),
  );
  return file;
}

/**
 * Drains the load with a real worker: fsync on, exact deduplication, windows rated and published, counts balanced. The time
 * is from the first status with events in it to the checkpoint that has them all; events before the first don't count.
 */
export async function tributary(options: WorkerOptions): Promise<Measurement> {
  const { task, name = "tributary", removeState = true } = options;
  const configFile = prepareWorker(options);
  const worker = new BenchWorker(configFile);
  try {
    let first: { readonly atMs: number; readonly events: number; readonly cpu: number } | undefined;
    const deadlineMs = performance.now() + RUN_DEADLINE_MS;
    for (;;) {
      let events = (await worker.status())?.totals["read"] ?? 0;
      // Near the end, what counts is what is committed.
      if (events >= task.events) events = committedIn((await worker.get("/metrics")) ?? "");
      const atMs = performance.now();
      if (events > 0) first ??= { atMs, events, cpu: processCpuSeconds(worker.pid) };
      if (first !== undefined && events >= task.events) {
        const seconds = (atMs - first.atMs) / 1_000;
        const cpuSeconds = processCpuSeconds(worker.pid) - first.cpu;
        const metrics = (await worker.get("/metrics")) ?? "";
        const peakRssBytes = processPeakRssBytes(worker.pid);
        await worker.stop();
        const result = await workerTotals(configFile);
        if (removeState) rmSync(join(task.folder, "state"), { recursive: true, force: true });
        return {
          contender: name,
          events: task.events - first.events,
          seconds,
          cpuSeconds,
          peakRssBytes,
          result,
          notes: notesOf(metrics, result.windows),
        };
      }
      if (atMs > deadlineMs) throw new Error(`the worker read ${events} of ${task.events} events in time`);
      await delay(POLL_INTERVAL_MS);
    }
  } finally {
    worker.kill();
  }
}

function committedIn(metrics: string): number {
  return sumOf(metrics, "tributary_events_total");
}

function notesOf(metrics: string, windows: number): Measurement["notes"] {
  const sum = (name: string): number => sumOf(metrics, name);
  return {
    windowsRated: windows,
    dedupeKeys: sum("tributary_dedupe_keys"),
    dedupeBytes: sum("tributary_dedupe_bytes"),
    windowCells: sum("tributary_window_cells"),
  };
}

/** Sum of a metric over its labels. */
function sumOf(metrics: string, name: string): number {
  const samples = metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gmu"));
  return [...samples].reduce((total, [, value]) => total + Number(value), 0);
}
