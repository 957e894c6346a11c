// @ts-check

/** @typedef {readonly [major: number, minor: number, patch: number]} Version */

/** The oldest Node that the pinned tools run on. */
export const OLDEST_NODE = /** @type {Version} */ ([20, 19, 0]);

/** 2.10 brings subject transforms and consumers with several filters; 2.10.23 mends the loss below. */
export const OLDEST_NATS_SERVER = /** @type {Version} */ ([2, 10, 23]);

/** From this patch of 2.10 up to the oldest supported one, a killed server could lose a whole stream. */
const FIRST_LOSING_PATCH = 20;

/**
 * The first `1.2.3` in a text such as `v20.19.0` or `nats-server: v2.10.27`; a pre-release counts as its release.
 * @param {string} text
 * @returns {Version | undefined}
 */
export function parseVersion(text) {
  const match = /(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/**
 * @param {Version} left
 * @param {Version} right
 * @returns {number} negative, zero or positive, as `Array.sort` wants it
 */
export function compareVersions(left, right) {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/**
 * @param {Version} version
 * @returns {string}
 */
export function formatVersion(version) {
  return version.join(".");
}

/**
 * Why this version of nats-server can't be used.
 * @param {Version} version
 * @returns {string | undefined} undefined when it is supported
 */
export function natsServerRefusal(version) {
  if (compareVersions(version, OLDEST_NATS_SERVER) >= 0) return undefined;
  const [major, minor, patch] = version;
  const name = `nats-server ${formatVersion(version)}`;
  const wanted = `${formatVersion(OLDEST_NATS_SERVER)} or newer is needed`;
  if (major === 2 && minor === 10 && patch >= FIRST_LOSING_PATCH) {
    return `${name} can lose a whole stream when its process is killed; ${wanted}`;
  }
  if (major < 2 || minor < 10) {
    return `${name} is too old (no subject transforms, no consumers with several filters); ${wanted}`;
  }
  return `${name} is too old; ${wanted}`;
}

/**
 * Why this Node can't be used.
 * @param {string} nodeVersion as in `process.version`
 * @returns {string | undefined} undefined when it is supported
 */
export function nodeRefusal(nodeVersion) {
  const version = parseVersion(nodeVersion);
  if (version !== undefined && compareVersions(version, OLDEST_NODE) >= 0) return undefined;
  return `Node ${nodeVersion} is too old: Tributary needs Node ${formatVersion(OLDEST_NODE)} or newer.`;
}
