import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { renderCliReference } from "../../../scripts/docs/cli-reference.ts";
import { commandsOf, settingOptions } from "../../../src/cli/environment-twins.ts";
import { createProgram, runProgram } from "../../../src/cli/program.ts";
import { writeProject } from "../../support/cli-fixture.ts";
import { readProjectFile } from "../../support/project-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

let stdout = "";
let stderr = "";
beforeEach(() => {
  stdout = "";
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Runs a command line in this process; its exit code. */
async function run(...args: string[]): Promise<typeof process.exitCode> {
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await runProgram(["node", "tributary", ...args]);
    return process.exitCode ?? 0;
  } finally {
    process.exitCode = before;
  }
}

function project(files: Readonly<Record<string, string>> = {}): { folder: string; config: string } {
  const folder = temporaryFolder();
  const config = writeProject(folder, {
    server: "nats://127.0.0.1:1",
    partitionCount: 2,
    owned: [0],
    accounts: ["acme"],
    files,
  });
  return { folder, config };
}

describe("the command line", () => {
  test("ends with 2 for what it does not take, and says what it is", async () => {
    expect(await run("nonsense")).toBe(2);
    expect(stderr).toContain("unknown command 'nonsense'");
    expect(await run("doctor", "--nonsense")).toBe(2);
    expect(await run("recover", "--partition", "one")).toBe(2);
    expect(stderr).toContain("whole number");
    expect(await run("schema", "nonsense")).toBe(2);
    expect(await run("validate")).toBe(2);
    expect(await run("validate", "--catalog", "somewhere", "--connect")).toBe(2);
    const { config } = project();
    expect(await run("recover", "--config", config, "--accept-gap", "--partition", "0")).toBe(2);
    expect(stderr).toContain("--accept-gap needs --actor, --reason");
    expect(await run("recover", "--config", config, "--partition", "2")).toBe(2);
    expect(await run("doctor", "--config", join(config, "missing"))).toBe(2);
  });

  test("ends with 0 for help and version", async () => {
    expect(await run("--help")).toBe(0);
    expect(stdout).toContain("recover");
    expect(await run("--version")).toBe(0);
    stdout = "";
    expect(await run("version", "--json")).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ oldestNatsServer: "2.10.23", node: process.versions.node });
  });

  test("has a summary, described options and a variable for every long flag, no two alike", async () => {
    const commands = commandsOf(await createProgram()).slice(1);
    expect(commands.filter((command) => command.summary() === "" && command.description() === "")).toEqual(
      [],
    );
    const options = commands.flatMap((command) => settingOptions(command));
    expect(options.filter(({ description }) => description === "")).toEqual([]);
    // The configuration's variables (TRIBUTARY__SECTION__KEY) are shared by every command that takes its settings.
    const own = options
      .map(({ envVar }) => envVar)
      .filter((name) => name !== "TRIBUTARY_CONFIG" && name?.startsWith("TRIBUTARY__") !== true);
    expect(own.filter((name) => name === undefined || !/^TRIBUTARY_[A-Z]+(_[A-Z]+)+$/.test(name))).toEqual(
      [],
    );
    expect(new Set(own).size).toBe(own.length);
    expect(own).toContain("TRIBUTARY_INSPECT_PARTITIONS_JSON");
    expect(own).toContain("TRIBUTARY_RECOVER_ACCEPT_GAP");
  });

  test("takes an option from its variable; a flag wins, an empty one is absent", async () => {
    const good = project();
    const bad = project({ "catalog/settings.yaml": "regions: []\n" });
    const catalog = (folder: string): string => join(folder, "catalog");
    vi.stubEnv("TRIBUTARY_VALIDATE_CATALOG", catalog(bad.folder));
    expect(await run("validate")).toBe(2);
    expect(stdout).toContain("fault in catalog: settings.yaml");
    expect(await run("validate", "--catalog", catalog(good.folder))).toBe(0);
    vi.stubEnv("TRIBUTARY_VALIDATE_CATALOG", "");
    expect(await run("validate")).toBe(2);
    expect(stderr).toContain("Name what to check");
  });

  test("a switch's variable turns it on and off, and takes nothing else", async () => {
    for (const [value, json] of [
      ["1", true],
      ["true", true],
      ["0", false],
      ["false", false],
    ] as const) {
      vi.stubEnv("TRIBUTARY_VERSION_JSON", value);
      stdout = "";
      expect(await run("version")).toBe(0);
      expect(stdout.startsWith("{")).toBe(json);
    }
    vi.stubEnv("TRIBUTARY_VERSION_JSON", "perhaps");
    expect(await run("version")).toBe(2);
    expect(stderr).toContain("TRIBUTARY_VERSION_JSON must be");
  });

  test("is what docs/cli.md says (npm run docs)", async () => {
    expect(readProjectFile("docs/cli.md")).toBe(renderCliReference(await createProgram()));
  });
});

