import { afterAll, describe, expect, it } from "vitest";
import { BY_CHOICE } from "../../oracle/pricing/by-choice.ts";
import { isEqual, loadPricingCases, runCase } from "../../oracle/pricing/runner.ts";
import type { PricingCase } from "../../oracle/pricing/adapter.ts";

const BUNDLED = new URL("../../oracle/data/pricing.json", import.meta.url);
const given = process.env["TRIBUTARY_ORACLE_PRICING"];
const cases = loadPricingCases(given ?? BUNDLED);
/** The lists name cases of the bundled file by its ids; another file may use the same ids for other cases. */
const bundled = new Map(loadPricingCases(BUNDLED).map((known) => [known.id, known]));
const byChoice = new Map(BY_CHOICE.map((entry) => [entry.id, entry]));

const COLUMNS = ["agree", "by choice", "disagree", "no adapter"] as const;
type Column = (typeof COLUMNS)[number];
const table = new Map<string, Record<Column, number>>();
const unanswered = new Set<string>();

function isBundled(pricingCase: PricingCase): boolean {
  return isEqual(bundled.get(pricingCase.id) ?? null, pricingCase);
}

/** The column that a case counts in, and what is wrong with it. */
async function judge(
  pricingCase: PricingCase,
): Promise<{ readonly column: Column; readonly fault?: string }> {
  const choice = isBundled(pricingCase) ? byChoice.get(pricingCase.id) : undefined;
  const result = await runCase(pricingCase);
  switch (result.status) {
    case "agree":
      if (choice === undefined) return { column: "agree" };
      return { column: "disagree", fault: "agrees, but is listed" };
    case "no adapter":
      unanswered.add(`${pricingCase.id} (${result.reason})`);
      return { column: "no adapter" };
    case "differ": {
      const answer = JSON.stringify(result.answer);
      if (choice === undefined) return { column: "disagree", fault: `our answer is ${answer}` };
      if (isEqual(result.answer, choice.ourAnswer)) return { column: "by choice" };
      return { column: "disagree", fault: `our answer is ${answer}, not the listed one` };
    }
    default:
      throw new RangeError("a result of no known status");
  }
}

describe("pricing cases of other systems", () => {
  for (const pricingCase of cases) {
    it(`${pricingCase.id} ${pricingCase.model}`, async () => {
      const { column, fault } = await judge(pricingCase);
      const row = table.get(pricingCase.model) ?? zeroes();
      row[column] += 1;
      table.set(pricingCase.model, row);
      expect(fault).toBeUndefined();
    });
  }

  it("finds cases, and every listed one with its reason, once", () => {
    expect(cases.length).toBeGreaterThan(0);
    expect(byChoice.size).toBe(BY_CHOICE.length);
    expect(BY_CHOICE.filter(({ id }) => !bundled.has(id))).toEqual([]);
    for (const { reason } of BY_CHOICE) expect(reason.length).toBeGreaterThan(20);
    expect(BY_CHOICE.length).toBeLessThan(20);
  });

  it("compares figures, not how they are written", () => {
    expect(isEqual({ amount: "1.50", lines: [1, "2.0"] }, { amount: "1.5", lines: ["1", 2] })).toBe(true);
    expect(isEqual({ amount: "1.5" }, { amount: "1.50001" })).toBe(false);
    expect(isEqual(["0.1"], ["0.1", "0"])).toBe(false);
    expect(isEqual({ amount: "1" }, { amount: "1", lines: 1 })).toBe(false);
    expect(isEqual(null, "0")).toBe(false);
  });

  afterAll(() => {
    const total = zeroes();
    for (const row of table.values()) for (const name of COLUMNS) total[name] += row[name];
    const rows = [...table].sort(([a], [b]) => (a < b ? -1 : 1));
    console.table(Object.fromEntries([...rows, ["all", total]]));
    if (unanswered.size > 0) console.info(`no adapter: ${[...unanswered].join(", ")}`);
  });
});

function zeroes(): Record<Column, number> {
  return { agree: 0, "by choice": 0, disagree: 0, "no adapter": 0 };
}
