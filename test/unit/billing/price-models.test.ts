import { describe, expect, test } from "vitest";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { compilePrice, PRICE_MODEL_NAMES, priceSchema } from "../../../src/billing/rating/price-models.ts";
import { chargeOf, priceOf } from "./price-fixture.ts";

const TIERS = [
  { up_to: "10", unit_price: "1", flat_fee: "5" },
  { up_to: "20", unit_price: "0.5", flat_fee: "2" },
  { unit_price: "0.125" },
];

describe("flat", () => {
  test("costs its amount from the start or from the end of the period on, whatever is used", () => {
    const advance = { model: "flat", amount: "49.9", billed: "in_advance" };
    expect(chargeOf(advance, "0", { periodEnded: false })).toBe("49.9");
    expect(chargeOf(advance, "12", { periodEnded: true })).toBe("49.9");
    const arrears = { model: "flat", amount: "49.9" };
    expect(chargeOf(arrears, "0", { periodEnded: false })).toBe("0");
    expect(chargeOf(arrears, "0")).toBe("49.9");
  });
});

describe("graduated", () => {
  test.each([
    ["0", "5"],
    ["0.5", "5.5"],
    ["10", "15"],
    ["10.1", "17.05"],
    ["-2", "3"],
  ])("with the first flat fee due without usage, %s costs %s", (quantity, expected) => {
    expect(chargeOf({ model: "graduated", zero_quantity: "first_tier_flat", tiers: TIERS }, quantity)).toBe(
      expected,
    );
  });

  test.each([
    ["3", "3"],
    ["4", "4"],
    ["5", "4"],
    ["6", "4.5"],
    ["100", "9"],
  ])("with tiers that have a maximum, %s costs %s", (quantity, expected) => {
    const tiers = [
      { up_to: "5", unit_price: "1", maximum_amount: "4" },
      { unit_price: "0.5", maximum_amount: "5" },
    ];
    expect(chargeOf({ model: "graduated", tiers }, quantity)).toBe(expected);
  });

  test("says what each tier that is reached charges", () => {
    const { model } = compilePrice(priceOf({ model: "graduated", tiers: TIERS }));
    const charges = (units: string): string[] =>
      model.tierCharges?.(new Exact(units), new Exact(1)).map(String) ?? [];
    expect(charges("0")).toEqual(["0"]);
    expect(charges("10")).toEqual(["15"]);
    expect(charges("12")).toEqual(["15", "3"]);
    expect(charges("28")).toEqual(["15", "7", "1"]);
  });
});

describe("volume", () => {
  const price = { model: "volume", tiers: TIERS };
  test.each([
    ["0", "0"],
    ["0.01", "5.01"],
    ["10", "15"],
    ["10.000000000000000000000000000001", "7.0000000000000000000000000000005"],
    ["20", "12"],
    ["20.8", "2.6"],
    ["-4", "-4"],
  ])("%s costs %s", (quantity, expected) => {
    expect(chargeOf(price, quantity)).toBe(expected);
  });

  test("charges nothing before the period has ended", () => {
    expect(chargeOf(price, "15", { periodEnded: false })).toBe("0");
    expect(
      chargeOf({ ...price, discounts: [{ type: "amount", amount: "1" }] }, "15", { periodEnded: false }),
    ).toBe("0");
  });

  test("may charge the first flat fee without usage", () => {
    expect(chargeOf({ ...price, zero_quantity: "first_tier_flat" }, "0")).toBe("5");
    expect(chargeOf({ ...price, zero_quantity: "first_tier_flat" }, "20.8")).toBe("2.6");
  });
});

describe("package", () => {
  test.each([
    ["0", "0", "0"],
    ["0.001", "15", "0"],
    ["10", "15", "15"],
    ["10.5", "30", "15"],
    ["19.999", "30", "15"],
    ["20", "30", "30"],
    ["-1", "-15", "0"],
    ["-10", "-15", "-15"],
  ])("%s units in tens cost %s rounded up, %s rounded down", (quantity, up, down) => {
    const price = { model: "package", package_size: "10", package_price: "15" };
    expect(chargeOf(price, quantity)).toBe(up);
    expect(chargeOf({ ...price, round: "down" }, quantity)).toBe(down);
  });

  test("a package may hold a fraction", () => {
    expect(chargeOf({ model: "package", package_size: "0.3", package_price: "1" }, "0.9")).toBe("3");
    expect(chargeOf({ model: "package", package_size: "0.3", package_price: "1" }, "0.91")).toBe("4");
  });

  test("free units come off before packages are counted", () => {
    const price = { model: "package", package_size: "10", package_price: "1", free_units: "10" };
    expect([chargeOf(price, "10"), chargeOf(price, "11"), chargeOf(price, "-5")]).toEqual(["0", "1", "-1"]);
  });
});

