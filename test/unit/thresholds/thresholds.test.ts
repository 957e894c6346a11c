import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Exact, exactOf } from "../../../src/billing/rating/exact.ts";
import { ratioOfCharge, rounded } from "../../../src/billing/ratio.ts";
import { SharedWatch } from "../../../src/billing/thresholds/shared-watch.ts";
import { commitmentTargets, creditTargets } from "../../../src/billing/thresholds/targets.ts";
import {
  MAX_SEARCHED_QUANTITY,
  type MonotoneCharge,
  thresholdQuantity,
} from "../../../src/billing/thresholds/threshold-quantity.ts";
import { ThresholdWatch } from "../../../src/billing/thresholds/threshold-watch.ts";
import { chargeOfPrice } from "../../oracle/pricing/commitments/unit-charge.ts";

/** Charges of prices as the pipeline has them: quantities of two decimal places, cents. */
function chargeFunction(fields: Readonly<Record<string, unknown>>): MonotoneCharge {
  const charge = chargeOfPrice(fields);
  return (quantity) => rounded(ratioOfCharge(charge(exactOf(quantity), new Exact(100)), 2));
}

const decimals = fc.integer({ min: 0, max: 400 }).map((cents) => String(cents / 100));
const charges: fc.Arbitrary<MonotoneCharge> = fc.oneof(
  decimals.map((unit_price) => chargeFunction({ model: "per_unit", unit_price })),
  fc
    .tuple(decimals, decimals, decimals, fc.integer({ min: 1, max: 50 }))
    .map(([first, second, flat_fee, up_to]) =>
      chargeFunction({
        model: "graduated",
        tiers: [
          { up_to: String(up_to), unit_price: first },
          { unit_price: second, flat_fee },
        ],
      }),
    ),
);
const quantities = fc.bigInt({ min: -500n, max: 10_000n });
const percentLists = fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { maxLength: 4 });

