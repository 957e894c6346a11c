import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { locateNatsServer } from "../../scripts/bootstrap/nats-server-locate.mjs";
import { guardProcess } from "../../scripts/nats-server/guard.mjs";
import { startNatsServerProcess, type RunningNatsServer } from "../../scripts/nats-server/process.mjs";
import { connectBroker } from "../../src/ingest/jetstream/connection.ts";
import { ensureTopology } from "../../src/ingest/jetstream/topology.ts";
import type { LoadEncoding } from "../../src/load/encode/load-encoder.ts";
import type { LoadShape } from "../../src/load/event-plan.ts";
import { publishLoad } from "../../src/load/publisher.ts";
import { startPostgres, type RunningPostgres } from "../references/postgres-server.ts";
import type { ContenderTask, Measurement } from "./measurement.ts";
import { PROJECT_ROOT } from "./project-root.ts";
import { StagedLoad } from "./staged-load.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** A load in the streams of a broker of its own, and a folder for what contenders write. */
export class BenchEnvironment {
  readonly #folder: TemporaryFolder;
  readonly #server: RunningNatsServer;
  #postgres: RunningPostgres | undefined;
  #runs = 0;

  private constructor(folder: TemporaryFolder, server: RunningNatsServer) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(partitionCount: number): Promise<BenchEnvironment> {
    const { path } = await locateNatsServer({ projectRoot: PROJECT_ROOT });
    const folder = temporaryFolder("");
    try {
      const server = await startNatsServerProcess({
        binary: path,
        directory: join(folder.path, "nats"),
        partitionCount,
      });
      return new BenchEnvironment(folder, server);
    } catch (error) {
      folder.remove();
      throw error;
    }
  }

  get folder(): string {
    return this.#folder.path;
  }

  get url(): string {
    return this.#server.url;
  }

  /** Publishes a load; returns how fast that went. */
  async fill(
    shape: LoadShape,
    encoding: LoadEncoding,
  ): Promise<{ readonly seconds: number; readonly bytes: number; readonly messages: number }> {
    const broker = await connectBroker({ servers: [this.url], name: "bench-load" });
    try {
      await ensureTopology(broker, encoding);
      return await publishLoad(broker, shape, encoding);
    } finally {
      await broker.close();
    }
  }

  /** A load that is published part by part. */
  async stage(shape: LoadShape, encoding: LoadEncoding): Promise<StagedLoad> {
    const broker = await connectBroker({ servers: [this.url], name: "bench-load" });
    await ensureTopology(broker, encoding);
    return new StagedLoad(broker, shape, encoding);
  }

  task(shape: LoadShape, partitionCount: number): ContenderTask {
    this.#runs++;
    return {
      url: this.url,
      partitionCount,
      events: shape.events,
      meters: shape.meters,
      folder: join(this.folder, `run-${this.#runs}`),
    };
  }

  /** A database server, started when it is first asked for; undefined where none is installed. */
  async postgresUrl(): Promise<string | undefined> {
    this.#postgres ??= await startPostgres();
    return this.#postgres?.url;
  }

  /** Runs a reference in a process of its own. */
  async reference(
    name: string,
    task: ContenderTask,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Measurement> {
    const script = join(PROJECT_ROOT, "bench/references/reference-process.ts");
    const args = [
      "--import",
      "tsx",
      "--max-old-space-size=12000",
      script,
      name,
      JSON.stringify({ ...task, ...more }),
    ];
    const child = spawn(process.execPath, args, { cwd: PROJECT_ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
    release();
    rmSync(task.folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`reference ${name} ended with ${String(code)}: ${stderr}`);
    const measurement: Measurement = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return measurement;
  }

  async stop(): Promise<void> {
    await this.#postgres?.stop();
    await this.#server.stop();
    this.#folder.remove();
  }
}
