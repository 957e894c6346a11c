import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** How long a server may take to answer that it is healthy. */
const START_DEADLINE_MS = 20_000;

export interface NatsServerOptions {
  /** With it, the subject mapping that places `usage.in.*.*` on so many partitions is configured. */
  readonly partitionCount?: number;
  readonly maxPayload?: number;
  /** Path of the binary; TRIBUTARY_NATS_SERVER, then `nats-server` on the PATH when absent. */
  readonly serverBinary?: string;
}

export interface TestServer {
  readonly url: string;
  readonly monitorUrl: string;
  readonly port: number;
  readonly storeDir: string;
  readonly pid: number;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
  /** Stops the server if it runs and starts it again on the same port and files. */
  restart(): Promise<void>;
  /** Ends the server at once (SIGKILL); its files stay. */
  kill(): Promise<void>;
}

/** Starts a real server with JetStream on free ports of the loopback interface. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "tributary-nats-"));
  const storeDir = join(directory, "store");
  const [port, monitorPort] = await freePorts(2);
  const configFile = join(directory, "server.conf");
  writeFileSync(configFile, configuration(port, monitorPort, storeDir, options));
  const binary = options.serverBinary ?? process.env["TRIBUTARY_NATS_SERVER"] ?? "nats-server";
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const started = spawn(binary, ["-c", configFile], { stdio: "ignore" });
    child = started;
    const failure = new Promise<never>((_, reject) => {
      started.once("error", reject);
      started.once("exit", (code, signal) => {
        reject(new Error(`nats-server ended: ${code ?? signal}`));
      });
    });
    failure.catch(() => undefined);
    await Promise.race([healthy(monitorPort), failure]);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => {
      running.once("exit", () => {
        resolve();
      });
    });
    running.kill(signal);
    await exited;
  };

  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    port,
    storeDir,
    get pid() {
      return child?.pid ?? 0;
    },
    stop: async () => {
      await end("SIGTERM");
      rmSync(directory, { recursive: true, force: true });
    },
    restart: async () => {
      await end("SIGTERM");
      await start();
    },
    kill: async () => {
      await end("SIGKILL");
    },
  };
}

function configuration(
  port: number,
  monitorPort: number,
  storeDir: string,
  options: NatsServerOptions,
): string {
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `http: "127.0.0.1:${monitorPort}"`,
    `jetstream { store_dir: ${JSON.stringify(storeDir)} }`,
  ];
  if (options.maxPayload !== undefined) lines.push(`max_payload: ${options.maxPayload}`);
  if (options.partitionCount !== undefined)
    lines.push(
      `mappings = { "usage.in.*.*": "usage.{{partition(${options.partitionCount},1)}}.{{wildcard(2)}}" }`,
    );
  return `${lines.join("\n")}\n`;
}

async function healthy(monitorPort: number): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline) {
    try {
      const answer = await fetch(`http://127.0.0.1:${monitorPort}/healthz`);
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await delay(20);
  }
  throw new Error("nats-server did not become healthy in time");
}

async function freePorts(count: 2): Promise<[number, number]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers)
    ports.push(
      await new Promise<number>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => {
          const address = server.address();
          resolve(typeof address === "object" && address !== null ? address.port : 0);
        });
      }),
    );
  await Promise.all(
    servers.map(
      async (server) =>
        await new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
        }),
    ),
  );
  return [ports[0] ?? 0, ports[1] ?? 0];
}
