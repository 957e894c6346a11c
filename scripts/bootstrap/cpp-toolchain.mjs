// @ts-check
import { findExecutable } from "./find-executable.mjs";

/** better-sqlite3 publishes ready binaries only from this Node on; below it, it must be compiled. */
const FIRST_NODE_MAJOR_WITH_BINARIES = 22;

/** Each tool with the commands that can play its part. */
const TOOLS = [
  { name: "python3", commands: ["python3", "python"] },
  { name: "make", commands: ["make", "gmake"] },
  { name: "a C++ compiler", commands: ["c++", "g++", "clang++"] },
];

/**
 * @param {(command: string) => boolean} exists
 * @returns {string[]} the names of the tools that no command was found for
 */
export function missingTools(exists) {
  return TOOLS.filter((tool) => !tool.commands.some(exists)).map((tool) => tool.name);
}

/**
 * @param {NodeJS.Platform} platform
 * @returns {string}
 */
export function installAdvice(platform) {
  if (platform === "darwin") return "xcode-select --install";
  if (platform === "win32") return "the Visual Studio Build Tools with the C++ workload, and Python 3";
  return "apt-get install python3 make g++ (Debian, Ubuntu), or the same three from your distribution";
}

/**
 * What is wrong with the machine's C++ toolchain, with what to install.
 * @param {{ platform?: NodeJS.Platform, exists?: (command: string) => boolean }} [machine]
 * @returns {string | undefined} undefined when nothing is missing
 */
export function toolchainFault(machine = {}) {
  const platform = machine.platform ?? process.platform;
  // node-gyp finds Visual Studio by the registry, not by PATH: its own message is the better one there.
  if (platform === "win32") return undefined;
  const missing = missingTools(machine.exists ?? ((command) => findExecutable(command) !== undefined));
  if (missing.length === 0) return undefined;
  return `better-sqlite3 is compiled on this machine, and ${missing.join(", ")} can't be found. Install: ${installAdvice(platform)}`;
}

/**
 * @param {number} nodeMajor
 * @returns {boolean} whether the installation can't succeed without a compiler
 */
export function mustCompile(nodeMajor) {
  return nodeMajor < FIRST_NODE_MAJOR_WITH_BINARIES;
}