describe("tiered blocks", () => {
  const tiers = [
    { block_size: "100", block_price: "1", max_blocks: "10" },
    { block_size: "1000", block_price: "0.5" },
  ];
  test.each([
    ["0", "0"],
    ["1", "1"],
    ["100", "1"],
    ["101", "2"],
    ["1000", "10"],
    ["1001", "10.5"],
    ["2000", "10.5"],
    ["2000.5", "11"],
    ["-1", "-1"],
  ])("all tiers: %s costs %s", (quantity, expected) => {
    expect(chargeOf({ model: "tiered_blocks", tiers }, quantity)).toBe(expected);
  });

  test.each([
    ["0", "0"],
    ["1000", "10"],
    ["1001", "1"],
    ["5000.1", "3"],
  ])("top tier: %s costs %s when the period has ended", (quantity, expected) => {
    const price = { model: "tiered_blocks", policy: "top_tier", tiers };
    expect(chargeOf(price, quantity)).toBe(expected);
    expect(chargeOf(price, quantity, { periodEnded: false })).toBe("0");
  });
});

describe("percentage", () => {
  test.each([
    [{ rate_percent: "1.3" }, "200", 3, "2.6"],
    [{ rate_percent: "1.3", fixed_fee: "2" }, "800", 4, "18.4"],
    [{ rate_percent: "0", fixed_fee: "2", free_events: "3" }, "800", 4, "2"],
    [{ rate_percent: "0", fixed_fee: "2", free_events: "3" }, "800", 3, "0"],
    [{ rate_percent: "0", fixed_fee: "2", free_events: "3" }, "800", 2, "0"],
    [{ rate_percent: "2", free_amount: "100" }, "99.99", 1, "0"],
    [{ rate_percent: "2", free_amount: "100" }, "100", 1, "0"],
    [{ rate_percent: "2", free_amount: "100" }, "150", 1, "1"],
    [{ rate_percent: "2", free_amount: "100" }, "-50", 1, "-1"],
  ])("%o of %s in %i events is %s", (fields, amount, events, expected) => {
    expect(chargeOf({ model: "percentage", ...fields }, amount, { events })).toBe(expected);
  });

  test.each([
    [{ min_per_event: "1.75" }, ["10", "80"], "4.142"],
    [{ max_per_event: "12" }, ["10", "10000"], "12.299"],
    [{ fixed_fee: "2", min_per_event: "1.75", max_per_event: "12" }, ["10", "80", "10000"], "18.691"],
    [{ min_per_event: "1.75" }, ["0"], "1.75"],
    [{ min_per_event: "1.75", fixed_fee: "1" }, ["-100"], "-1.99"],
    [{ free_events: "2" }, ["10", "80", "1000"], "29.9"],
    [{ free_events: "5" }, ["10", "80"], "0"],
    [{ free_amount: "50", fixed_fee: "1" }, ["20", "30", "100"], "3.99"],
    [{ free_amount: "50", fixed_fee: "1" }, ["20", "130"], "3.99"],
    [{ free_events: "1", free_amount: "50", fixed_fee: "1" }, ["100", "100"], "6.485"],
    [{ free_events: "1", free_amount: "50", fixed_fee: "1" }, ["40", "10"], "1.299"],
    [{ free_amount: "50", fixed_fee: "1" }, ["50", "-100"], "-1.99"],
  ])("2.99 %% with %o of events of %o is %s", (fields, events, expected) => {
    const price = { model: "percentage", rate_percent: "2.99", ...fields };
    expect(chargeOf(price, "0", { eventQuantities: events, events: events.length })).toBe(expected);
    expect(() => chargeOf(price, "100", { events: 1 })).toThrow("needs the amount of each event");
  });

  test("looks at single events only where the charge does not follow from their sum and number", () => {
    const needs = (fields: Record<string, unknown>): boolean =>
      compilePrice(priceOf({ model: "percentage", rate_percent: "1", ...fields })).model.needsEachEvent ===
      true;
    expect(needs({})).toBe(false);
    expect(needs({ fixed_fee: "1" })).toBe(false);
    expect(needs({ free_amount: "1" })).toBe(false);
    expect(needs({ rate_percent: "0", free_events: "1", fixed_fee: "1" })).toBe(false);
    expect(needs({ rate_percent: "0", free_events: "1", free_amount: "1" })).toBe(true);
    expect(needs({ free_events: "1" })).toBe(true);
    expect(needs({ free_amount: "1", fixed_fee: "1" })).toBe(true);
    expect(needs({ min_per_event: "1" })).toBe(true);
    expect(needs({ max_per_event: "1" })).toBe(true);
  });
});

