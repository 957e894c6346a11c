import { fc } from "@fast-check/vitest";
import { describe, expect, it, vi } from "vitest";
import { formatMinorUnits } from "../../../src/billing/rating/money.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { runLogs, slicesAnywhere, type CutPlan } from "../../support/engine-fixture.ts";
import { catalogs, logsOf, script } from "./engine-script.ts";

const ALL_AT_ONCE: CutPlan = { cut: () => false, commit: () => false, restart: () => false };
const ONE_BY_ONE: CutPlan = { cut: () => true, commit: () => true, restart: () => false };

/** More runs: `npm run test:long -- properties`. */
const RUNS = Number(process.env["ENGINE_PROPERTY_RUNS"] ?? 60);
// Some seconds where nothing else runs; a busy machine takes longer.
vi.setConfig({ testTimeout: Math.max(120_000, RUNS * 3_000) });

const diceOf = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 130, maxLength: 130 });

describe("the partition engine", () => {
  it("gives the same state and outputs, byte for byte, wherever runs, checkpoints and restarts fall", async () => {
    await fc.assert(
      fc.asyncProperty(script, diceOf, catalogs, async (steps, dice, used) => {
        const logs = logsOf(steps, used);
        const whole = await runLogs(logs, used.first, ALL_AT_ONCE);
        const single = await runLogs(logs, used.first, ONE_BY_ONE);
        const cuts: CutPlan = {
          cut: (i) => (dice[i] ?? 0) < 4,
          commit: (i) => (dice[i] ?? 0) < 3,
          restart: (i) => (dice[i] ?? 0) < 2,
        };
        const random = await runLogs(logs, used.first, cuts);
        const meanwhile = (i: number): number => dice[i + 1] ?? 0;
        const late = await runLogs(logs, used.first, { ...cuts, meanwhile });
        const sliced = await runLogs(logs, used.first, { ...cuts, ...slicesAnywhere(dice) });
        const expected = dumpState(whole.store);
        expect(dumpState(single.store)).toBe(expected);
        expect(dumpState(random.store)).toBe(expected);
        // Frozen, and read while the engine went on.
        expect(dumpState(late.store)).toBe(expected);
        expect(dumpState(sliced.store)).toBe(expected);
        // Kept beside the price periods, and made anew from them at a restart.
        const totals = reportOf([
          { partition: 0, engine: random.engine, store: random.store },
        ]).unbilledTotals;
        const kept = [...random.engine.rater.unbilledTotals()].filter(([, total]) => total.minorUnits !== 0n);
        expect(
          kept.map(([currency, { exponent, minorUnits }]) => ({
            currency,
            amount: formatMinorUnits(minorUnits, exponent),
          })),
        ).toEqual(
          totals
            .filter(({ amount }) => /[1-9]/.test(amount))
            .map(({ currency, amount }) => ({ currency, amount })),
        );
        for (const { store } of [whole, single, random, late, sliced]) store.close();
      }),
      { numRuns: RUNS },
    );
  });

  it("balances after any log", async () => {
    await fc.assert(
      fc.asyncProperty(script, catalogs, async (steps, used) => {
        const { store, engine } = await runLogs(logsOf(steps, used), used.first, ALL_AT_ONCE);
        const report = reportOf([{ partition: 0, engine, store }]);
        expect(report.checks.filter((check) => !check.balanced)).toEqual([]);
        const events = steps.filter(({ step }) => step.kind === "event").length;
        expect(report.counts.read).toBeGreaterThanOrEqual(events);
        store.close();
      }),
      { numRuns: RUNS },
    );
  });
});
