// @ts-check
import { resolve } from "node:path";
import { describeFault, SetupFault } from "./fault.mjs";
import { findExecutable } from "./find-executable.mjs";
import { fetchFromApt } from "./nats-server-apt.mjs";
import { examineServer, findCachedServer } from "./nats-server-cache.mjs";
import { fetchRelease, RELEASE_VERSION } from "./nats-server-release.mjs";
import { say } from "./progress.mjs";
import { formatVersion, OLDEST_NATS_SERVER } from "./versions.mjs";

/** Names the server to use; it also hands the server that was found to child processes. */
export const SERVER_VARIABLE = "TRIBUTARY_NATS_SERVER";

/**
 * @typedef {object} LocatedServer
 * @property {string} path absolute
 * @property {string} version as in `2.10.27`
 * @property {string} origin how it was found, for a progress line
 */

/**
 * Finds a supported nats-server, getting one if the machine has none. A server that is named by the environment
 * is used or refused, never silently replaced by another.
 *
 * @param {{ projectRoot: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<LocatedServer>}
 * @throws {SetupFault} which lists all that was tried and what to install
 */
export async function locateNatsServer({ projectRoot, env = process.env }) {
  const named = env[SERVER_VARIABLE];
  if (named !== undefined && named !== "") {
    const attempt = await examineServer(resolve(named));
    if ("found" in attempt) return { ...attempt.found, origin: SERVER_VARIABLE };
    throw new SetupFault(`${SERVER_VARIABLE} names a server that can't be used: ${attempt.refused}.`);
  }

  const tried = [`${SERVER_VARIABLE}: not set`];
  for (const way of waysToGetOne(projectRoot, env)) {
    if (way.isSlow) say(`getting a nats-server: ${way.name} …`);
    const attempt = await attemptSafely(way.attempt);
    if ("found" in attempt) return { ...attempt.found, origin: way.name };
    if (way.isSlow) say(`${way.name}: ${attempt.refused}`);
    tried.push(`${way.name}: ${attempt.refused}`);
  }
  throw new SetupFault(
    [
      "No supported nats-server could be found or fetched. Tried:",
      ...tried.map((line) => `  - ${line}`),
      `Install nats-server ${formatVersion(OLDEST_NATS_SERVER)} or newer (https://github.com/nats-io/nats-server/releases),`,
      `put it on the PATH or name it with ${SERVER_VARIABLE}=…/nats-server, and call this again.`,
    ].join("\n"),
  );
}

/**
 * @param {string} projectRoot
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ name: string, isSlow: boolean, attempt: () => Promise<import("./nats-server-cache.mjs").Attempt> }[]}
 */
function waysToGetOne(projectRoot, env) {
  return [
    { name: "cache", isSlow: false, attempt: () => findCachedServer(projectRoot) },
    { name: "PATH", isSlow: false, attempt: () => findOnPath(env) },
    { name: `official release ${RELEASE_VERSION}`, isSlow: true, attempt: () => fetchRelease(projectRoot) },
    { name: "distribution's package manager", isSlow: true, attempt: () => fetchFromApt(projectRoot) },
  ];
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import("./nats-server-cache.mjs").Attempt>}
 */
async function findOnPath(env) {
  const path = findExecutable("nats-server", env);
  return path === undefined ? { refused: "no nats-server there" } : examineServer(path);
}

/**
 * @param {() => Promise<import("./nats-server-cache.mjs").Attempt>} attempt
 * @returns {Promise<import("./nats-server-cache.mjs").Attempt>}
 */
async function attemptSafely(attempt) {
  try {
    return await attempt();
  } catch (error) {
    return { refused: describeFault(error) };
  }
}
