// @ts-check
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY_NAME, putInCache, withWorkFolder } from "./nats-server-cache.mjs";
import { lastLines, runCommand } from "./run-command.mjs";

export const RELEASE_VERSION = "2.10.29";
const RELEASE_URL = `https://github.com/nats-io/nats-server/releases/download/v${RELEASE_VERSION}`;

/**
 * SHA-256 of the release's archives, by platform: the figures that the official container images check
 * (nats-io/nats-docker, 2.10.x/alpine3.22/Dockerfile at ef05cf93). Archives that are not listed there are checked
 * against the SHA256SUMS file of the release itself, which guards against a broken transfer but not against a
 * replaced release.
 * @type {Readonly<Record<string, string>>}
 */
const PINNED_SHA256 = {
  "linux-amd64": "e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da",
  "linux-arm64": "da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401",
  "linux-386": "abc385394c19784558f7aa2f9770fe2daceb22cf95e3fa398c832590479396b0",
  "linux-ppc64le": "31b0063d261e5d8c59396f8a3f9298ad80b36fd4bc370ce59e5d160f55a0fe46",
  "linux-s390x": "ee821b1eae8bb98a0d4603510a41613dd15afef244261a79da33515699d1aece",
};

/** @type {Readonly<Partial<Record<NodeJS.Architecture, string>>>} Go's names of Node's architectures. */
const GO_ARCHITECTURES = { x64: "amd64", arm64: "arm64", ia32: "386", ppc64: "ppc64le", s390x: "s390x" };

/** A host that can't be reached must not hold up the set-up: the next way is tried instead. */
const ANSWER_TIMEOUT_MS = 8_000;
/** The archive has about 6 MB. */
const DOWNLOAD_TIMEOUT_MS = 120_000;
const UNPACK_TIMEOUT_MS = 30_000;

/**
 * Downloads the pinned official release, checks its SHA-256 and puts the server in the cache.
 * @param {string} projectRoot
 * @returns {Promise<import("./nats-server-cache.mjs").Attempt>}
 */
export async function fetchRelease(projectRoot) {
  const architecture = GO_ARCHITECTURES[process.arch];
  if (architecture === undefined || (process.platform !== "linux" && process.platform !== "darwin")) {
    return { refused: `no archive is known for ${process.platform}-${process.arch}` };
  }
  const platform = `${process.platform}-${architecture}`;
  const name = `nats-server-v${RELEASE_VERSION}-${platform}`;
  const archive = await download(`${RELEASE_URL}/${name}.tar.gz`);
  const wanted = PINNED_SHA256[platform] ?? (await publishedSha256(`${name}.tar.gz`));
  const found = createHash("sha256").update(archive).digest("hex");
  if (wanted !== found) {
    return { refused: `the archive's SHA-256 is ${found}, not ${wanted ?? "published"}; it was not used` };
  }
  return withWorkFolder(projectRoot, async (folder) => {
    const archivePath = join(folder, "nats-server.tar.gz");
    writeFileSync(archivePath, archive);
    const unpacked = await runCommand("tar", ["-xzf", archivePath, "-C", folder], {
      timeoutMs: UNPACK_TIMEOUT_MS,
    });
    if (unpacked.code !== 0) return { refused: `the archive can't be unpacked: ${lastLines(unpacked)}` };
    return putInCache(join(folder, name, BINARY_NAME), projectRoot);
  });
}

/**
 * @param {string} fileName
 * @returns {Promise<string | undefined>}
 */
async function publishedSha256(fileName) {
  return sha256From((await download(`${RELEASE_URL}/SHA256SUMS`)).toString("utf8"), fileName);
}

/**
 * The sum of one file in a list of the form of `sha256sum`.
 * @param {string} list
 * @param {string} fileName
 * @returns {string | undefined}
 */
export function sha256From(list, fileName) {
  const line = list.split("\n").find((text) => text.trim().split(/\s+\*?/)[1] === fileName);
  return line?.trim().split(/\s+/)[0];
}

/**
 * @param {string} url
 * @returns {Promise<Buffer>}
 */
async function download(url) {
  const controller = new AbortController();
  const answerTimer = setTimeout(
    () => controller.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`)),
    ANSWER_TIMEOUT_MS,
  );
  const totalTimer = setTimeout(
    () => controller.abort(new Error(`not downloaded within ${DOWNLOAD_TIMEOUT_MS / 1000} s`)),
    DOWNLOAD_TIMEOUT_MS,
  );
  try {
    const response = await fetch(url, { signal: controller.signal });
    clearTimeout(answerTimer);
    if (!response.ok) throw new Error(`the release's host answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    clearTimeout(answerTimer);
    clearTimeout(totalTimer);
  }
}
