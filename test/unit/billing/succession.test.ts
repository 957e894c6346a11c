import { describe, expect, test } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import { parseCanonical } from "../../../src/billing/catalog/load.ts";
import { successionFaults } from "../../../src/billing/catalog/succession.ts";
import { BASE_FILES, loaded } from "./catalog-fixture.ts";

function faultsOf(changes: Readonly<Record<string, string | undefined>>): string[] {
  const compile = (load: ReturnType<typeof loaded>) => compileCatalog(load.catalog, load.version);
  return successionFaults(compile(loaded()), compile(loaded(changes)));
}

/** The base file with one text replaced. */
function edited(file: string, from: string, to: string): Record<string, string> {
  const text = BASE_FILES[file] ?? "";
  expect(text).toContain(from);
  return { [file]: text.replace(from, to) };
}

describe("a catalog that follows another", () => {
  test("may add entities and end a contract for one on another version of the plan", () => {
    expect(faultsOf({})).toEqual([]);
    const second = BASE_FILES["plans/api.yaml"]?.replace("version: 1", "version: 2").replace("0.333", "0.5");
    const contract = BASE_FILES["contracts/c.yaml"] ?? "";
    const next = contract
      .replace("version: 1", "version: 2")
      .replace("id: C1", "id: C2")
      .replace(/start: .*/, "start: 2026-06-01");
    expect(
      faultsOf({
        ...(second === undefined ? {} : { "plans/api-2.yaml": second }),
        "contracts/c.yaml": `${contract}end: 2026-06-01\n`,
        "contracts/next.yaml": next,
        "customers/more.yaml": "id: more\nname: More\n",
      }),
    ).toEqual([]);
  });

  test("keeps what a contract's usage is charged by: late usage still is", () => {
    const second = BASE_FILES["plans/api.yaml"]?.replace("version: 1", "version: 2") ?? "";
    const contract = BASE_FILES["contracts/c.yaml"] ?? "";
    const fault =
      "contract C1 can't change its plan or commitments, which late usage is charged by: end it and add another one";
    expect(
      faultsOf({
        "plans/api-2.yaml": second,
        "contracts/c.yaml": contract.replace("version: 1", "version: 2"),
      }),
    ).toEqual([fault]);
    expect(
      faultsOf({ "contracts/c.yaml": `${contract}commitments: [{ key: least, amount: 10 }]\n` }),
    ).toEqual([fault]);
  });

  test("keeps every meter as it counts", () => {
    expect(faultsOf(edited("meters/requests.yaml", "scale: 2", "scale: 3"))).toEqual([
      "meter requests: aggregation and scale can't change; add a new meter",
    ]);
    expect(faultsOf(edited("meters/requests.yaml", "zone: az, ", ""))).toEqual([
      "meter requests: group_by can't change; add a new meter",
    ]);
    expect(faultsOf({ "meters/logins.yaml": undefined })).toEqual([
      "meter logins is missing: meters with usage can't be removed",
    ]);
    expect(faultsOf({ "settings.yaml": `${BASE_FILES["settings.yaml"]}cell_minutes: 30\n` })).toEqual([
      "settings.yaml: cell_minutes can't change",
    ]);
  });

  test("is compared by what it says, also with one that was read back from its canonical form", () => {
    const first = loaded();
    const stored = compileCatalog(parseCanonical(first.canonical), first.version);
    const prices = BASE_FILES["plans/api.yaml"]?.split("\n") ?? [];
    const swapped = [...prices.slice(0, 5), prices[6], prices[5], ...prices.slice(7)].join("\n");
    const second = loaded({ "plans/api.yaml": swapped, "customers/more.yaml": "id: more\nname: More\n" });
    expect(second.version).not.toBe(first.version);
    expect(successionFaults(stored, compileCatalog(second.catalog, second.version))).toEqual([]);
  });

  test("keeps what a version of a plan says", () => {
    expect(faultsOf(edited("plans/api.yaml", "0.333", "0.334"))).toEqual([
      "plan api@1 has changed: raise its version",
    ]);
  });

  test("keeps contracts: they end, they don't disappear or turn into others", () => {
    const other = BASE_FILES["contracts/c.yaml"]?.replace("id: C1", "id: C2") ?? "";
    expect(faultsOf({ "contracts/c.yaml": other })).toEqual([
      "contract C1 is missing: give it an end instead",
    ]);
    const changed =
      "contract C1 can't change its account, currency, time zone, billing periods, legal entity or start: end it and add another one";
    for (const [from, to] of [
      ["Europe/Berlin", "America/New_York"],
      ["acme.com", "acme.org"],
      ["start: 2026-01-01", "start: 2026-02-01"],
      ["start: 2026-01-01", "start: 2026-01-01\nbilling_months: 3"],
      ["start: 2026-01-01", "start: 2026-01-01\nbilling_anchor_day: 7"],
    ] as const) {
      expect(faultsOf(edited("contracts/c.yaml", from, to))).toEqual([changed]);
    }
  });
});
