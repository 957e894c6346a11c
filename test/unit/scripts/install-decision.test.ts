import { expect, it } from "vitest";
import {
  installAdvice,
  missingTools,
  mustCompile,
  toolchainFault,
} from "../../../scripts/bootstrap/cpp-toolchain.mjs";
import {
  decideInstall,
  installStamp,
  treeMatches,
  unlistedOptionalPackages,
  type InstallState,
} from "../../../scripts/bootstrap/install-decision.mjs";

const machine = { abi: "115", platform: "linux", arch: "x64" };

it("changes the stamp with the lock file and with the binary interface", () => {
  const stamp = installStamp("lock", machine);
  expect(installStamp(Buffer.from("lock"), machine)).toBe(stamp);
  expect(installStamp("lock ", machine)).not.toBe(stamp);
  expect(installStamp("lock", { ...machine, abi: "127" })).not.toBe(stamp);
  expect(installStamp("lock", { ...machine, arch: "arm64" })).not.toBe(stamp);
});

const upToDate: InstallState = {
  nodeModules: "folder",
  wantedStamp: "new",
  foundStamp: "new",
  treeMatches: true,
  addonBuilt: true,
};

it.each<[string, Partial<InstallState>, string]>([
  ["all is there", {}, "keep"],
  ["nothing is there", { nodeModules: "missing", foundStamp: undefined }, "install"],
  ["the lock file changed", { foundStamp: "old", treeMatches: false }, "install"],
  ["Node changed, the packages did not", { foundStamp: "old" }, "install"],
  ["the addon is not built", { addonBuilt: false }, "install"],
  ["someone ran npm ci", { foundStamp: undefined }, "adopt"],
  ["someone installed something else", { foundStamp: undefined, treeMatches: false }, "install"],
  ["a link to the same packages", { nodeModules: "link", foundStamp: undefined }, "keep"],
  ["a link to other packages", { nodeModules: "link", foundStamp: "old", treeMatches: false }, "keep-link"],
  ["a link to nothing", { nodeModules: "broken-link", foundStamp: undefined }, "broken-link"],
])("when %s", (_, change, decision) => {
  expect(decideInstall({ ...upToDate, ...change })).toBe(decision);
});

it("compares what npm installed with the lock file", () => {
  const wanted = {
    packages: {
      "": { version: "0.1.0" },
      "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
      "node_modules/other-platform": { version: "1.0.0", integrity: "sha512-o", optional: true },
    },
  };
  const a = { version: "1.0.0", integrity: "sha512-a" };
  expect(treeMatches(wanted, { packages: { "node_modules/a": a } })).toBe(true);
  expect(treeMatches(wanted, { packages: {} })).toBe(false);
  expect(treeMatches(wanted, { packages: { "node_modules/a": { ...a, version: "1.0.1" } } })).toBe(false);
  expect(treeMatches(wanted, { packages: { "node_modules/a": { ...a, integrity: "sha512-b" } } })).toBe(
    false,
  );
  expect(treeMatches(wanted, { packages: { "node_modules/a": a, "node_modules/b": a } })).toBe(false);
});

it("finds the optional packages that a lock file leaves out, looking outwards as Node does", () => {
  const parent = {
    version: "1.0.0",
    optionalDependencies: { inner: "1.0.0", outer: "1.0.0", "@scope/absent": "1.0.0" },
  };
  const packages = {
    "": { version: "0.1.0", optionalDependencies: { outer: "1.0.0" } },
    "node_modules/@scope/middle": { version: "1.0.0" },
    "node_modules/@scope/middle/node_modules/parent": parent,
    "node_modules/@scope/middle/node_modules/inner": { version: "1.0.0" },
    "node_modules/outer": { version: "1.0.0" },
  };
  expect(unlistedOptionalPackages({ packages })).toEqual(["@scope/absent"]);
  expect(unlistedOptionalPackages({})).toEqual([]);
});

it("names the missing build tools and how to install them", () => {
  const has =
    (...commands: string[]) =>
    (command: string) =>
      commands.includes(command);
  expect(missingTools(has("python3", "gmake", "clang++"))).toEqual([]);
  expect(toolchainFault({ platform: "linux", exists: has("python3", "make", "g++") })).toBeUndefined();
  const fault = toolchainFault({ platform: "linux", exists: has("make") });
  expect(fault).toContain("python3, a C++ compiler can't be found");
  expect(fault).toContain("apt-get install python3 make g++");
  expect(installAdvice("darwin")).toBe("xcode-select --install");
  expect(mustCompile(20)).toBe(true);
  expect(mustCompile(24)).toBe(false);
});
