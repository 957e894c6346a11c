// @ts-check
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";

const EXAMPLE = fileURLToPath(new URL("../../examples/access-log/", import.meta.url));
export const PRODUCER = join(EXAMPLE, "producer.mjs");
export const ACCESS_LOG = join(EXAMPLE, "data/apache_access.log.gz");
/** Few, so that the demo starts quickly and its positions can be shown; a real set-up has 16 or more. */
export const PARTITION_COUNT = 4;

/**
 * The demo's files, all in one temporary folder.
 * @typedef {object} Workspace
 * @property {string} folder
 * @property {string} serverFolder
 * @property {string} config the worker's configuration file
 * @property {string} catalog folder of the worker's catalog
 * @property {string} drop folder of files for the other system
 * @property {string} contracts where the contracts belong
 * @property {string} workerLog
 * @property {string} producerLog
 * @property {string} adminUrl where the worker's admin port will be
 */

/** @returns {{ folder: string, remove: () => void }} */
export function createFolder() {
  const folder = mkdtempSync(join(tmpdir(), "tributary-demo-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * @param {string} folder
 * @returns {Promise<Workspace>}
 */
export async function prepareWorkspace(folder) {
  const catalog = join(folder, "catalog");
  cpSync(join(EXAMPLE, "catalog"), catalog, { recursive: true });
  mkdirSync(join(folder, "nats-server"));
  return {
    folder,
    serverFolder: join(folder, "nats-server"),
    config: join(folder, "worker.yaml"),
    catalog,
    drop: join(folder, "drop"),
    contracts: join(catalog, "contracts", "access-log.json"),
    workerLog: join(folder, "worker.log"),
    producerLog: join(folder, "producer.log"),
    adminUrl: `http://127.0.0.1:${await freePort()}`,
  };
}

/**
 * @param {Workspace} workspace
 * @param {string} serverUrl
 * @param {Readonly<Record<string, object>>} connections settings of the ERP connections, secrets included; may be none
 */
export function writeConfig(workspace, serverUrl, connections) {
  const erpConnections = join(workspace.folder, "erp-connections.yaml");
  if (Object.keys(connections).length > 0) {
    writeFileSync(erpConnections, stringify(connections), { mode: 0o600 });
  }
  const config = {
    nats: { servers: [serverUrl] },
    partitions: { count: PARTITION_COUNT },
    state_dir: join(workspace.folder, "state"),
    catalog_dir: workspace.catalog,
    ...(Object.keys(connections).length > 0 ? { erp_connections: erpConnections } : {}),
    worker_name: "demo",
    checkpoint_interval: "500ms",
    admin: { host: "127.0.0.1", port: Number(new URL(workspace.adminUrl).port) },
    sinks: { file: { directory: join(workspace.folder, "rated"), format: "csv" } },
  };
  writeFileSync(workspace.config, stringify(config));
}

/** A port that is free now: the worker must have the same one before and behind its crash. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