describe("graduated percentage", () => {
  const tiers = [
    { up_to: "1000", rate_percent: "3", flat_fee: "2" },
    { rate_percent: "1", flat_fee: "5" },
  ];
  test.each([
    ["0", "0", "2"],
    ["0.01", "2.0003", "2.0003"],
    ["1000", "32", "32"],
    ["1000.01", "37.0001", "37.0001"],
    ["-100", "-3", "-1"],
  ])("%s costs %s, or %s with the first fee due anyway", (amount, expected, withFee) => {
    const price = { model: "graduated_percentage", tiers };
    expect(chargeOf(price, amount)).toBe(expected);
    expect(chargeOf({ ...price, zero_quantity: "first_tier_flat" }, amount)).toBe(withFee);
  });
});

describe("dynamic", () => {
  test("costs the sum of the events' own amounts, with a margin", () => {
    expect(chargeOf({ model: "dynamic", multiplier: "1.2" }, "10.05")).toBe("12.06");
    expect(chargeOf({ model: "dynamic" }, "-3")).toBe("-3");
  });
});

describe("matrix", () => {
  const price = {
    model: "matrix",
    dimensions: ["region", "size"],
    cells: [
      { when: { region: "eu", size: "s" }, unit_price: "1" },
      { when: { region: "eu", size: "l" }, unit_price: "4" },
    ],
    default_unit_price: "0.5",
  };

  test("each combination of values has its price, all others the default one", () => {
    const { model } = compilePrice(priceOf(price));
    const part = (region: string, size: string): string => model.partOf?.({ region, size, other: "x" }) ?? "";
    const parts = { [part("eu", "s")]: "2", [part("eu", "l")]: "3", [part("us", "l")]: "10" };
    expect(chargeOf(price, "15", { parts })).toBe("19");
    expect(part("us", "s")).toBe(part("us", "l"));
    expect(part("eu", "")).toBe(part("us", ""));
    expect(chargeOf(price, "0", {})).toBe("0");
    expect(() => chargeOf(price, "1", { parts: { gone: "1" } })).toThrow("no cell gone");
  });
});

describe("capacity", () => {
  const price = {
    model: "capacity",
    dimension: "unit",
    tiers: [
      { amount: "10", limits: { cores: "100", gigabytes: "1000" } },
      { amount: "20", limits: { cores: "200" } },
      { amount: "30" },
    ],
  };
  test.each([
    [{}, "0"],
    [{ cores: "0" }, "0"],
    [{ cores: "100", gigabytes: "1000" }, "10"],
    [{ cores: "100.1" }, "20"],
    [{ cores: "1", gigabytes: "1000.5" }, "20"],
    [{ cores: "200", gigabytes: "999999" }, "20"],
    [{ cores: "201" }, "30"],
    [{ unlimited: "1" }, "10"],
  ])("%o costs %s", (parts, expected) => {
    expect(chargeOf(price, "1", { parts })).toBe(expected);
  });

  test("a unit is a value of the dimension", () => {
    const { partOf } = compilePrice(priceOf(price)).model;
    expect([partOf?.({ unit: "cores", region: "eu" }), partOf?.({})]).toEqual(["cores", ""]);
  });
});

test("the registry has every model once, and only its own fields", () => {
  expect(new Set(PRICE_MODEL_NAMES).size).toBe(11);
  expect(PRICE_MODEL_NAMES).toHaveLength(11);
  expect(
    priceSchema.safeParse({ key: "k", product: "p", model: "flat", amount: "1", meter: "m" }).success,
  ).toBe(false);
});

test.each<[rises: boolean, fields: Readonly<Record<string, unknown>>]>([
  [true, { model: "per_unit", unit_price: "1" }],
  [true, { model: "graduated", tiers: [{ unit_price: "1" }] }],
  [true, { model: "graduated_percentage", tiers: [{ rate_percent: "1" }] }],
  [true, { model: "package", package_size: "2", package_price: "1" }],
  [true, { model: "tiered_blocks", tiers: [{ block_size: "2", block_price: "1" }] }],
  [true, { model: "dynamic", multiplier: "2" }],
  [true, { model: "percentage", rate_percent: "1" }],
  [false, { model: "percentage", rate_percent: "1", fixed_fee: "1" }],
  [false, { model: "volume", tiers: [{ unit_price: "1" }] }],
])("that the charge rises with the quantity is %s for %j", (rises, fields) => {
  expect(compilePrice(priceOf(fields)).model.risesWithQuantity === true).toBe(rises);
});
