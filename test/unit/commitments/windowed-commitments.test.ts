import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commitmentSchema } from "../../../src/billing/commitments/commitment-schema.ts";
import { compileCommitment } from "../../../src/billing/commitments/compile-commitment.ts";
import { applyWindowedCommitments } from "../../../src/billing/commitments/windowed-commitment.ts";
import { isLess, plus, ratio, rounded, ZERO } from "../../../src/billing/ratio.ts";

function compiled(fields: Readonly<Record<string, unknown>>) {
  const commitment = commitmentSchema.parse({ key: "c", per: "window", prices: ["p"], ...fields });
  return compileCommitment(commitment, { exponent: 2, chargeOf: () => undefined });
}

const HOUR_MS = 3_600_000;

describe("commitments per window", () => {
  const night = compiled({ amount: "1", hours: { from: 22, to: 6 }, overage_factor: "2", true_up: false });
  const rest = compiled({ amount: "3", overage_factor: "1.5" });
  const window = (start: string, minorUnits: bigint) => ({
    startMs: Date.parse(start),
    amount: ratio(minorUnits),
  });

  test("go by the hour of the account's clock, over midnight too", () => {
    const outcome = applyWindowedCommitments([rest, night], "Europe/Berlin", [
      window("2026-01-01T20:00:00Z", 400n), // 21:00: rest
      window("2026-01-01T21:00:00Z", 400n), // 22:00: night
      window("2026-01-02T04:00:00Z", 40n), // 05:00: night
      window("2026-01-02T05:00:00Z", 40n), // 06:00: rest
    ]);
    expect(outcome.windows.map(({ charge }) => rounded(charge))).toEqual([450n, 700n, 40n, 300n]);
    expect([outcome.atNormalRate, outcome.overage, outcome.trueUp].map((value) => rounded(value))).toEqual([
      480n,
      750n,
      260n,
    ]);
    expect(outcome.total).toBe(1_490n);
  });

  test("end before the hour that they end at", () => {
    const morning = compiled({ amount: "0", hours: { from: 9, to: 12 }, overage_factor: "2" });
    const hours = [8, 9, 11, 12].map((hour) => ({ startMs: hour * HOUR_MS, amount: ratio(10n) }));
    const { windows } = applyWindowedCommitments([morning], "UTC", hours);
    expect(windows.map(({ charge }) => rounded(charge))).toEqual([10n, 20n, 20n, 10n]);
  });

  test("leave windows that none is for at their normal rate", () => {
    const outcome = applyWindowedCommitments([night], "UTC", [window("2026-01-01T12:00:00Z", 77n)]);
    const normal = { charge: ratio(77n), atNormalRate: ratio(77n), overage: ZERO, trueUp: ZERO };
    expect(outcome.windows).toEqual([normal]);
  });

  test("round once, over all windows", () => {
    const thirds = [0, 1, 2].map((hour) => ({ startMs: hour * HOUR_MS, amount: ratio(1n, 3n) }));
    expect(applyWindowedCommitments([], "UTC", thirds).total).toBe(1n);
    const half = [{ startMs: 0, amount: ratio(1n, 2n) }];
    expect(applyWindowedCommitments([], "UTC", half, "half_even").total).toBe(0n);
    expect(applyWindowedCommitments([], "UTC", half).total).toBe(1n);
  });

  test("add up, and with true-ups no window is below its commitment", () => {
    const amounts = fc
      .tuple(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.bigInt({ min: 1n, max: 1000n }))
      .map(([numerator, denominator]) => ratio(numerator, denominator));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 47 }), amounts)), (given) => {
        const windows = given.map(([hour, amount]) => ({ startMs: hour * HOUR_MS, amount }));
        const outcome = applyWindowedCommitments([rest], "UTC", windows);
        for (const { charge, atNormalRate, overage, trueUp } of [...outcome.windows, outcome])
          expect(plus(plus(atNormalRate, overage), trueUp)).toEqual(charge);
        for (const { charge } of outcome.windows) expect(isLess(charge, rest.amountPerWindow)).toBe(false);
      }),
    );
  });
});
