// @ts-check
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { installAdvice, mustCompile, toolchainFault } from "./cpp-toolchain.mjs";
import { SetupFault } from "./fault.mjs";
import { decideInstall, installStamp, treeMatches, unlistedOptionalPackages } from "./install-decision.mjs";
import { say, withProgress } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";

const STAMP_FILE = ".tributary-lock";
/** Compiling better-sqlite3 takes about a minute on two cores; a slow machine and network get plenty more. */
const INSTALL_TIMEOUT_MS = 20 * 60_000;

/**
 * Makes node_modules what package-lock.json asks for; does nothing when it already is.
 * @param {string} projectRoot
 */
export async function ensureDependencies(projectRoot) {
  const nodeModules = join(projectRoot, "node_modules");
  const lockFile = readFileSync(join(projectRoot, "package-lock.json"));
  const wantedStamp = installStamp(lockFile, {
    abi: process.versions.modules,
    platform: process.platform,
    arch: process.arch,
  });
  const addonBuilt = existsSync(join(nodeModules, "better-sqlite3/build/Release/better_sqlite3.node"));
  const decision = decideInstall({
    nodeModules: kindOf(nodeModules),
    wantedStamp,
    foundStamp: readIfThere(join(nodeModules, STAMP_FILE)),
    treeMatches: installedTreeMatches(lockFile.toString("utf8"), join(nodeModules, ".package-lock.json")),
    addonBuilt,
  });
  switch (decision) {
    case "keep":
      return;
    case "keep-link":
      say(
        "node_modules is a link whose target was not installed from this package-lock.json; it is used as it is",
      );
      return;
    case "broken-link":
      throw new SetupFault(`${nodeModules} is a link to nothing: mend or remove it, then call this again.`);
    case "adopt":
      break;
    case "install":
      if (!addonBuilt) checkToolchain();
      await install(projectRoot, lockFile.toString("utf8"));
      break;
  }
  writeFileSync(join(nodeModules, STAMP_FILE), wantedStamp);
}

function checkToolchain() {
  const fault = toolchainFault();
  if (fault === undefined) return;
  if (mustCompile(Number(process.versions.node.split(".")[0]))) throw new SetupFault(fault);
  say(`${fault}. Going on: a ready binary may be had for this Node.`);
}

/**
 * @param {string} projectRoot
 * @param {string} lockText
 */
async function install(projectRoot, lockText) {
  const [command, ...prefix] = npmCommand(process.env);
  const args = installArguments(lockText);
  const result = await withProgress(
    `installing dependencies (npm ${args.join(" ")}; compiles better-sqlite3)`,
    () =>
      runCommand(command, [...prefix, ...args], {
        cwd: projectRoot,
        output: "progress",
        timeoutMs: INSTALL_TIMEOUT_MS,
      }),
  );
  if (result.code === 0) return;
  const reason = result.timedOut ? "timed out" : `ended with code ${result.code}`;
  throw new SetupFault(
    `npm ${args[0]} ${reason}; its own messages stand above. If a compiler is missing: ${installAdvice(process.platform)}. ` +
      "If the network is: npm must reach its registry once.",
  );
}

/**
 * `npm ci`, unless it would refuse the lock file for a reason that does no harm; `npm install --no-save` takes the same
 * versions from the same file, and resolves what is unlisted by the exact version that its parent names.
 * @param {string} lockText
 * @returns {string[]}
 */
function installArguments(lockText) {
  const unlisted = unlistedOptionalPackages(JSON.parse(lockText));
  if (unlisted.length === 0) return ["ci"];
  say(`package-lock.json does not list ${unlisted.length} optional packages, most of other platforms`);
  return ["install", "--no-save"];
}

/**
 * npm without a shell: on Windows `npm` is a batch file, so its script is run by this very Node where it can be found.
 * @param {NodeJS.ProcessEnv} env
 * @returns {[command: string, ...args: string[]]}
 */
export function npmCommand(env) {
  const besideNode = dirname(process.execPath);
  const candidates = [
    env["npm_execpath"] ?? "",
    join(besideNode, "node_modules/npm/bin/npm-cli.js"),
    join(besideNode, "../lib/node_modules/npm/bin/npm-cli.js"),
  ];
  const script = candidates.find((path) => basename(path) === "npm-cli.js" && existsSync(path));
  return script === undefined ? ["npm"] : [process.execPath, script];
}

/**
 * @param {string} path
 * @returns {"missing" | "folder" | "link" | "broken-link"}
 */
function kindOf(path) {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return "missing";
  if (!entry.isSymbolicLink()) return "folder";
  return existsSync(path) ? "link" : "broken-link";
}

/**
 * @param {string} path
 * @returns {string | undefined}
 */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/**
 * @param {string} lockText
 * @param {string} installedPath
 * @returns {boolean}
 */
function installedTreeMatches(lockText, installedPath) {
  const installedText = readIfThere(installedPath);
  if (installedText === undefined) return false;
  try {
    return treeMatches(JSON.parse(lockText), JSON.parse(installedText));
  } catch {
    return false;
  }
}