describe("the quantity at which a charge is reached", () => {
  test("is the least: one less is charged less", () => {
    fc.assert(
      fc.property(
        charges,
        fc.bigInt({ min: -1_000n, max: 10n ** 7n }),
        quantities,
        (chargeOf, target, near) => {
          const found = thresholdQuantity(chargeOf, target, near);
          const reaches = (quantity: bigint): boolean => chargeOf(quantity) >= target;
          const expected = found === undefined ? [false, false] : [true, found === -MAX_SEARCHED_QUANTITY]; // whole range reaches it
          const at = found ?? MAX_SEARCHED_QUANTITY;
          expect([reaches(at), reaches(at - 1n)]).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("needs few calls of the charge function, also far away", () => {
    let calls = 0;
    const chargeOf: MonotoneCharge = (quantity) => {
      calls += 1;
      return quantity / 7n;
    };
    expect(thresholdQuantity(chargeOf, 10n ** 30n, 0n)).toBe(7n * 10n ** 30n);
    expect(calls).toBeLessThan(220);
    expect(thresholdQuantity(() => 5n, 6n, 0n)).toBeUndefined();
    expect(thresholdQuantity(() => 5n, 5n, 0n)).toBe(-MAX_SEARCHED_QUANTITY);
  });
});

describe("targets", () => {
  test("of a commitment are the smallest whole amounts of at least so many percent, each once, ascending", () => {
    expect(commitmentTargets(1_001n, [100, 80, 80])).toEqual([
      { percent: 80, amount: 801n },
      { percent: 100, amount: 1_001n },
    ]);
  });

  test("of credits are charges that leave at most so many percent of what was granted", () => {
    expect(creditTargets(999n, 500n, 1_000n, [0, 10])).toEqual([
      { percent: 10, amount: 1_401n }, // leaves 99
      { percent: 0, amount: 1_500n },
    ]);
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10_000n }),
        fc.bigInt({ min: 0n, max: 10_000n }),
        fc.integer({ min: 0, max: 100 }),
        fc.bigInt({ min: 0n, max: 20_000n }),
        (granted, balance, percent, more) => {
          const [target] = creditTargets(granted, balance, 7n, [percent]);
          const isLow = (balance - more) * 100n <= granted * BigInt(percent);
          expect(7n + more >= (target?.amount ?? 0n)).toBe(isLow);
        },
      ),
    );
  });
});

/** What each update should report: targets that are reached and were not reported, by the charges themselves. */
function naive(commitment: bigint, percents: readonly number[]) {
  const reported = new Set<number>();
  return (charged: bigint): readonly number[] => {
    const now = [...percents]
      .sort((a, b) => a - b)
      .filter((percent) => !reported.has(percent) && charged * 100n >= commitment * BigInt(percent));
    for (const percent of now) reported.add(percent);
    return now;
  };
}

describe("watching one price", () => {
  test("reports at each step what the check of every charge reports, also after a restart", () => {
    fc.assert(
      fc.property(
        charges,
        fc.bigInt({ min: 1n, max: 20_000n }),
        percentLists,
        fc.array(quantities, { maxLength: 30, size: "max" }),
        fc.nat(30),
        (chargeOf, commitment, percents, steps, restartAt) => {
          const targets = commitmentTargets(commitment, percents);
          let watch = new ThresholdWatch(chargeOf, targets, 0, 0n);
          const check = naive(commitment, percents);
          for (const [index, quantity] of steps.entries()) {
            if (index === restartAt)
              watch = new ThresholdWatch(chargeOf, targets, watch.reported, steps[index - 1] ?? 0n);
            expect(watch.update(quantity).map(({ percent }) => percent)).toEqual(check(chargeOf(quantity)));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("charges nothing between two thresholds: an update is one comparison", () => {
    let calls = 0;
    const watch = new ThresholdWatch(
      (quantity) => {
        calls += 1;
        return quantity;
      },
      commitmentTargets(1_000_000n, [80, 100]),
      0,
      0n,
    );
    expect(watch.nextQuantity).toBe(800_000n);
    calls = 0;
    for (let quantity = 0n; quantity < 800_000n; quantity += 1_000n)
      expect(watch.update(quantity)).toEqual([]);
    expect(calls).toBe(0);
    expect(watch.update(800_000n)).toEqual([{ percent: 80, amount: 800_000n }]);
    expect(watch.update(2_000_000n)).toEqual([{ percent: 100, amount: 1_000_000n }]);
    expect(watch.nextQuantity).toBeUndefined();
  });
});

describe("watching several prices together", () => {
  test("reports at each step what the sum of all charges says, also after a restart", () => {
    fc.assert(
      fc.property(
        fc.array(charges, { minLength: 1, maxLength: 4 }),
        fc.bigInt({ min: 1n, max: 40_000n }),
        percentLists,
        fc.array(fc.tuple(fc.nat(3), quantities), { maxLength: 30, size: "max" }),
        fc.nat(30),
        (chargesOf, commitment, percents, steps, restartAt) => {
          const targets = commitmentTargets(commitment, percents);
          const prices = chargesOf.map((chargeOf) => ({ chargeOf, quantity: 0n }));
          let watch = new SharedWatch(prices, targets, 0);
          const check = naive(commitment, percents);
          for (const [index, [at, quantity]] of steps.entries()) {
            if (index === restartAt) watch = new SharedWatch(prices, targets, watch.reported);
            const place = at % prices.length;
            prices[place] = { chargeOf: prices[place]!.chargeOf, quantity };
            const total = prices.reduce((sum, price) => sum + price.chargeOf(price.quantity), 0n);
            expect(watch.update(place, quantity).map(({ percent }) => percent)).toEqual(check(total));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("reports what was reached before it began with any update at which it still is", () => {
    const prices = [0, 1].map(() => ({ chargeOf: (quantity: bigint) => quantity, quantity: 700n }));
    const watch = new SharedWatch(prices, commitmentTargets(1_000n, [100]), 0);
    expect(watch.update(0, 200n)).toEqual([]);
    expect(watch.update(1, 900n)).toEqual([{ percent: 100, amount: 1_000n }]);
    const other = new SharedWatch(prices, commitmentTargets(1_000n, [100]), 0);
    expect(other.update(0, 300n)).toEqual([{ percent: 100, amount: 1_000n }]);
  });

  test("adds charges up only when a price has used up its share", () => {
    let calls = 0;
    const chargeOf: MonotoneCharge = (quantity) => {
      calls += 1;
      return quantity;
    };
    const prices = [0, 1].map(() => ({ chargeOf, quantity: 0n }));
    const watch = new SharedWatch(prices, commitmentTargets(1_000n, [100]), 0);
    calls = 0;
    for (let quantity = 0n; quantity < 500n; quantity++) {
      watch.update(0, quantity);
      watch.update(1, quantity);
    }
    expect(calls).toBe(0);
    expect(watch.update(0, 999n)).toEqual([{ percent: 100, amount: 1_000n }]);
    expect(() => watch.update(2, 0n)).toThrow(RangeError);
  });
});
