import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyCommitment,
  type CommittedLine,
  divideAtCommitment,
} from "../../../src/billing/commitments/apply-commitment.ts";
import { commitmentSchema } from "../../../src/billing/commitments/commitment-schema.ts";
import { compileCommitment } from "../../../src/billing/commitments/compile-commitment.ts";
import { WHOLE_PERIOD } from "../../../src/billing/commitments/proration.ts";
import { isLess, plus, type Ratio, ratio, ZERO } from "../../../src/billing/ratio.ts";
import { chargeOfPrice } from "../../oracle/pricing/commitments/unit-charge.ts";

const GRADUATED = {
  model: "graduated",
  tiers: [{ up_to: "100", unit_price: "1", flat_fee: "7" }, { unit_price: "0.5" }],
};

function compiled(fields: Readonly<Record<string, unknown>>, exponent = 2) {
  return compileCommitment(commitmentSchema.parse({ key: "c", ...fields }), {
    exponent,
    chargeOf: (price) => (price === "graduated" ? chargeOfPrice(GRADUATED) : undefined),
  });
}

const amounts = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.bigInt({ min: 1n, max: 1000n }))
  .map(([numerator, denominator]) => ratio(numerator, denominator));
const lines = fc.array(
  fc.record({
    price: fc.constantFrom("a", "b", "c"),
    kind: fc.constantFrom<CommittedLine["kind"]>("recurring", "usage"),
    amount: amounts,
  }),
  { maxLength: 8 },
);
const commitments = fc
  .record({
    amount: fc.bigInt({ min: 0n, max: 10n ** 7n }).map(String),
    overage_factor: fc.constantFrom("0.5", "1", "1.25", "2"),
    prices: fc.constantFrom([], ["a"], ["a", "b"]),
    counts: fc.constantFrom(["usage"], ["recurring"], ["recurring", "usage"]),
  })
  .map((fields) => compiled(fields));

describe("schema", () => {
  const faultsOf = (fields: Readonly<Record<string, unknown>>): string[] =>
    commitmentSchema
      .safeParse({ key: "c", ...fields })
      .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

  test("has defaults and canonical decimals", () => {
    expect(commitmentSchema.parse({ key: "c", amount: "100.00" })).toEqual({
      key: "c",
      amount: "100",
      prices: [],
      counts: ["recurring", "usage"],
      overage_factor: "1",
      true_up: true,
      prorate: "days",
      per: "period",
    });
  });

  test.each([
    [{}, "amount: either amount or quantity is required, not both"],
    [
      { amount: "1", quantity: "1", prices: ["p"] },
      "amount: either amount or quantity is required, not both",
    ],
    [{ quantity: "1" }, "prices: must name exactly one price for a quantity"],
    [{ amount: "1", per: "window" }, "prices: must name exactly one price for a commitment per window"],
    [{ amount: "1", hours: { from: 1, to: 2 } }, "hours: are for commitments per window"],
    [
      { amount: "1", per: "window", prices: ["p"], hours: { from: 3, to: 3 } },
      "hours.to: must differ from `from`",
    ],
    [{ amount: "1", overage_factor: "0.0" }, "overage_factor: must be greater than 0"],
    [{ amount: "1", prices: ["p", "p"] }, "prices: names a price twice"],
    [{ amount: "1", counts: ["usage", "usage"] }, "counts: names a kind twice"],
    [{ amount: "-1" }, "amount: must not be negative"],
  ])("%o: %s", (fields, fault) => {
    expect(faultsOf(fields)).toEqual([fault]);
  });
});

describe("committed amounts", () => {
  test("are prorated by days, unless they are not to be", () => {
    const days = { covered: 30, full: 31 };
    expect(compiled({ amount: "200" }).amountFor(days)).toBe(19_355n);
    expect(compiled({ amount: "200", prorate: "none" }).amountFor(days)).toBe(20_000n);
    expect(compiled({ amount: "1000" }, 0).amountFor(days)).toBe(968n);
  });

  test("of a quantity are what the price charges for it, for a part of the period for its part", () => {
    const commitment = compiled({ quantity: "200", prices: ["graduated"] });
    expect(commitment.amountFor(WHOLE_PERIOD)).toBe(15_700n); // 7 + 100 × 1 + 100 × 0.5
    expect(commitment.amountFor({ covered: 1, full: 3 })).toBe(7_367n); // 7 + 66.67 × 1
    expect(() => compiled({ quantity: "1", prices: ["other"] })).toThrow("no price other");
  });

  test("of a quantity that the price converts are charged as the price charges them", () => {
    const bytes = chargeOfPrice({
      model: "per_unit",
      unit_price: "3",
      unit_conversion: { divide_by: "1024", round: "up" },
    });
    const commitment = commitmentSchema.parse({ key: "c", quantity: "3000", prices: ["bytes"] });
    const context = { exponent: 2, chargeOf: () => bytes };
    expect(compileCommitment(commitment, context).amountFor(WHOLE_PERIOD)).toBe(900n); // 2.93 are 3 units
  });

  test("and charges go to the even neighbour where the plan says so", () => {
    const commitment = commitmentSchema.parse({ key: "c", amount: "0.25", overage_factor: "0.5" });
    const given: CommittedLine[] = [{ price: "p", kind: "usage", amount: ratio(28n) }];
    const outcomes = (["half_even", "half_away_from_zero"] as const).map((rounding) => {
      const even = compileCommitment(commitment, { exponent: 2, rounding, chargeOf: () => undefined });
      const half = even.amountFor({ covered: 1, full: 2 });
      return [half, applyCommitment(even, 25n, given, true).lines[0]?.charge];
    });
    // 12.5, and 25 + 3 × 0.5
    expect(outcomes).toEqual([
      [12n, 26n],
      [13n, 27n],
    ]);
  });
});

