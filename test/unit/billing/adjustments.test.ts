import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { divideHalfEven, toMinorUnits } from "../../../src/billing/rating/money.ts";
import { compilePrice } from "../../../src/billing/rating/price-models.ts";
import { wholeQuotient } from "../../../src/billing/rating/quotient.ts";
import { compiled } from "./catalog-fixture.ts";
import { chargeOf, priceOf } from "./price-fixture.ts";

const UNIT = { model: "per_unit", unit_price: "1" };

describe("unit conversion", () => {
  test.each([
    [{ divide_by: "1000" }, "1500", "1.5"],
    [{ multiply_by: "60" }, "1.5", "90"],
    [{ divide_by: "1000", round: "up" }, "1000", "1"],
    [{ divide_by: "1000", round: "up" }, "1001", "2"],
    [{ divide_by: "1000", round: "down" }, "1999", "1"],
    [{ divide_by: "1000", round: "half_up" }, "1499.9", "1"],
    [{ divide_by: "1000", round: "half_up" }, "1500", "2"],
    [{ divide_by: "3", round: "half_up", precision: "4" }, "1", "0.3333"],
    [{ divide_by: "3", round: "up", precision: "2" }, "1", "0.34"],
    [{ round: "half_up", precision: "-2" }, "150", "200"],
    [{ round: "down", precision: "-2" }, "199.9", "100"],
    [{ round: "up", precision: "-1" }, "100.01", "110"],
    [{ round: "up" }, "-1.5", "-2"],
    [{ round: "down" }, "-1.5", "-1"],
    [{ round: "half_up" }, "-1.5", "-2"],
    [{ divide_by: "0.5", round: "down" }, "0.74", "1"],
  ])("%o of %s is %s", (conversion, quantity, expected) => {
    expect(chargeOf({ ...UNIT, unit_conversion: conversion }, quantity)).toBe(expected);
  });

  test("without rounding a third stays a third until the money is rounded", () => {
    const price = priceOf({ ...UNIT, unit_price: "0.015", unit_conversion: { divide_by: "3" } });
    const { total, per } = compilePrice(price).charge(new Exact(1), new Exact(1));
    // 0.015 / 3 is half a cent exactly.
    expect(toMinorUnits(total, per, 2)).toBe(1n);
    expect(toMinorUnits(total.minus("1e-30"), per, 2)).toBe(0n);
  });

  test("keeps the places of a decimal divisor", () => {
    expect(toMinorUnits(new Exact("1.5"), new Exact("2.5"), 2)).toBe(60n);
    expect(toMinorUnits(new Exact("0.003"), new Exact("0.25"), 3)).toBe(12n);
    expect(() => toMinorUnits(new Exact(1), 0n, 2)).toThrow("positive");
  });

  test("by a fraction is exact down to the minor unit", () => {
    const price = priceOf({ ...UNIT, unit_price: "0.0025", unit_conversion: { divide_by: "0.25" } });
    const { total, per } = compilePrice(price).charge(new Exact(1), new Exact(1));
    expect([toMinorUnits(total, per, 2), toMinorUnits(total, per, 3)]).toEqual([1n, 10n]);
  });

  test("comes before free units, and those before the tiers", () => {
    const price = {
      model: "graduated",
      unit_conversion: { divide_by: "1000", round: "up" },
      free_units: "0.5",
      tiers: [{ up_to: "1", unit_price: "10" }, { unit_price: "1" }],
    };
    expect([chargeOf(price, "1"), chargeOf(price, "1400"), chargeOf(price, "0")]).toEqual(["5", "10.5", "0"]);
  });
});

describe("whole quotients", () => {
  test("are the nearest in their direction, for any digits", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }),
        fc.bigInt({ min: 1n, max: 10n ** 30n }),
        (n, d) => {
          const quotient = (rounding: "up" | "down" | "half_up"): bigint =>
            BigInt(wholeQuotient(new Exact(n.toString()), new Exact(d.toString()), rounding).toString());
          const magnitude = n < 0n ? -n : n;
          const sign = n < 0n ? -1n : 1n;
          expect(quotient("down")).toBe(sign * (magnitude / d));
          expect(quotient("up")).toBe(sign * ((magnitude + d - 1n) / d));
          expect(quotient("half_up")).toBe(sign * ((2n * magnitude + d) / (2n * d)));
        },
      ),
    );
    expect(() => wholeQuotient(new Exact(1), new Exact(0), "up")).toThrow(RangeError);
  });
});

describe("discounts", () => {
  test.each([
    [[{ type: "percent", percent: "10" }], "50", "45"],
    [[{ type: "percent", percent: "100" }], "50", "0"],
    [[{ type: "percent", percent: "12.5" }], "-8", "-7"],
    [[{ type: "amount", amount: "20" }], "50", "30"],
    [[{ type: "amount", amount: "20" }], "15", "0"],
    [[{ type: "amount", amount: "20" }], "-5", "-5"],
    [
      [
        { type: "percent", percent: "10" },
        { type: "amount", amount: "5" },
      ],
      "100",
      "85",
    ],
    [
      [
        { type: "amount", amount: "5" },
        { type: "percent", percent: "10" },
      ],
      "100",
      "85.5",
    ],
  ])("%o of %s leave %s", (discounts, quantity, expected) => {
    expect(chargeOf({ ...UNIT, discounts }, quantity)).toBe(expected);
  });
});

