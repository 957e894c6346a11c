// @ts-check
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { isExecutableFile } from "./find-executable.mjs";
import { runCommand } from "./run-command.mjs";
import { compareVersions, formatVersion, natsServerRefusal, parseVersion } from "./versions.mjs";

/** Printing its version takes a server some milliseconds; a busy machine gets more. */
const VERSION_TIMEOUT_MS = 10_000;

export const BINARY_NAME = process.platform === "win32" ? "nats-server.exe" : "nats-server";

/**
 * @typedef {object} FoundServer
 * @property {string} path
 * @property {string} version
 */
/**
 * A server that can be used, or why there is none.
 * @typedef {{ found: FoundServer } | { refused: string }} Attempt
 */

/**
 * Asks a binary for its version and judges it.
 * @param {string} path
 * @returns {Promise<Attempt>}
 */
export async function examineServer(path) {
  const result = await runCommand(path, ["--version"], { timeoutMs: VERSION_TIMEOUT_MS });
  const version = result.stdout.startsWith("nats-server: ") ? parseVersion(result.stdout) : undefined;
  if (version === undefined) return { refused: `${path} does not run, or is not a nats-server` };
  const refusal = natsServerRefusal(version);
  if (refusal !== undefined) return { refused: `${path}: ${refusal}` };
  return { found: { path, version: formatVersion(version) } };
}

/**
 * @param {string} projectRoot
 * @returns {string}
 */
function cacheFolder(projectRoot) {
  return join(projectRoot, ".cache", "nats-server");
}

/**
 * The newest supported server that an earlier set-up has put in the project's cache folder.
 * @param {string} projectRoot
 * @returns {Promise<Attempt>}
 */
export async function findCachedServer(projectRoot) {
  const folder = cacheFolder(projectRoot);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const versions = names
    .flatMap((name) => {
      const version = /^\d+\.\d+\.\d+$/.test(name) ? parseVersion(name) : undefined;
      return version === undefined ? [] : [version];
    })
    .sort((left, right) => compareVersions(right, left));
  for (const version of versions) {
    const path = join(folder, formatVersion(version), BINARY_NAME);
    if (!isExecutableFile(path)) continue;
    const attempt = await examineServer(path);
    if ("found" in attempt) return attempt;
  }
  return { refused: "nothing usable in the project's cache folder" };
}

/**
 * Copies a server into the cache under its version. The copy appears whole or not at all, so that two set-ups
 * may run at once.
 * @param {string} binary
 * @param {string} projectRoot
 * @returns {Promise<Attempt>}
 */
export async function putInCache(binary, projectRoot) {
  chmodSync(binary, 0o755);
  const attempt = await examineServer(binary);
  if (!("found" in attempt)) return attempt;
  const folder = join(cacheFolder(projectRoot), attempt.found.version);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, BINARY_NAME);
  const copy = `${path}.${process.pid}`;
  copyFileSync(binary, copy);
  renameSync(copy, path);
  return { found: { path, version: attempt.found.version } };
}

/**
 * Runs an action with a private folder inside the cache, and removes the folder after it.
 * @template Result
 * @param {string} projectRoot
 * @param {(folder: string) => Promise<Result>} action
 * @returns {Promise<Result>}
 */
export async function withWorkFolder(projectRoot, action) {
  mkdirSync(cacheFolder(projectRoot), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(projectRoot), "work-"));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