describe("a commitment", () => {
  const usage = (price: string, amount: Ratio): CommittedLine => ({ price, kind: "usage", amount });

  test("divides usage in the order of first use, recurring charges first and without the factor", () => {
    const commitment = compiled({ amount: "10", overage_factor: "1.5" });
    const fee: CommittedLine = { price: "fee", kind: "recurring", amount: ratio(300n) };
    const given = [usage("a", ratio(600n)), fee, usage("b", ratio(400n))];
    expect(applyCommitment(commitment, 1_000n, given, true)).toEqual({
      commitment: 1_000n,
      lines: [
        { price: "a", kind: "usage", charge: 600n, overage: 0n },
        { price: "fee", kind: "recurring", charge: 300n, overage: 0n },
        { price: "b", kind: "usage", charge: 550n, overage: 450n }, // 100 + 300 × 1.5
      ],
      trueUp: 0n,
      total: 1_450n,
    });
    const feeAlone = applyCommitment(commitment, 100n, [fee, usage("a", ratio(1n))], true);
    expect(feeAlone.lines.map(({ charge }) => charge)).toEqual([300n, 2n]);
  });

  test("misses nothing before the end, and what other prices charge does not count", () => {
    const commitment = compiled({ amount: "10", prices: ["a"], counts: ["usage"] });
    const given = [usage("a", ratio(100n)), usage("b", ratio(5_000n))];
    expect(applyCommitment(commitment, 1_000n, given, false)).toMatchObject({ trueUp: 0n, total: 5_100n });
    expect(applyCommitment(commitment, 1_000n, given, true)).toMatchObject({ trueUp: 900n, total: 6_000n });
    const without = compiled({ amount: "10", true_up: false });
    expect(applyCommitment(without, 1_000n, [], true).total).toBe(0n);
  });

  test("counts only the kinds of charges that it is to", () => {
    const fee: CommittedLine = { price: "a", kind: "recurring", amount: ratio(400n) };
    const given = [fee, usage("a", ratio(700n))];
    const trueUps = [["usage"], ["recurring"], ["recurring", "usage"]].map(
      (counts) => applyCommitment(compiled({ amount: "10", counts }), 1_000n, given, true).trueUp,
    );
    expect(trueUps).toEqual([300n, 600n, 0n]);
  });

  test("counts what is charged: the true-up is the difference to rounded lines", () => {
    // Exactly 1.2 is used, but each line is charged with 0.
    const parts = ["a", "b", "c"].map((price) => usage(price, ratio(2n, 5n)));
    expect(applyCommitment(compiled({ amount: "1" }, 0), 1n, parts, true)).toMatchObject({
      trueUp: 1n,
      total: 1n,
    });
  });

  test("gives back what a correction makes less", () => {
    const commitment = compiled({ amount: "10", overage_factor: "2" });
    const corrected = [usage("a", ratio(1_200n)), usage("b", ratio(-300n)), usage("c", ratio(500n))];
    expect(applyCommitment(commitment, 1_000n, corrected, true).lines.map(({ charge }) => charge)).toEqual([
      1_400n, // 1000 + 200 × 2
      -300n,
      700n, // 300 + 200 × 2
    ]);
  });

  test("is met by lines and true-up", () => {
    fc.assert(
      fc.property(commitments, lines, (commitment, given) => {
        const amount = commitment.amountFor(WHOLE_PERIOD);
        const outcome = applyCommitment(commitment, amount, given, true);
        const counted = outcome.lines
          .filter(({ price, kind }) => commitment.countsFor(price, kind))
          .reduce((sum, { charge }) => sum + charge, 0n);
        expect(counted + outcome.trueUp).toBe(counted < amount ? amount : counted);
        const charged = outcome.lines.reduce((sum, { charge }) => sum + charge, 0n);
        expect(outcome.total).toBe(charged + outcome.trueUp);
      }),
    );
  });

  test("divides exactly, and uses no more than there is", () => {
    fc.assert(
      fc.property(commitments, lines, (commitment, given) => {
        const amount = ratio(commitment.amountFor(WHOLE_PERIOD));
        const divided = divideAtCommitment(commitment, amount, given);
        let used = ZERO;
        for (const [index, line] of divided.entries()) {
          expect(plus(line.withinCommitment, line.beyondCommitment)).toEqual(given[index]?.amount);
          if (line.kind === "usage" && commitment.countsFor(line.price, line.kind))
            used = plus(used, line.withinCommitment);
        }
        expect(isLess(amount, used)).toBe(false);
      }),
    );
  });

  test("charges the same overage however the usage is split", () => {
    fc.assert(
      fc.property(commitments, lines, fc.integer({ min: 1, max: 6 }), (commitment, given, parts) => {
        const split = given.flatMap((line) =>
          Array.from({ length: parts }, () => ({
            ...line,
            amount: ratio(line.amount.numerator, line.amount.denominator * BigInt(parts)),
          })),
        );
        const amount = ratio(commitment.amountFor(WHOLE_PERIOD));
        const total = (all: readonly CommittedLine[]): Ratio =>
          divideAtCommitment(commitment, amount, all).reduce((sum, { charge }) => plus(sum, charge), ZERO);
        expect(total(split)).toEqual(total(given));
      }),
    );
  });
});
