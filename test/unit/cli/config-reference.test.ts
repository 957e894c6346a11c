import { expect, it } from "vitest";
import { parse } from "yaml";
import { renderConfigReference } from "../../../scripts/docs/config-reference.ts";
import { workerConfigKeys, workerConfigSections } from "../../../src/cli/config/config-keys.ts";
import { postingSettingsJsonSchema } from "../../../src/cli/schemas/connections-schema.ts";
import { effectiveConfig } from "../../../src/cli/config/effective-config.ts";
import { loadWorkerConfig } from "../../../src/cli/config/worker-config.ts";
import { workerConfigJsonSchema } from "../../../src/cli/config/worker-schema.ts";
import { readProjectFile } from "../../support/project-files.ts";

const example = readProjectFile("config/example.yaml");
/** The example with the settings that are off turned on. */
const allOn = example.replaceAll(/^( *)#( *)([a-z_]+:( .*)?)$/gm, "$1$2$3");

function leaves(value: unknown, prefix = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value).flatMap(([name, below]) =>
    leaves(below, prefix === "" ? name : `${prefix}.${name}`),
  );
}

function load(text: string): ReturnType<typeof loadWorkerConfig> {
  return loadWorkerConfig({ file: "example.yaml", env: {}, readFile: () => text, defaultWorkerName: "w" });
}

it("has an example that loads, with the defaults of the schema", () => {
  const result = load(example);
  const bare = load("state_dir: data/state\ncatalog_dir: catalog\n");
  expect(result).toMatchObject({ ok: true });
  expect(result).toEqual(bare);
});

it("has every setting in the example, and no other", () => {
  const settings = workerConfigKeys().map((key) => key.path);
  expect(leaves(parse(allOn)).sort()).toEqual([...settings].sort());
});

it("has a reason above every setting or its group", () => {
  const lines = example.split("\n");
  const bare = lines.filter((line, i) => {
    const isTopSetting = /^#?[a-z_]+: \S/.test(line);
    return isTopSetting && !/^# [A-Z]/.test(lines[i - 1] ?? "");
  });
  expect(bare).toEqual([]);
});

it("describes every setting and section", () => {
  expect(workerConfigKeys().filter((key) => key.description === "")).toEqual([]);
  expect([...workerConfigSections()].filter(([, description]) => description === "")).toEqual([]);
});

it("marks the secrets, gives them no flag and masks them", () => {
  const secrets = workerConfigKeys().filter((key) => key.secret);
  expect(secrets.map((key) => key.path)).toEqual([
    "nats.password",
    "nats.token",
    "tax.license_key",
    "admin.token",
  ]);
  expect(secrets.flatMap((key) => key.flag ?? [])).toEqual([]);
  for (const key of secrets) {
    const env = {
      [key.environment]: "hunter2-hunter2-hunter2",
      ...(key.path === "nats.password" && { TRIBUTARY__NATS__USER: "u" }),
      ...(key.path === "tax.license_key" && {
        TRIBUTARY__TAX__SERVICE: "avatax",
        TRIBUTARY__TAX__ACCOUNT_ID: "1",
      }),
    };
    const result = loadWorkerConfig({ file: "f", env, readFile: () => example });
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    expect(JSON.stringify(result.config)).toContain("hunter2");
    expect(JSON.stringify(effectiveConfig(result.config))).not.toContain("hunter2");
  }
});

it("names every setting once in the environment and by flag", () => {
  const keys = workerConfigKeys();
  expect(new Set(keys.map((key) => key.environment)).size).toBe(keys.length);
  const flags = keys.flatMap((key) => key.flag ?? []);
  expect(new Set(flags).size).toBe(flags.length);
  expect(keys.find((key) => key.path === "nats.servers")).toMatchObject({
    environment: "TRIBUTARY__NATS__SERVERS",
    flag: "--nats-servers",
    kind: "list",
  });
  expect(keys.find((key) => key.path === "replicas")?.kind).toBe("integer");
});

it("publishes a JSON Schema that refuses other keys", () => {
  expect(workerConfigJsonSchema()).toMatchObject({
    additionalProperties: false,
    required: ["state_dir", "catalog_dir"],
    properties: { nats: { additionalProperties: false, properties: { token: { writeOnly: true } } } },
  });
});

it("has a reference page that follows from the schema (npm run docs)", () => {
  expect(readProjectFile("docs/configuration.md")).toBe(
    renderConfigReference(workerConfigKeys(), workerConfigSections(), postingSettingsJsonSchema()),
  );
});