describe("limits of spend", () => {
  test.each([
    ["0", false, "0"],
    ["0", true, "10"],
    ["9.99", true, "10"],
    ["10.01", true, "10.01"],
    ["100", true, "100"],
    ["100.01", true, "100"],
    ["100.01", false, "100"],
    ["-3", false, "-3"],
    ["-3", true, "10"],
  ])("%s with the period ended (%s) costs %s", (quantity, periodEnded, expected) => {
    const price = { ...UNIT, minimum_amount: "10", maximum_amount: "100" };
    expect(chargeOf(price, quantity, { periodEnded })).toBe(expected);
  });

  test("a percentage comes off before the maximum", () => {
    const price = { ...UNIT, discounts: [{ type: "percent", percent: "50" }], maximum_amount: "100" };
    expect([chargeOf(price, "150"), chargeOf(price, "300")]).toEqual(["75", "100"]);
  });
});

describe("prices of a plan", () => {
  const plan = (rounding: string, price: string): string =>
    `key: api\nversion: 1\ncurrency: USD\n${rounding}prices:\n  - {key: requests, product: api, meter: requests, ${price}}\n`;
  const priceIn = (text: string) => {
    const price = compiled({ "plans/api.yaml": text }).contract("C1")?.priceOf("requests");
    if (price === undefined) throw new Error("no price");
    return price;
  };

  test("say how a charge comes about, in rounded parts that add up", () => {
    const price = priceIn(
      plan(
        "",
        "model: per_unit, unit_price: 0.333, discounts: [{type: percent, percent: 10}], maximum_amount: 20, minimum_amount: 5",
      ),
    );
    const figures = { events: 0, periodEnded: true };
    expect(price.breakdown(1_000n, 100n, 2, figures)).toEqual({
      usage: 333n,
      discount: 33n,
      overMaximum: 0n,
      upToMinimum: 200n,
      amount: 500n,
    });
    expect(price.breakdown(10_000n, 100n, 2, figures)).toEqual({
      usage: 3_330n,
      discount: 333n,
      overMaximum: 997n,
      upToMinimum: 0n,
      amount: 2_000n,
    });
    expect(price.breakdown(1_000n, 100n, 2, { events: 0, periodEnded: false }).amount).toBe(300n);
    expect(price.chargeInMinorUnits(10_000n, 100n, 2)).toBe(2_000n);
  });

  test("round ties away from zero, or to even where the plan says so", () => {
    const half = "model: per_unit, unit_price: 0.005";
    const away = priceIn(plan("", half));
    const even = priceIn(plan("rounding: half_even\n", half));
    const cents = (price: typeof away): bigint[] =>
      [1n, 3n, -1n, -3n, 5n].map((quantity) => price.chargeInMinorUnits(quantity, 1n, 2));
    expect(cents(away)).toEqual([1n, 2n, -1n, -2n, 3n]);
    expect(cents(even)).toEqual([0n, 2n, 0n, -2n, 2n]);
    expect(even.chargeInMinorUnits(11n, 10n, 2)).toBe(1n);
  });

  test("half-even division is nearest, ties to the even one", () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), (numerator, denominator) => {
        const quotient = divideHalfEven(numerator, denominator);
        const twice = 2n * (numerator - quotient * denominator);
        expect(twice <= denominator && twice >= -denominator).toBe(true);
        const isTie = twice === denominator || twice === -denominator;
        expect(isTie && quotient % 2n !== 0n).toBe(false);
      }),
    );
    expect([1n, 3n, 5n, -1n, -3n].map((half) => divideHalfEven(half, 2n))).toEqual([0n, 2n, 2n, 0n, -2n]);
  });

  test("say what is counted and what tiers charge", () => {
    const packages = priceIn(
      plan(
        "",
        "model: package, package_size: 10, package_price: 1, free_units: 5, unit_conversion: {divide_by: 2}",
      ),
    );
    expect(packages.billedQuantity(3_200n, 100n)).toBe("2");
    expect(packages.tierCharges(3_200n, 100n)).toBeUndefined();
    const tiers = priceIn(
      plan("", "model: graduated, free_units: 1, tiers: [{up_to: 2, unit_price: 3}, {unit_price: 1}]"),
    );
    expect(tiers.tierCharges(450n, 100n)).toEqual(["6", "1.5"]);
    expect(tiers.billedQuantity(450n, 100n)).toBe("3.5");
    expect(tiers.partOf({ zone: "a" })).toBeUndefined();
  });

  test("without a meter are kept apart, in the order of their keys", () => {
    const catalog = compiled({
      "plans/api.yaml":
        "key: api\nversion: 1\ncurrency: USD\nprices:\n  - {key: seat, product: api, model: flat, amount: 30}\n" +
        "  - {key: base, product: api, model: flat, amount: 9.5, billed: in_advance}\n",
    });
    const contract = catalog.contract("C1");
    expect(contract?.flatPrices.map(({ id, meter }) => [id, meter])).toEqual([
      ["api@1/base", undefined],
      ["api@1/seat", undefined],
    ]);
    expect(contract?.flatPrices[0]?.chargeInMinorUnits(0n, 1n, 2, { events: 0, periodEnded: false })).toBe(
      950n,
    );
    expect(contract?.flatPrices[1]?.chargeInMinorUnits(0n, 1n, 2, { events: 0, periodEnded: false })).toBe(
      0n,
    );
    expect(contract?.priceOf("requests")).toBeUndefined();
  });
});
