import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PROJECT_ROOT } from "../project-files.ts";
import type { WorkerProcess, WorkerStatus } from "../worker/worker-process.ts";
import type { ConfigOptions, Workspace } from "../worker/workspace.ts";
import { CHAOS_PARTITIONS } from "./chaos-catalog.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { type Assignment, LEASE_MS } from "./schedule.ts";
import { WorkerDisk } from "./worker-disk.ts";

const CLOCK_PRELOAD = join(PROJECT_ROOT, "test/support/chaos/skewed-clock.mjs");
/** A supervisor starts a worker that has ended by itself again after this. */
const RESTART_WAIT_MS = 500;
const REPLICAS = 3;
/** Short, so that a disk that is lost has several snapshots behind it. */
const SNAPSHOT_INTERVAL = "5s";
const ANSWER_MS = 5_000;

export interface FleetOptions {
  readonly workspace: Workspace;
  readonly workers: number;
  readonly assignment: Assignment;
  /** What the file of ERP connections holds. */
  readonly erp: Readonly<Record<string, unknown>>;
  /** Lines of each worker to each broker. */
  readonly lines: readonly (readonly TcpProxy[])[];
}

/** A worker's end that nobody asked for. */
export interface OwnExit {
  readonly worker: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote last. */
  readonly tail: string;
}

/** Workers as processes, each with a disk, a clock and lines of its own, started again by a supervisor where they end. */
export class ChaosFleet {
  readonly disks: readonly WorkerDisk[];
  readonly ownExits: OwnExit[] = [];
  readonly #options: FleetOptions;
  readonly #processes: WorkerProcess[] = [];
  readonly #ofWorker: (WorkerProcess | undefined)[];
  /** Workers that are down on purpose. */
  readonly #down = new Set<number>();
  #isStopping = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.disks = Array.from(
      { length: options.workers },
      (_, worker) => new WorkerDisk(join(options.workspace.folder, diskOf(worker))),
    );
    this.#ofWorker = this.disks.map(() => undefined);
  }

  get size(): number {
    return this.disks.length;
  }

  start(worker: number): void {
    this.#down.delete(worker);
    const started = this.#options.workspace.start({
      ...this.configOf(worker),
      env: {
        NODE_OPTIONS: `--import=${CLOCK_PRELOAD}`,
        TRIBUTARY_CHAOS_CLOCK: this.#clockFile(worker),
      },
    });
    this.#ofWorker[worker] = started;
    this.#processes.push(started);
    void this.#supervise(worker, started);
  }

  /** Configuration of a worker, for commands that look at its state too. */
  configOf(worker: number): ConfigOptions {
    const { workers, assignment, erp, lines } = this.#options;
    const owned = Array.from({ length: CHAOS_PARTITIONS }, (_, partition) => partition).filter(
      (partition) => partition % workers === worker,
    );
    return {
      workerName: `worker-${worker}`,
      state: diskOf(worker),
      files: null,
      servers: (lines[worker] ?? []).map(({ port }) => `nats://127.0.0.1:${port}`),
      replicas: REPLICAS,
      checkpointInterval: "200ms",
      erp,
      ...(assignment === "static"
        ? { owned }
        : { lease: `${LEASE_MS}ms`, snapshotInterval: SNAPSHOT_INTERVAL }),
    };
  }

  /** Ends a worker as a crash does, and keeps it down until `start`. */
  async kill(worker: number): Promise<void> {
    this.#down.add(worker);
    await this.#ofWorker[worker]?.kill();
  }

  send(worker: number, signal: NodeJS.Signals): void {
    this.#ofWorker[worker]?.send(signal);
  }

  /** @param offsetMs by which its clock is ahead of the machine's from now on */
  setClock(worker: number, offsetMs: number): void {
    const file = this.#clockFile(worker);
    if (offsetMs === 0) rmSync(file, { force: true });
    else writeFileSync(file, String(offsetMs));
  }

  /** What each worker says of itself; undefined where it does not answer. */
  async statuses(timeoutMs: number): Promise<readonly (WorkerStatus | undefined)[]> {
    return await Promise.all(
      this.#ofWorker.map((worker) =>
        Promise.race([worker?.status(), delay(timeoutMs, undefined, { ref: false })]),
      ),
    );
  }

  async runsAllPartitions(): Promise<boolean> {
    const statuses = await this.statuses(ANSWER_MS);
    const running = statuses.flatMap((status) =>
      (status?.partitions ?? []).flatMap(({ partition, state }) => (state === "running" ? [partition] : [])),
    );
    return new Set(running).size === CHAOS_PARTITIONS;
  }

  /** Ends all workers in an orderly way; throws where one does not. */
  async drain(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#ofWorker.flatMap((worker) => worker?.drain() ?? []));
  }

  /** Writes the log of each process into a folder. */
  writeLogs(folder: string): void {
    for (const [index, { log, tail }] of this.#processes.entries()) {
      const lines = log.map((line) => JSON.stringify(line)).join("\n");
      writeFileSync(join(folder, `worker-process-${index}.log`), `${lines}\n${tail}`);
    }
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#processes.map((worker) => worker.kill()));
    for (const disk of this.disks) disk.close();
  }

  #clockFile(worker: number): string {
    return join(this.#options.workspace.folder, `clock-${worker}`);
  }

  async #supervise(worker: number, started: WorkerProcess): Promise<void> {
    const { code, signal } = await started.exited;
    if (this.#isStopping || this.#down.has(worker) || this.#ofWorker[worker] !== started) return;
    this.ownExits.push({ worker, code, signal, tail: started.tail });
    await delay(RESTART_WAIT_MS);
    if (!this.#isStopping && !this.#down.has(worker)) this.start(worker);
  }
}

function diskOf(worker: number): string {
  return `disk-${worker}`;
}
