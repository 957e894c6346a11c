// @ts-check
import { createHash } from "node:crypto";

/**
 * What node_modules was installed from and for: the lock file's hash and the machine's binary interface, because
 * a compiled addon of another Node does not load.
 *
 * @param {string | Uint8Array} lockFile content of package-lock.json
 * @param {{ abi: string, platform: string, arch: string }} machine
 * @returns {string}
 */
export function installStamp(lockFile, machine) {
  const hash = createHash("sha256").update(lockFile).digest("hex");
  return `${hash} abi-${machine.abi} ${machine.platform}-${machine.arch}`;
}

/**
 * @typedef {object} InstallState
 * @property {"missing" | "folder" | "link" | "broken-link"} nodeModules
 * @property {string} wantedStamp
 * @property {string | undefined} foundStamp what an earlier set-up left in node_modules
 * @property {boolean} treeMatches whether npm's own record of node_modules equals package-lock.json
 * @property {boolean} addonBuilt whether better-sqlite3's binary is there
 */

/**
 * `install`: run `npm ci`. `keep`: nothing to do. `adopt`: installed by hand and right, only the stamp is missing.
 * `keep-link`: another checkout owns the linked folder, and replacing what it runs on would break it; the reader is warned
 * that it differs. `broken-link`: a person must decide.
 *
 * @param {InstallState} state
 * @returns {"install" | "keep" | "adopt" | "keep-link" | "broken-link"}
 */
export function decideInstall(state) {
  if (state.nodeModules === "missing") return "install";
  if (state.nodeModules === "broken-link") return "broken-link";
  if (state.foundStamp === state.wantedStamp && state.addonBuilt) return "keep";
  if (state.nodeModules === "link") return state.treeMatches && state.addonBuilt ? "keep" : "keep-link";
  if (state.foundStamp === undefined && state.treeMatches && state.addonBuilt) return "adopt";
  return "install";
}

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {boolean} [devOptional]
 * @property {Record<string, string>} [optionalDependencies]
 */
/** @typedef {{ packages?: Record<string, LockedPackage> }} LockFile entries by path, as in `node_modules/a` */

/**
 * Whether npm's record of what stands in node_modules (`node_modules/.package-lock.json`) is what package-lock.json asks
 * for. Optional packages may be absent: they are those of other platforms.
 *
 * @param {LockFile} wanted
 * @param {LockFile} installed
 * @returns {boolean}
 */
export function treeMatches(wanted, installed) {
  const wantedPackages = wanted.packages ?? {};
  const installedPackages = installed.packages ?? {};
  const unwanted = Object.keys(installedPackages).some((path) => wantedPackages[path] === undefined);
  if (unwanted) return false;
  return Object.entries(wantedPackages).every(([path, entry]) => {
    if (path === "") return true;
    const found = installedPackages[path];
    if (found === undefined) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * The optional packages that others ask for and the lock file does not list. A lock file that was written against a registry
 * which lacks the binaries of other platforms leaves them out, and `npm ci` then refuses it on every platform.
 *
 * @param {LockFile} lockFile
 * @returns {string[]}
 */
export function unlistedOptionalPackages(lockFile) {
  const packages = lockFile.packages ?? {};
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter((name) => !isListed(packages, path, name)),
  );
}

/**
 * Whether a package's dependency is listed, looked up from its own folder outwards as Node does.
 * @param {Record<string, LockedPackage>} packages
 * @param {string} path
 * @param {string} name
 * @returns {boolean}
 */
function isListed(packages, path, name) {
  if (packages[`${path === "" ? "" : `${path}/`}node_modules/${name}`] !== undefined) return true;
  if (path === "") return false;
  return isListed(packages, path.slice(0, Math.max(0, path.lastIndexOf("/node_modules/"))), name);
}
