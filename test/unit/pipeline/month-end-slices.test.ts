import { describe, expect, test } from "vitest";
import { EngineDriver } from "../../../bench/month-end/engine-driver.ts";
import {
  expectedHash,
  monthEndCatalog,
  monthUsage,
  nextMonthUsage,
} from "../../../bench/month-end/month-end-load.ts";
import { SliceBudget, UNITS_PER_SLICE } from "../../../src/model/sliced-work.ts";

const MONTH_END = { endMs: Date.parse("2026-03-01T00:00:00Z"), accounts: 3_000 };
/** The largest piece that nothing divides: a run of a sort. */
const LARGEST_PIECE_UNITS = 1_024 * 10;
/** No output costs less: closing a period. */
const LEAST_UNITS_PER_OUTPUT = 80;

class RecordedBudget extends SliceBudget {
  mostUnits = 0;

  override begin(): void {
    this.mostUnits = Math.max(this.mostUnits, this.spent);
    super.begin();
  }
}

function setUp(): { readonly budget: RecordedBudget; readonly driver: EngineDriver } {
  const budget = new RecordedBudget();
  const driver = new EngineDriver(monthEndCatalog(MONTH_END), budget);
  driver.process(monthUsage(MONTH_END));
  driver.checkpoint();
  driver.beginMeasuring();
  return { budget, driver };
}

describe("a month's end of many contracts", () => {
  test("completes windows and closes periods in slices of bounded work, at one event", () => {
    const { budget, driver } = setUp();
    driver.process(nextMonthUsage(MONTH_END, 1));
    const outputs = driver.sliceOutputs;
    // A window and the end of its period for each account with usage: most have some.
    expect(outputs.reduce((total, count) => total + count, 0)).toBeGreaterThan(1.5 * MONTH_END.accounts);
    expect(Math.max(...outputs)).toBeLessThanOrEqual(UNITS_PER_SLICE / LEAST_UNITS_PER_OUTPUT);
    expect(budget.mostUnits).toBeLessThan(UNITS_PER_SLICE + LARGEST_PIECE_UNITS);
  });

  test("takes up a catalog in slices of bounded work", () => {
    const { budget, driver } = setUp();
    driver.useCatalog(monthEndCatalog({ ...MONTH_END, accounts: MONTH_END.accounts + 1 }));
    expect(driver.slicesMs.length).toBeGreaterThan(1);
    expect(budget.mostUnits).toBeLessThan(UNITS_PER_SLICE + LARGEST_PIECE_UNITS);
  });

  test("bills the same documents wherever slices end", async () => {
    const monthEnd = { ...MONTH_END, accounts: 500 };
    const driver = new EngineDriver(monthEndCatalog(monthEnd), new SliceBudget(777));
    driver.process(monthUsage(monthEnd));
    driver.process(nextMonthUsage(monthEnd, 1));
    await driver.bill();
    expect(driver.documents).toBe(monthEnd.accounts);
    expect(driver.takeHash()).toBe(expectedHash(monthEnd));
  });

  test("gives no checkpoint and takes nothing up before all of it is done", () => {
    const { driver } = setUp();
    const { engine } = driver;
    const { usageSequence } = engine.position;
    const record = {
      kind: "close",
      upToMs: MONTH_END.endMs + 2 * 3_600_000,
      actor: "test",
      reason: "test",
    } as const;
    const decision = { ...record, appliesAfter: usageSequence, decidedAt: "" };
    const sequence = engine.position.controlSequence + 1;
    const work = engine.applyInSlices({ sequence, record: decision }, new Uint8Array(0), undefined, []);
    expect(work.next().done).toBe(false);
    expect(engine.isBetweenPositions).toBe(true);
    expect(() => engine.freeze()).toThrow("before the last step was done");
    expect(() => {
      engine.process([]);
    }).toThrow("before the last step was done");
    while (work.next().done !== true);
    expect(engine.isBetweenPositions).toBe(false);
    expect(engine.freeze().position.controlSequence).toBe(sequence);
  });
});
