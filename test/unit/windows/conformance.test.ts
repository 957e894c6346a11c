import { afterAll, describe, expect, it } from "vitest";
import { LISTED } from "../../oracle/windows/listed.ts";
import { runCase } from "../../oracle/windows/run-case.ts";
import { loadCases, type WindowCase } from "../../oracle/windows/window-case.ts";

const BUNDLED = new URL("../../oracle/data/windows.json", import.meta.url);
const given = process.env["TRIBUTARY_ORACLE_WINDOWS"];
const cases = loadCases(given ?? BUNDLED);
const reasons = new Map(LISTED.map(({ id, reason }) => [id, reason]));

/** Column of the table that a case counts in. */
type Column = "pass" | "listed" | "fail" | "unsupported";
const table = new Map<string, Record<Column, number>>();
const kinds = new Map<string, string[]>();

function count(windowCase: WindowCase, column: Column): void {
  let row = table.get(windowCase.category);
  if (row === undefined)
    table.set(windowCase.category, (row = { pass: 0, listed: 0, fail: 0, unsupported: 0 }));
  row[column]++;
}

/** Counts the case and returns what is wrong with its result, undefined where nothing is. */
function judge(windowCase: WindowCase): string | undefined {
  const result = runCase(windowCase);
  const listed = reasons.has(windowCase.id);
  if (result.status === "pass") {
    count(windowCase, listed ? "fail" : "pass");
    return listed ? "passes, but is listed" : undefined;
  }
  if (listed) {
    count(windowCase, "listed");
    return undefined;
  }
  if (result.status === "fail") {
    count(windowCase, "fail");
    return result.detail;
  }
  count(windowCase, "unsupported");
  kinds.set(result.kind, [
    ...(kinds.get(result.kind) ?? []),
    `${windowCase.id} (${windowCase.applicability})`,
  ]);
  // Every case of the bundled file is known: one that can't run must be listed.
  return given === undefined ? `unsupported kind, not listed: ${result.kind}` : undefined;
}

describe("window conformance", () => {
  for (const windowCase of cases) {
    it(`${windowCase.id} (${windowCase.applicability})`, () => {
      expect(judge(windowCase)).toBeUndefined();
    });
  }

  it("lists only cases that exist, once, each with a reason", () => {
    expect(new Set(reasons.keys()).size).toBe(LISTED.length);
    for (const { reason } of LISTED) expect(reason.length).toBeGreaterThan(20);
    const ids = new Set(loadCases(BUNDLED).map(({ id }) => id));
    expect([...reasons.keys()].filter((id) => !ids.has(id))).toEqual([]);
  });

  it("finds cases to run", () => {
    expect(cases.length).toBeGreaterThan(0);
  });

  afterAll(() => {
    console.table(Object.fromEntries([...table].sort(([a], [b]) => (a < b ? -1 : 1))));
    for (const [kind, ids] of kinds) console.info(`unsupported kind: ${kind}: ${ids.join(", ")}`);
  });
});