describe("validate", () => {
  test("lists the faults of configuration and catalog together, each with its path", async () => {
    const { folder, config } = project({
      "catalog/meters/requests.json": '{"key":"requests","event_type":"request","aggregation":"sums"}',
      "catalog/settings.yaml": "regions: [eu]\n",
    });
    expect(await run("validate", "--config", config, "--json")).toBe(2);
    const catalogFaults: unknown = JSON.parse(stdout);
    expect(catalogFaults).toMatchObject({ valid: false, catalog: null });
    expect(stdout).toContain("settings.yaml: grace");
    expect(stdout).toContain("meters/requests.json: aggregation");
    // With a faulty configuration the catalog has to be named to be looked at.
    writeFileSync(config, "state_dir: 7\nnonsense: 1\n");
    stdout = "";
    expect(await run("validate", "--config", config, "--catalog", join(folder, "catalog"))).toBe(2);
    expect(stdout).toContain("fault in configuration: nonsense: no such setting");
    expect(stdout).toContain("fault in configuration: catalog_dir: is required");
    expect(stdout).toContain("fault in catalog: settings.yaml: grace");
    expect(stdout).toMatch(/NOT VALID: \d+ faults\./);
  });

  test("refuses more events a day than a partition can remember the ids of", async () => {
    const { config } = project();
    // Two partitions of 400 million keys, each kept for 37 days and the nine and a quarter of its generation.
    const largest = Math.floor((2 * 400_000_000) / 46.25);
    vi.stubEnv("TRIBUTARY__PARTITIONS__EXPECTED_EVENTS_PER_DAY", String(largest));
    expect(await run("validate", "--config", config)).toBe(0);
    vi.stubEnv("TRIBUTARY__PARTITIONS__EXPECTED_EVENTS_PER_DAY", String(largest + 1));
    expect(await run("validate", "--config", config)).toBe(2);
    expect(stdout).toContain("fault in configuration: partitions.expected_events_per_day");
    expect(stdout).toContain("400000000 are its capacity");
  });

  test("prints the version, the counts and what is probably not meant", async () => {
    const { config } = project({
      "catalog/customers/idle.json": '{"id":"idle","name":"Idle"}',
      "catalog/meters/free.json": '{"key":"free","event_type":"request","aggregation":"count"}',
    });
    expect(await run("validate", "--config", config, "--json")).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: true,
      faults: [],
      warnings: [
        { path: "meters/free", message: "has no price in any plan: it is counted, not charged" },
        { path: "customers/idle", message: "has no contract" },
      ],
      catalog: {
        version: expect.stringMatching(/^[0-9a-f]{64}$/),
        counts: { meters: 2, products: 1, plans: 1, contracts: 1, customers: 2 },
      },
    });
    expect(await run("validate", "--config", config, "--connect")).toBe(1);
    expect(stderr).toContain("broker-unreachable");
  });
});
