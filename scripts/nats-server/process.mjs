// @ts-check
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { natsServerConfig } from "./config.mjs";
import { guardProcess } from "./guard.mjs";

/** Starting takes some 50 ms, recovering large streams seconds. */
const READY_DEADLINE_MS = 30_000;
const POLL_INTERVAL_MS = 20;
const POLL_TIMEOUT_MS = 1_000;
/** A server that does not end on SIGTERM is killed after this. */
const STOP_DEADLINE_MS = 10_000;
const LOG_TAIL_CHARACTERS = 2_000;

/** What is asked of a server that starts: all that it stores is recovered; it knows its cluster's leader; it answers. */
const HEALTHY = "/healthz";
const KNOWS_LEADER = "/healthz?js-server-only=true";
const ANSWERS = "/healthz?js-enabled-only=true";

const DEFAULT_PARTITION_COUNT = 16;
const DEFAULT_MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;
/** The servers started here lose their data only with the whole machine; waiting for the disk would tell nothing. */
const DEFAULT_SYNC_INTERVAL = "1m";

/**
 * @typedef {object} NatsServerOptions
 * @property {string} binary path of a supported nats-server
 * @property {string} directory holds configuration, log and JetStream's files; made when missing, left in place
 * @property {number} [partitionCount] default 16
 * @property {number} [maxPayloadBytes] default 8 MiB
 * @property {string} [syncInterval] default `1m`
 * @property {number} [port] default: a free one, kept over restarts
 * @property {import("./config.mjs").ClusterMember} [cluster] its place in a cluster; it is ready when the cluster is
 * @property {(settings: import("./config.mjs").NatsServerSettings) => string} [configOf] the configuration's text; default: the
 *   one that we ship
 */

/**
 * A nats-server on a loopback port, owned by this process: it ends with this process, however that ends.
 * @typedef {object} RunningNatsServer
 * @property {string} url for clients
 * @property {string} monitorUrl the HTTP monitoring's base address, without a slash at its end
 * @property {number} port
 * @property {string} storeDirectory JetStream's files
 * @property {() => number} pid process id of the running server; throws when it does not run
 * @property {() => Promise<void>} stop ends it in an orderly way and waits for its end; nothing when it does not run
 * @property {() => Promise<void>} kill ends it by SIGKILL, as a crash does
 * @property {() => Promise<void>} restart stops it if it runs, and starts it with the same ports and files; of a cluster: until it answers
 */

/**
 * Starts a server and waits until it answers and JetStream has recovered.
 * @param {NatsServerOptions} options
 * @returns {Promise<RunningNatsServer>}
 */
export async function startNatsServerProcess(options) {
  const files = prepareFolders(options.directory);
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child;

  /**
   * @param {number} port
   * @param {number} monitorPort
   * @param {string} health
   */
  const start = async (port, monitorPort, health) => {
    const config = (options.configOf ?? natsServerConfig)({
      host: "127.0.0.1",
      port,
      monitorPort,
      storeDirectory: files.store,
      partitionCount: options.partitionCount ?? DEFAULT_PARTITION_COUNT,
      maxPayloadBytes: options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES,
      syncInterval: options.syncInterval ?? DEFAULT_SYNC_INTERVAL,
      portsFileDirectory: files.ports,
      ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
    });
    writeFileSync(files.config, config);
    const log = openSync(files.log, "a");
    const started = spawn(options.binary, ["--config", files.config], { stdio: ["ignore", log, log] });
    closeSync(log);
    child = started;
    const releaseGuard = started.pid === undefined ? () => undefined : guardProcess(started.pid);
    const forget = () => {
      if (child === started) child = undefined;
      releaseGuard();
    };
    // A binary that can't be started has no exit; the wait below sees that it has no process id.
    started.once("error", forget);
    started.once("exit", forget);
    try {
      return await waitUntilReady(started, files, health);
    } catch (error) {
      await end("SIGKILL");
      throw error;
    }
  };

  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => {
    const ending = child;
    if (ending?.pid === undefined) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    const force = setTimeout(() => ending.kill("SIGKILL"), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(force);
  };

  const ports = await start(options.port ?? -1, -1, options.cluster === undefined ? HEALTHY : KNOWS_LEADER);
  return {
    url: `nats://127.0.0.1:${ports.port}`,
    monitorUrl: `http://127.0.0.1:${ports.monitorPort}`,
    port: ports.port,
    storeDirectory: files.store,
    pid: () => {
      if (child?.pid === undefined) throw new Error("the nats-server does not run");
      return child.pid;
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    restart: async () => {
      await end("SIGTERM");
      // Of a cluster others may be away: then it answers, but is not current before they are back.
      await start(ports.port, ports.monitorPort, options.cluster === undefined ? HEALTHY : ANSWERS);
    },
  };
}

/** @typedef {{ config: string, log: string, store: string, ports: string }} ServerFiles */

/**
 * @param {string} directory
 * @returns {ServerFiles}
 */
function prepareFolders(directory) {
  const files = {
    config: join(directory, "nats-server.conf"),
    log: join(directory, "nats-server.log"),
    store: join(directory, "store"),
    ports: join(directory, "ports"),
  };
  rmSync(files.ports, { recursive: true, force: true });
  mkdirSync(files.ports, { recursive: true });
  mkdirSync(files.store, { recursive: true });
  return files;
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {ServerFiles} files
 * @param {string} health
 * @returns {Promise<{ port: number, monitorPort: number }>}
 */
async function waitUntilReady(child, files, health) {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (performance.now() < deadline) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`nats-server ended while it started:\n${logTail(files.log)}`);
    }
    const ports = readPorts(files.ports, child.pid);
    if (ports !== undefined && (await isHealthy(ports.monitorPort, health))) return ports;
    await delay(POLL_INTERVAL_MS);
  }
  throw new Error(`nats-server was not ready within ${READY_DEADLINE_MS} ms:\n${logTail(files.log)}`);
}

/**
 * Reads `<name of the executable>_<process id>.ports`.
 * @param {string} folder
 * @param {number} pid
 * @returns {{ port: number, monitorPort: number } | undefined} undefined as long as the file is not written whole
 */
function readPorts(folder, pid) {
  const name = readdirSync(folder).find((fileName) => fileName.endsWith(`_${pid}.ports`));
  if (name === undefined) return undefined;
  try {
    /** @type {{ nats: string[], monitoring: string[] }} */
    const { nats, monitoring } = JSON.parse(readFileSync(join(folder, name), "utf8"));
    return { port: portOf(nats), monitorPort: portOf(monitoring) };
  } catch {
    return undefined;
  }
}

/**
 * @param {string[]} urls
 * @returns {number}
 */
function portOf(urls) {
  const port = Number(new URL(urls[0] ?? "").port);
  if (!(port > 0)) throw new Error("no port");
  return port;
}

/**
 * @param {number} monitorPort
 * @param {string} health
 * @returns {Promise<boolean>}
 */
async function isHealthy(monitorPort, health) {
  try {
    const response = await fetch(`http://127.0.0.1:${monitorPort}${health}`, {
      signal: AbortSignal.timeout(POLL_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * @param {string} path
 * @returns {string}
 */
function logTail(path) {
  return existsSync(path) ? readFileSync(path, "utf8").slice(-LOG_TAIL_CHARACTERS) : "(no log)";
}
