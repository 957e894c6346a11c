import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chargeDelta } from "../../../src/billing/rating/delta.ts";
import { exactOf } from "../../../src/billing/rating/exact.ts";
import { toMinorUnits } from "../../../src/billing/rating/money.ts";
import { compilePrice, PRICE_MODEL_NAMES } from "../../../src/billing/rating/price-models.ts";
import { priceOf } from "./price-fixture.ts";

/** Quantities are integers at two decimal places. */
const DIVISOR = 100n;

type Fields = Record<string, unknown>;

const decimal = (max: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(max), fc.nat(999))
    .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(3, "0")}`);
const positive = (max: number): fc.Arbitrary<string> => decimal(max).filter((text) => !/^0\.000$/.test(text));
const optional = <Value>(name: string, value: fc.Arbitrary<Value>): fc.Arbitrary<Fields> =>
  fc.option(value, { nil: undefined }).map((given) => (given === undefined ? {} : { [name]: given }));
const merged = (...parts: fc.Arbitrary<Fields>[]): fc.Arbitrary<Fields> =>
  fc.tuple(...parts).map((given) => Object.fromEntries(given.flatMap((fields) => Object.entries(fields))));

/** One to four tiers with ascending bounds, the last one open. */
function tiersOf(fields: fc.Arbitrary<Fields>): fc.Arbitrary<Fields> {
  return fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: 20_000 }), { maxLength: 3 }),
      fc.array(fields, { minLength: 4, maxLength: 4 }),
    )
    .map(([bounds, rest]) => ({
      tiers: [...[...bounds].sort((a, b) => a - b).map((bound) => `${bound}`), null].map((upTo, index) => ({
        up_to: upTo,
        ...rest[index],
      })),
    }));
}

const zeroQuantity = fc.constantFrom({ zero_quantity: "none" }, { zero_quantity: "first_tier_flat" });
const conversion = optional(
  "unit_conversion",
  fc.tuple(positive(50), fc.constantFrom("up", "down", "half_up", undefined)).map(([divideBy, round]) => ({
    divide_by: divideBy,
    ...(round === undefined ? {} : { round, precision: "1" }),
  })),
);
const line = merged(
  optional(
    "discounts",
    fc.tuple(fc.nat(100), decimal(50)).map(([percent, amount]) => [
      { type: "percent", percent: `${percent}` },
      { type: "amount", amount },
    ]),
  ),
  optional(
    "maximum_amount",
    decimal(100_000).map((amount) => `${BigInt(amount.split(".")[0] ?? "0") + 60n}`),
  ),
  optional("minimum_amount", decimal(50)),
);
const units = merged(line, conversion, optional("free_units", decimal(500)));
const unitTiers = tiersOf(
  fc.record({ unit_price: decimal(20), flat_fee: decimal(50) }) as fc.Arbitrary<Fields>,
);

/** Prices of every model that charges as usage comes in, and never less for more usage. */
const PROGRESSIVE: Readonly<Record<string, fc.Arbitrary<Fields>>> = {
  per_unit: merged(units, fc.record({ unit_price: decimal(20) })),
  graduated: merged(units, unitTiers, zeroQuantity),
  package: merged(
    units,
    fc.record({
      package_size: positive(100),
      package_price: decimal(50),
      round: fc.constantFrom("up", "down"),
    }),
  ),
  tiered_blocks: merged(
    units,
    fc
      .array(
        fc.record({
          block_size: positive(100),
          block_price: decimal(20),
          max_blocks: fc.integer({ min: 1, max: 50 }),
        }),
        {
          minLength: 1,
          maxLength: 4,
        },
      )
      .map((tiers) => ({
        tiers: tiers.map(({ max_blocks: blocks, ...tier }, index) =>
          index === tiers.length - 1 ? tier : { ...tier, max_blocks: blocks },
        ),
      })),
  ),
  percentage: fc.oneof(
    merged(line, fc.record({ rate_percent: decimal(50), fixed_fee: decimal(5) })),
    merged(line, fc.record({ rate_percent: decimal(50), free_amount: positive(500) })),
  ),
  graduated_percentage: merged(
    line,
    tiersOf(fc.record({ rate_percent: decimal(50), flat_fee: decimal(50) }) as fc.Arbitrary<Fields>),
    zeroQuantity,
  ),
  dynamic: merged(line, fc.record({ multiplier: decimal(5) })),
};

/** Prices that are known when the period has ended, and those of parts (tested through the rater). */
const AT_END: Readonly<Record<string, fc.Arbitrary<Fields>>> = {
  volume: merged(units, unitTiers, zeroQuantity),
  flat: fc.record({ amount: decimal(500), billed: fc.constantFrom("in_advance", "in_arrears") }),
};
const OF_PARTS = ["matrix", "capacity"];

function runOf(fields: Fields, additions: readonly bigint[]) {
  const price = compilePrice(priceOf(fields));
  const chargeOf = (quantity: bigint, events: number, periodEnded: boolean): bigint => {
    const figures = { events: BigInt(events), periodEnded };
    const { total, per } = price.charge(exactOf(quantity), exactOf(DIVISOR), figures);
    return toMinorUnits(total, per, 2);
  };
  let cumulative = 0n;
  let billed = 0n;
  const deltas: bigint[] = [];
  for (const [index, added] of additions.entries()) {
    cumulative += added;
    const step = chargeDelta(cumulative, billed, (quantity) => chargeOf(quantity, index + 1, false));
    billed = step.billed;
    deltas.push(step.delta);
  }
  const close = chargeDelta(cumulative, billed, (quantity) => chargeOf(quantity, additions.length, true));
  deltas.push(close.delta);
  return { deltas, whole: chargeOf(cumulative, additions.length, true) };
}

const sum = (deltas: readonly bigint[]): bigint => deltas.reduce((total, delta) => total + delta, 0n);
const usage = fc.array(fc.bigInt({ min: 0n, max: 500_000n }), { maxLength: 12 });
const corrected = fc.array(fc.bigInt({ min: -300_000n, max: 500_000n }), { maxLength: 12 });

test("there is a property for every model", () => {
  const covered = [...Object.keys(PROGRESSIVE), ...Object.keys(AT_END), ...OF_PARTS];
  expect(covered.sort()).toEqual([...PRICE_MODEL_NAMES].sort());
});

describe.each(Object.entries({ ...PROGRESSIVE, ...AT_END }))("%s", (model, fields) => {
  test("deltas over any split, with corrections, add up to the charge of the whole", () => {
    fc.assert(
      fc.property(fields, corrected, (price, additions) => {
        const { deltas, whole } = runOf({ model, ...price }, additions);
        expect(sum(deltas)).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });

  test("the same usage gives the same deltas, digit for digit", () => {
    fc.assert(
      fc.property(fields, corrected, (price, additions) => {
        const first = runOf({ model, ...price }, additions);
        const second = runOf({ model, ...price }, additions);
        expect(first.deltas.join()).toBe(second.deltas.join());
      }),
      { numRuns: 20 },
    );
  });
});

describe.each(Object.entries(PROGRESSIVE))("%s", (model, fields) => {
  test("more usage never costs less", () => {
    fc.assert(
      fc.property(fields, usage, (price, additions) => {
        const { deltas } = runOf({ model, ...price }, additions);
        expect(deltas.filter((delta) => delta < 0n)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

test("a price by tiers costs the same as its tiers together", () => {
  fc.assert(
    fc.property(fc.oneof(merged(unitTiers, zeroQuantity)), corrected, (price, additions) => {
      const { model } = compilePrice(priceOf({ model: "graduated", ...price }));
      const quantity = exactOf(sum(additions));
      const per = exactOf(DIVISOR);
      const tiers = model.tierCharges?.(quantity, per) ?? [];
      const whole = model.charge(quantity, per, { events: 0n, periodEnded: true });
      expect(tiers.reduce((total, charge) => total.plus(charge), exactOf(0n)).equals(whole)).toBe(true);
    }),
  );
});
