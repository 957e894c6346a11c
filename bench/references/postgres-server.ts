import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { guardProcess } from "../../scripts/nats-server/guard.mjs";
import { temporaryFolder } from "../harness/temporary-folder.ts";

/** Where Debian puts the programs of each version. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";
const START_DEADLINE_MS = 30_000;

export interface RunningPostgres {
  readonly url: string;
  stop(): Promise<void>;
}

/** What to install where a database server is wanted and not found. */
export const POSTGRES_PACKAGE = "postgresql";

/** Folder of the newest version's programs; undefined where none is installed. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(DEBIAN_FOLDER)) return undefined;
  const newest = readdirSync(DEBIAN_FOLDER).sort((a, b) => Number(b) - Number(a))[0];
  const folder = newest === undefined ? undefined : join(DEBIAN_FOLDER, newest, "bin");
  return folder !== undefined && existsSync(join(folder, "postgres")) ? folder : undefined;
}

/** The server refuses to run as root: there it runs as Debian's own user for it. */
function account(): { readonly uid: number; readonly gid: number } | undefined {
  if (userInfo().uid !== 0) return undefined;
  const id = (flag: string): number =>
    Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}

/**
 * Starts Debian's PostgreSQL with files of its own on a free loopback port, with its settings for durability as they
 * are (fsync and synchronous_commit on) and memory for a load. Undefined where it is not installed.
 */
export async function startPostgres(): Promise<RunningPostgres | undefined> {
  const bin = postgresPrograms();
  if (bin === undefined) return undefined;
  const as = account();
  // Not below a folder of ours, which its user may not enter.
  const { path: folder, remove } = temporaryFolder("postgres-");
  if (as !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, "data");
  const made = spawnSync(join(bin, "initdb"), ["-D", data, "-U", "bench", "-A", "trust"], {
    ...as,
    cwd: folder,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    shared_buffers: "2GB",
    work_mem: "256MB",
    max_wal_size: "8GB",
  };
  const args = [
    "-D",
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  const child = spawn(join(bin, "postgres"), args, { ...as, cwd: folder, stdio: "ignore" });
  const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      release();
      resolve();
    });
  });
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;
  await answers(url);
  return {
    url,
    stop: async () => {
      // A fast shutdown: connections are ended.
      child.kill("SIGINT");
      await exited;
      remove();
    },
  };
}

async function answers(url: string): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (performance.now() > deadlineMs) throw error;
      await delay(100);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
