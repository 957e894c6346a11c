import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { guardProcess } from "../../scripts/nats-server/guard.mjs";
import { writeLoadCatalog, type CatalogShape } from "../../src/load/load-catalog.ts";
import { PROJECT_ROOT } from "../harness/project-root.ts";

const MAIN = join(PROJECT_ROOT, "dist/cli/main.js");
const LARGE_CATALOG_MAIN = join(PROJECT_ROOT, "bench/worker/large-catalog-process.ts");
/** A million contracts are some gigabytes of objects while they are compiled. */
const LARGE_HEAP_MIB = 12_000;
const POLL_INTERVAL_MS = 10;

interface Status {
  /** Messages that wait in the streams of its partitions. */
  readonly backlog: number;
  readonly totals: Readonly<Record<string, number>>;
  readonly partitions: readonly {
    readonly state: string;
    readonly fault: { readonly message: string } | null;
  }[];
}

export interface WorkerFiles {
  readonly url: string;
  readonly partitionCount: number;
  /** Folder for configuration, catalog and state. */
  readonly folder: string;
  /** Of the configuration's file, where workers share a folder. */
  readonly name?: string;
  /** Further settings of the configuration file. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface WorkerSetUp extends WorkerFiles {
  readonly catalog: CatalogShape;
  /** The catalog is compiled in the worker's process: no way through files, which takes half a minute for a million contracts. */
  readonly hasLargeCatalog?: boolean;
}

/** Writes configuration and catalog into the folder; returns the configuration's path. */
export function prepareWorker({
  catalog,
  settings = {},
  hasLargeCatalog = false,
  ...files
}: WorkerSetUp): string {
  if (!hasLargeCatalog) writeLoadCatalog(catalogFolder(files.folder), catalog);
  // A catalog that is compiled in the process is there for its main thread.
  return writeWorkerConfig({ ...files, settings: hasLargeCatalog ? { threads: 1, ...settings } : settings });
}

/** Writes the configuration alone; returns its path. */
export function writeWorkerConfig({
  url,
  partitionCount,
  folder,
  name = "worker",
  settings = {},
}: WorkerFiles): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(
    file,
    JSON.stringify({
      nats: { servers: [url] },
      partitions: { count: partitionCount, owned: "all" },
      state_dir: stateFolder(folder),
      catalog_dir: catalogFolder(folder),
      worker_name: "bench",
      shutdown_deadline: "5m",
      admin: { port: 0 },
      log: { format: "json" },
      ...settings,
    }),
  );
  return file;
}

/** Where the catalog of a worker with such a configuration is. */
export function catalogFolder(folder: string): string {
  return join(folder, "catalog");
}

/** Where a prepared worker keeps its state. */
export function stateFolder(folder: string): string {
  return join(folder, "state");
}

/** A worker as a process, started as an operator starts it. */
export class BenchWorker {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #port: number | undefined;
  #stderr = "";

  /** @param largeCatalog the load's catalog, where it has no files */
  constructor(configFile: string, largeCatalog?: CatalogShape) {
    const args =
      largeCatalog === undefined
        ? [MAIN, "run", "--config", configFile]
        : [
            "--import",
            "tsx",
            `--max-old-space-size=${LARGE_HEAP_MIB}`,
            LARGE_CATALOG_MAIN,
            configFile,
            JSON.stringify(largeCatalog),
          ];
    const child = spawn(process.execPath, args, { cwd: PROJECT_ROOT, stdio: ["ignore", "pipe", "pipe"] });
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

  async metrics(): Promise<string> {
    return (await this.get("/metrics")) ?? "";
  }

  async status(): Promise<Status | undefined> {
    const text = await this.get("/status");
    if (text === undefined) return undefined;
    const status: Status = JSON.parse(text);
    const fault = status.partitions.find(({ state }) => state === "failed")?.fault;
    if (fault !== null && fault !== undefined) throw new Error(`a partition stopped: ${fault.message}`);
    return status;
  }

  /** Resolves when all partitions run: their state is back. */
  async running(partitionCount: number): Promise<void> {
    for (;;) {
      const partitions = (await this.status())?.partitions ?? [];
      if (partitions.length === partitionCount && partitions.every(({ state }) => state === "running"))
        return;
      await delay(POLL_INTERVAL_MS);
    }
  }

  /** Holds the process where it is, so that a load can be published without it. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** Drains and ends it. */
  async stop(): Promise<void> {
    this.resume();
    this.#child.kill("SIGTERM");
    const code = await this.#exited;
    if (code !== 0) throw new Error(`the worker ended with ${String(code)}: ${this.#stderr}`);
  }

  /** As a crash does; resolves when it has ended. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
