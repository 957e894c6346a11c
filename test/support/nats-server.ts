import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  startNatsServerProcess,
  type NatsServerOptions,
  type RunningNatsServer,
} from "../../scripts/nats-server/process.mjs";

export interface TestServerOptions {
  /** Default 16. */
  partitionCount?: number;
  /** Bytes; default 8 MiB. */
  maxPayload?: number;
  /** Default: the server that TRIBUTARY_NATS_SERVER names; the integration project's set-up sees that one is named. */
  serverBinary?: string;
  /** Text of the configuration; default: the one that we ship. */
  configOf?: NatsServerOptions["configOf"];
}

export interface TestServer {
  readonly url: string;
  readonly monitorUrl: string;
  readonly port: number;
  readonly storeDir: string;
  /** Process id of the running server; another one after a restart. Throws when it does not run. */
  readonly pid: number;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
  /** Ends the server by SIGKILL; its files stay, for `restart`. */
  kill(): Promise<void>;
  /** Stops the server if it runs, and starts it with the same ports and files. */
  restart(): Promise<void>;
  /** Lets the running server place usage by another partition count, as an operator does: it reads its configuration again. */
  placeBy(partitionCount: number): void;
}

/** Starts a real nats-server on a free loopback port, with files in a temporary folder, and waits until it answers. */
export async function startNatsServer(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), "tributary-nats-"));
  const removeFiles = (): Promise<void> => rm(directory, { recursive: true, force: true });
  let server: RunningNatsServer;
  try {
    server = await startNatsServerProcess(processOptions(options, directory));
  } catch (error) {
    await removeFiles();
    throw error;
  }
  return {
    url: server.url,
    monitorUrl: server.monitorUrl,
    port: server.port,
    storeDir: server.storeDirectory,
    get pid() {
      return server.pid();
    },
    stop: async () => {
      await server.stop();
      await removeFiles();
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    placeBy: (partitionCount) => {
      const file = join(directory, "nats-server.conf");
      const config = readFileSync(file, "utf8");
      writeFileSync(file, config.replace(/partition\(\d+,1\)/, `partition(${partitionCount},1)`));
      process.kill(server.pid(), "SIGHUP");
    },
  };
}

function processOptions(options: TestServerOptions, directory: string): NatsServerOptions {
  const binary = options.serverBinary ?? process.env["TRIBUTARY_NATS_SERVER"];
  if (binary === undefined || binary === "") {
    throw new Error("no nats-server is named: run this test in the integration project");
  }
  return {
    binary,
    directory,
    ...(options.partitionCount === undefined ? {} : { partitionCount: options.partitionCount }),
    ...(options.configOf === undefined ? {} : { configOf: options.configOf }),
    ...(options.maxPayload === undefined ? {} : { maxPayloadBytes: options.maxPayload }),
  };
}
