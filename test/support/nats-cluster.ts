import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNatsServerProcess, type RunningNatsServer } from "../../scripts/nats-server/process.mjs";

const CLUSTER_NAME = "tributary-test";
const SIZE = 3;
/** Between the moment that a port was found free and its use another process may take it. */
const START_ATTEMPTS = 3;

export interface TestCluster {
  /** Servers by their number; each can be killed and started again with its ports and files. */
  readonly servers: readonly RunningNatsServer[];
  readonly urls: readonly string[];
  /** Folder of the servers' configurations, logs and files. */
  readonly directory: string;
  /** Ends all servers; with their files unless they are to be kept. */
  stop(options?: { readonly keepFiles?: boolean }): Promise<void>;
}

/** Starts three real nats-servers that form a cluster on loopback ports, and waits until it can store streams. */
export async function startNatsCluster(options: {
  readonly partitionCount: number;
  /** Parent of the folder that is made; the system's temporary folder by default. */
  readonly parent?: string;
}): Promise<TestCluster> {
  const binary = process.env["TRIBUTARY_NATS_SERVER"];
  if (binary === undefined || binary === "")
    throw new Error("no nats-server is named: run this test in the integration project");
  const directory = await mkdtemp(join(options.parent ?? tmpdir(), "tributary-cluster-"));
  const removeFiles = (): Promise<void> => rm(directory, { recursive: true, force: true });
  let servers: readonly RunningNatsServer[];
  try {
    servers = await startMembers(binary, directory, options.partitionCount);
  } catch (error) {
    await removeFiles();
    throw error;
  }
  return {
    servers,
    urls: servers.map(({ url }) => url),
    directory,
    stop: async ({ keepFiles = false } = {}) => {
      await Promise.all(servers.map((server) => server.stop()));
      if (!keepFiles) await removeFiles();
    },
  };
}

async function startMembers(
  binary: string,
  directory: string,
  partitionCount: number,
): Promise<readonly RunningNatsServer[]> {
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(SIZE);
    // At once: none of them is ready before it has found another.
    const outcomes = await Promise.allSettled(
      ports.map((port, member) =>
        startNatsServerProcess({
          binary,
          directory: join(directory, `server-${member}`),
          partitionCount,
          cluster: {
            clusterName: CLUSTER_NAME,
            serverName: `server-${member}`,
            port,
            peerPorts: ports.filter((other) => other !== port),
          },
        }),
      ),
    );
    const started = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    if (started.length === SIZE) return started;
    await Promise.all(started.map((server) => server.kill()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (attempt === START_ATTEMPTS) throw failed?.reason ?? new Error("no cluster");
  }
}

/** Ports that were free a moment ago, each another one. */
async function freePorts(count: number): Promise<readonly number[]> {
  const holders = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const holder = createServer();
          holder.once("error", reject);
          holder.listen(0, "127.0.0.1", () => {
            resolve(holder);
          });
        }),
    ),
  );
  const ports = holders.map((holder) => {
    const address = holder.address();
    if (address === null || typeof address === "string") throw new Error("a port was expected");
    return address.port;
  });
  await Promise.all(
    holders.map(
      (holder) =>
        new Promise((resolve) => {
          holder.close(resolve);
        }),
    ),
  );
  return ports;
}
