import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { contract, SERVED_FILES } from "./service-fixture.ts";

let stdout = "";
beforeEach(() => {
  stdout = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
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

function write(folder: string, path: string, content: unknown): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

/** A catalog with a contract of each legal entity, and usage of both in January. */
function project(): { folder: string; catalog: string; events: string } {
  const folder = temporaryFolder();
  const catalog = join(folder, "catalog");
  const contracts = [contract(), contract({ id: "D", account: "other", legal_entity: "other" })];
  for (const [path, content] of Object.entries({ ...SERVED_FILES, "contracts/all.json": contracts }))
    write(catalog, path, content);
  const event = (account: string) =>
    JSON.stringify({
      specversion: "1.0",
      id: account,
      source: "test",
      type: "usage",
      subject: account,
      region: "eu",
      time: "2026-01-10T00:00:00Z",
      data: { amount: 100 },
    });
  return { folder, catalog, events: write(folder, "events.ndjson", `${event("acme")}\n${event("other")}\n`) };
}

test("simulate asks no service and guesses nothing: it holds such documents and says so", async () => {
  const { catalog, events } = project();
  const simulate = ["simulate", "--catalog", catalog, "--events", events, "--until", "2026-02-10T00:00:00Z"];
  expect(await run(...simulate)).toBe(0);
  expect(stdout).toContain("Held without tax and number: 1 documents (tax-pending).");
  stdout = "";
  expect(await run(...simulate, "--json")).toBe(0);
  const { invoices }: { invoices: { account: string; status: string; hold?: unknown }[] } =
    JSON.parse(stdout);
  expect(invoices.map(({ account, status, hold }) => [account, status, hold])).toEqual([
    ["acme", "held", { reason: "tax-pending", detail: "" }],
    ["other", "final", undefined],
  ]);
});

test("validate warns of a catalog and a configuration that don't speak of the same service", async () => {
  const { folder, catalog } = project();
  const config = { state_dir: join(folder, "state"), catalog_dir: catalog };
  const tax = { service: "avatax", account_id: "1", license_key: "key" };
  const warningsOf = async (content: object): Promise<unknown[]> => {
    stdout = "";
    const file = write(folder, "config.json", content);
    expect(await run("validate", "--config", file, "--json")).toBe(0);
    const { warnings }: { warnings: { path: string }[] } = JSON.parse(stdout);
    return warnings.filter(({ path }) => path === "tax");
  };
  expect(await warningsOf(config)).toEqual([
    { path: "tax", message: "is missing: documents of served will wait for a tax service" },
  ]);
  expect(await warningsOf({ ...config, tax })).toEqual([]);
  write(catalog, "legal_entities/all.json", [
    { key: "served", name: "Served" },
    { key: "other", name: "Other" },
  ]);
  expect(await warningsOf({ ...config, tax })).toEqual([
    { path: "tax", message: "is not used: no legal entity of the catalog has tax: service" },
  ]);
});

test("validate refuses a legal entity without what its taxes need", async () => {
  const { catalog } = project();
  write(catalog, "legal_entities/all.json", [
    { key: "served", name: "Served", tax: "service" },
    { key: "other", name: "Other", tax: "table" },
  ]);
  expect(await run("validate", "--catalog", catalog, "--json")).toBe(2);
  const { faults }: { faults: { path: string; message: string }[] } = JSON.parse(stdout);
  expect(faults.map(({ path, message }) => `${path} ${message}`)).toEqual([
    "legal_entities/all.json: [0].country is required where a tax service is asked: it is where it sells from",
    "legal_entities/all.json: [1].tax there are no tax rates (tax_rates/) to tax its documents by",
  ]);
});
