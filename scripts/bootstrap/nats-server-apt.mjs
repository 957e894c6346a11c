// @ts-check
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  distributionSources,
  parseDeb822Sources,
  parseOneLineSources,
  parseOsRelease,
} from "./apt-sources.mjs";
import { findExecutable } from "./find-executable.mjs";
import { putInCache, withWorkFolder } from "./nats-server-cache.mjs";
import { lastLines, runCommand } from "./run-command.mjs";

const APT_FOLDER = "/etc/apt";
/** Where the package puts the server, relative to the root of the file system. */
const BINARY_IN_PACKAGE = "usr/sbin/nats-server";
/** A package list has about 10 MB. */
const UPDATE_TIMEOUT_MS = 120_000;
const DOWNLOAD_TIMEOUT_MS = 120_000;
const UNPACK_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_SECONDS = 15;

/**
 * Per distribution: the suites to look in, oldest first (the older, the likelier its binary runs on this machine's C library),
 * and the component and keyring that they are published with.
 */
const DISTRIBUTIONS = [
  {
    id: "debian",
    suites: ["trixie", "forky"],
    component: "main",
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
  },
  {
    id: "ubuntu",
    suites: ["questing", "resolute"],
    component: "universe",
    keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
  },
];

/**
 * Gets nats-server from a newer suite of the mirror that this machine already uses, without root and without touching
 * the system's package lists: private lists, download, unpack, copy to the cache. apt checks the signatures.
 * @param {string} projectRoot
 * @returns {Promise<import("./nats-server-cache.mjs").Attempt>}
 */
export async function fetchFromApt(projectRoot) {
  const missing = ["apt-get", "dpkg-deb"].filter((command) => findExecutable(command) === undefined);
  if (process.platform !== "linux" || missing.length > 0) {
    return { refused: "this is not a Debian or Ubuntu system" };
  }
  const osRelease = parseOsRelease(readFileSync("/etc/os-release", "utf8"));
  const families = [osRelease.get("ID"), ...(osRelease.get("ID_LIKE") ?? "").split(" ")];
  const distribution = DISTRIBUTIONS.find(({ id }) => families.includes(id));
  if (distribution === undefined) return { refused: "this is not a Debian or Ubuntu system" };
  const sources = distributionSources(readSources(), releaseNames(osRelease));
  const mirrors = sources.flatMap(({ uris, signedBy }) => uris.map((uri) => ({ uri, signedBy })));
  const mirror = mirrors[0];
  if (mirror === undefined) return { refused: `no mirror of the distribution is named in ${APT_FOLDER}` };

  const reasons = [];
  for (const suite of distribution.suites) {
    const keyring = [mirror.signedBy, distribution.keyring].find(
      (file) => file !== undefined && existsSync(file),
    );
    const option = keyring === undefined ? "" : `[signed-by=${keyring}] `;
    const attempt = await withWorkFolder(projectRoot, (folder) =>
      fetchFromSuite(`deb ${option}${mirror.uri} ${suite} ${distribution.component}\n`, folder, projectRoot),
    );
    if ("found" in attempt) return attempt;
    reasons.push(`${suite}: ${attempt.refused}`);
  }
  return { refused: reasons.join("; ") };
}

/**
 * @param {string} sourceLine
 * @param {string} folder
 * @param {string} projectRoot
 * @returns {Promise<import("./nats-server-cache.mjs").Attempt>}
 */
async function fetchFromSuite(sourceLine, folder, projectRoot) {
  // apt does not make its `partial` folders by itself when it is pointed elsewhere.
  for (const name of ["lists/partial", "cache/archives/partial", "unpacked"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const sourceList = join(folder, "sources.list");
  writeFileSync(sourceList, sourceLine);
  const options = Object.entries({
    "Dir::State::lists": join(folder, "lists"),
    "Dir::Cache": join(folder, "cache"),
    "Dir::Etc::sourcelist": sourceList,
    "Dir::Etc::sourceparts": "-",
    // Pins of the machine speak of its own suites.
    "Dir::Etc::preferences": "-",
    "Dir::Etc::preferencesparts": "-",
    "Acquire::Languages": "none",
    "Acquire::Retries": "1",
    "Acquire::http::Timeout": String(CONNECT_TIMEOUT_SECONDS),
    "Acquire::https::Timeout": String(CONNECT_TIMEOUT_SECONDS),
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);

  const updated = await runCommand("apt-get", [...options, "update"], { timeoutMs: UPDATE_TIMEOUT_MS });
  if (updated.code !== 0) return { refused: `apt-get update failed (${lastLines(updated)})` };
  const downloaded = await runCommand("apt-get", [...options, "download", "nats-server"], {
    cwd: folder,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  const packageFile = readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (downloaded.code !== 0 || packageFile === undefined) {
    return { refused: `apt-get download failed (${lastLines(downloaded)})` };
  }
  const unpackFolder = join(folder, "unpacked");
  const unpacked = await runCommand("dpkg-deb", ["-x", join(folder, packageFile), unpackFolder], {
    timeoutMs: UNPACK_TIMEOUT_MS,
  });
  const binary = join(unpackFolder, BINARY_IN_PACKAGE);
  if (unpacked.code !== 0 || !existsSync(binary)) {
    return { refused: `the package can't be unpacked (${lastLines(unpacked)})` };
  }
  return putInCache(binary, projectRoot);
}

/** @returns {import("./apt-sources.mjs").AptSource[]} */
function readSources() {
  const folder = join(APT_FOLDER, "sources.list.d");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const files = [join(APT_FOLDER, "sources.list"), ...names.map((name) => join(folder, name))];
  return files.filter(existsSync).flatMap((file) => {
    if (file.endsWith(".list")) return parseOneLineSources(readFileSync(file, "utf8"));
    return file.endsWith(".sources") ? parseDeb822Sources(readFileSync(file, "utf8")) : [];
  });
}

/**
 * @param {Map<string, string>} osRelease
 * @returns {string[]}
 */
function releaseNames(osRelease) {
  const names = ["VERSION_CODENAME", "UBUNTU_CODENAME", "DEBIAN_CODENAME"].map((field) =>
    osRelease.get(field),
  );
  return [...names.filter((name) => name !== undefined), "stable", "testing", "sid", "unstable"];
}
