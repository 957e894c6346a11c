import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { usageStream } from "../../../src/ingest/jetstream/names.ts";
import { numberingOffsetOf } from "../../../src/pipeline/accepted-gaps.ts";
import { storedAbout } from "../../../src/pipeline/stored-about.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { holdsState } from "../../../src/state/holds-state.ts";
import { partitionFolder } from "../../../src/state/open-database.ts";
import { openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { writeCatalog, type CatalogOptions } from "./usage-catalog.ts";
import { runCommand, WorkerProcess, type WorkerStart } from "./worker-process.ts";

/** Short, so that a run has many checkpoints; the tests count none of them. */
const CHECKPOINT_INTERVAL = "30ms";
/** No region is found idle unless a test wants it: then results follow from the usage alone. */
const NEVER_IDLE = "24h";

export interface WorkspaceOptions {
  /** Address of the broker; several with commas between them. */
  readonly natsUrl: string;
  readonly partitionCount: number;
  readonly catalog: CatalogOptions;
}

export interface ConfigOptions {
  /** Name of the state folder below the workspace; another one stands for another machine. */
  readonly state?: string;
  readonly workerName?: string;
  readonly idleTimeout?: string;
  readonly checkpointInterval?: string;
  readonly shutdownDeadline?: string;
  readonly owned?: readonly number[];
  /** Partitions are shared out by leases that last so long; `owned` plays no part then. */
  readonly lease?: string;
  /** Time between two snapshots, with a lease. */
  readonly snapshotInterval?: string;
  readonly threads?: number;
  /** Folder of the file sink below the workspace; null: no such sink. */
  readonly files?: string | null;
  /** Addresses of NATS; the workspace's where left out. */
  readonly servers?: readonly string[];
  /** Regions with brokers of their own. */
  readonly regions?: readonly string[];
  /** Copies of the streams that are created. */
  readonly replicas?: number;
  /** What the file of ERP connections holds; none where left out. */
  readonly erp?: Readonly<Record<string, unknown>>;
  /** Port of loopback on which notifications of ERPs are received; none where left out. */
  readonly webhooksPort?: number;
  /** Section of the tax service; none where left out. */
  readonly tax?: Readonly<Record<string, unknown>>;
}

/** What `inspect aggregates --json` prints. */
export interface Inspected {
  readonly counts: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<string, number>>;
  readonly aggregates: readonly {
    readonly account: string;
    readonly meter: string;
    readonly group: Readonly<Record<string, string>>;
    readonly start: string;
    readonly end: string;
    readonly value: string;
    readonly events: number;
  }[];
  readonly unbilled: readonly {
    readonly account: string;
    readonly currency: string;
    readonly amount: string;
  }[];
  readonly invoiced: Inspected["unbilled"];
  readonly balanced: boolean;
}

/** A folder with configuration, catalog, state and files of the workers of one test. */
export class Workspace {
  readonly folder: string;
  /** A test that changes the count says so here. */
  partitionCount: number;
  readonly #natsUrl: string;
  readonly #workers: WorkerProcess[] = [];

  constructor(options: WorkspaceOptions) {
    this.folder = mkdtempSync(join(tmpdir(), "tributary-worker-"));
    this.partitionCount = options.partitionCount;
    this.#natsUrl = options.natsUrl;
    this.writeCatalog(options.catalog);
  }

  get catalogFolder(): string {
    return join(this.folder, "catalog");
  }

  get filesFolder(): string {
    return join(this.folder, "files");
  }

  stateFolder(state = "state"): string {
    return join(this.folder, state);
  }

  writeCatalog(options: CatalogOptions): void {
    rmSync(this.catalogFolder, { recursive: true, force: true });
    writeCatalog(this.catalogFolder, options);
  }

  /** Writes a configuration and returns its path. */
  config(options: ConfigOptions = {}): string {
    const { state = "state", workerName = "worker" } = options;
    const file = join(this.folder, `${workerName}-${state}.json`);
    mkdirSync(this.folder, { recursive: true });
    const config = {
      nats: { servers: options.servers ?? this.#natsUrl.split(",") },
      partitions: {
        count: this.partitionCount,
        ...(options.lease === undefined
          ? { owned: options.owned ?? "all" }
          : { assignment: "elastic", lease: options.lease }),
      },
      ...(options.snapshotInterval !== undefined && { snapshots: { interval: options.snapshotInterval } }),
      threads: options.threads ?? 1,
      region_sources: options.regions ?? [],
      replicas: options.replicas ?? 1,
      state_dir: this.stateFolder(state),
      catalog_dir: this.catalogFolder,
      worker_name: workerName,
      checkpoint_interval: options.checkpointInterval ?? CHECKPOINT_INTERVAL,
      accrued_interval: "100ms",
      idle_timeout: options.idleTimeout ?? NEVER_IDLE,
      shutdown_deadline: options.shutdownDeadline ?? "20s",
      // Small, so that one load is many pulls.
      pull: { max_messages: 100, max_bytes: "4MiB" },
      sinks: options.files === null ? {} : { file: this.#fileSink(options.files) },
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
      ...(options.tax === undefined ? {} : { tax: options.tax }),
      ...(options.erp === undefined ? {} : { erp_connections: this.#erpFile(options.erp) }),
      ...(options.webhooksPort === undefined ? {} : { webhooks: { port: options.webhooksPort } }),
      admin: { port: 0 },
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  #fileSink(folder = "files"): Readonly<Record<string, unknown>> {
    return { directory: join(this.folder, folder), format: "both", shared: true };
  }

  #erpFile(connections: Readonly<Record<string, unknown>>): string {
    const file = join(this.folder, "erp-connections.json");
    writeFileSync(file, JSON.stringify(connections));
    return file;
  }

  start(options: ConfigOptions & Pick<WorkerStart, "failpoint" | "env"> = {}): WorkerProcess {
    const { failpoint, env, ...config } = options;
    const worker = new WorkerProcess({
      config: this.config(config),
      ...(failpoint === undefined ? {} : { failpoint }),
      ...(env === undefined ? {} : { env }),
    });
    this.#workers.push(worker);
    return worker;
  }

  /** Runs a command on this configuration; throws where it does not exit with 0. */
  async command(args: readonly string[], options: ConfigOptions = {}): Promise<string> {
    const result = await runCommand([...args, "--config", this.config(options)]);
    if (result.code === 0) return result.stdout;
    throw new Error(`${args.join(" ")} ended with ${String(result.code)}: ${result.stderr}${result.stdout}`);
  }

  async inspect(options: ConfigOptions = {}): Promise<Inspected> {
    const inspected: Inspected = JSON.parse(await this.command(["inspect", "aggregates", "--json"], options));
    return inspected;
  }

  /** Last message of the usage stream that the last checkpoint has; 0 where there is none. */
  committed(partition: number, state?: string): number {
    const folder = partitionFolder(this.stateFolder(state), partition);
    if (!holdsState(folder)) return 0;
    const store = openPartitionStoreReadOnly(folder);
    try {
      const position = store.load()?.position.usageSequence ?? 0;
      return position - numberingOffsetOf(storedAbout(store).gaps);
    } finally {
      store.close();
    }
  }

  /** The state of a partition as text that is equal where states are equal. */
  dump(partition: number, state?: string): string {
    const store = openPartitionStoreReadOnly(partitionFolder(this.stateFolder(state), partition));
    try {
      return dumpState(store);
    } finally {
      store.close();
    }
  }

  /** The same without the position: each start appends its acquisition to the control log. */
  dumpWithoutPosition(partition: number, state?: string): string {
    const lines = this.dump(partition, state).split("\n");
    return lines.filter((line) => !line.startsWith("position ")).join("\n");
  }

  /** Those of all partitions. */
  dumpsWithoutPosition(): string[] {
    return Array.from({ length: this.partitionCount }, (_, partition) => this.dumpWithoutPosition(partition));
  }

  /** Forgets state and files, as a new machine has none. */
  removeState(state = "state"): void {
    rmSync(this.stateFolder(state), { recursive: true, force: true });
  }

  removeFiles(): void {
    rmSync(this.filesFolder, { recursive: true, force: true });
  }

  /** Ends all workers that still run and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * True when the checkpoint of each partition stands at the end of its usage and all that it published, files apart,
 * has been acknowledged.
 */
export async function isSettled(
  workspace: Workspace,
  worker: WorkerProcess,
  connection: BrokerConnection,
  state?: string,
): Promise<boolean> {
  const ends = async (): Promise<number[]> => {
    const partitions = Array.from({ length: workspace.partitionCount }, (_, partition) => partition);
    const infos = partitions.map((partition) => connection.manager.streams.info(usageStream(partition)));
    return (await Promise.all(infos)).map((info) => info.state.last_seq);
  };
  const before = await ends();
  if (before.some((last, partition) => workspace.committed(partition, state) !== last)) return false;
  const partitions = (await worker.status())?.partitions ?? [];
  const sinks = partitions.flatMap((partition) => partition.sinks);
  if (sinks.length === 0 || sinks.some(({ target, pending }) => !target.startsWith("file-") && pending > 0))
    return false;
  // What was published may have been usage for another partition.
  return (await ends()).every((last, partition) => last === before[partition]);
}

/** Some of the intervals at which a partition looks for what is to be billed. */
const BILLING_PAUSE_MS = 1_000;

/** Waits until a worker has decided all that follows from what it has processed: periods that are due are billed one step after another. */
export async function decided(worker: WorkerProcess): Promise<void> {
  const controlPositions = async (): Promise<string> =>
    JSON.stringify((await worker.status())?.partitions.map(({ controlPosition }) => controlPosition));
  await worker.until("all is decided", async () => {
    const before = await controlPositions();
    await delay(BILLING_PAUSE_MS);
    return (await controlPositions()) === before;
  });
}

/** Waits until a worker has processed and published all that is stored. */
export async function settle(
  workspace: Workspace,
  worker: WorkerProcess,
  connection: BrokerConnection,
  options: { readonly state?: string; readonly deadlineMs?: number } = {},
): Promise<void> {
  await worker.ready();
  await worker.until(
    "all usage is processed and its results published",
    () => isSettled(workspace, worker, connection, options.state),
    options.deadlineMs ?? 60_000,
  );
}
