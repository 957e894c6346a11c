import { expect, test } from "vitest";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { filesWith } from "./catalog-fixture.ts";

/** Faults of a plan that has this one price of meter `requests` (dimensions zone and method). */
function faultsOf(price: string): string[] {
  const plan = `key: api\nversion: 1\ncurrency: USD\nprices: [{key: p, product: api, meter: requests, ${price}}]\n`;
  const load = loadCatalog(filesWith({ "plans/api.yaml": plan }));
  return load.ok
    ? []
    : load.faults.map(({ path, message }) => `${path.replace("prices[0].", "")}: ${message}`);
}

const UNIT = "model: per_unit, unit_price: 1";
const PERCENTAGE = "model: percentage, rate_percent: 1";
const EACH_EVENT =
  "model: free_events, and free_amount with a fixed_fee or limits per event, depend on the order of a period's events, which the pipeline does not keep";
const MATRIX = "model: matrix, default_unit_price: 1";
const CAPACITY = "model: capacity, dimension: zone";

const CASES: readonly (readonly [price: string, fault: string])[] = [
  ["model: flat, amount: 1", "meter: is not a known field"],
  [`${UNIT}, rate_per: day`, "rate_per: must be one of period, window"],
  [`${UNIT}, unit_conversion: {divide_by: 0}`, "unit_conversion.divide_by: must be greater than 0"],
  [
    `${UNIT}, unit_conversion: {divide_by: ten}`,
    "unit_conversion.divide_by: must be a decimal in plain notation, like 12 or 0.0015 (at most 30 digits before and behind the point)",
  ],
  [
    `${UNIT}, unit_conversion: {divide_by: 2, multiply_by: 3}`,
    "unit_conversion.multiply_by: must be left out where divide_by is given",
  ],
  [`${UNIT}, unit_conversion: {}`, "unit_conversion: must have divide_by, multiply_by or round"],
  [`${UNIT}, unit_conversion: {divide_by: 2, precision: 1}`, "unit_conversion.precision: needs round"],
  [`${UNIT}, unit_conversion: {round: up, precision: 13}`, "unit_conversion.precision: must be at most 12"],
  [`${UNIT}, unit_conversion: {round: nearest}`, "unit_conversion.round: must be one of up, down, half_up"],
  [`${UNIT}, free_units: -1`, "free_units: must not be negative"],
  [`${UNIT}, discounts: [{type: percent, percent: 100.1}]`, "discounts[0].percent: must be at most 100"],
  [`${UNIT}, discounts: [{type: half}]`, "discounts[0].type: must be one of percent, amount"],
  [
    `${UNIT}, minimum_amount: 2, maximum_amount: 1.5`,
    "maximum_amount: must not be less than minimum_amount, 2",
  ],
  ["model: volume, tiers: [{up_to: 5}]", "tiers[0].up_to: the last tier must be open: leave up_to out"],
  ["model: volume, tiers: [{maximum_amount: 5}]", "tiers[0].maximum_amount: is not a known field"],
  [
    "model: graduated_percentage, tiers: [{up_to: 5, rate_percent: 1}, {up_to: 4}, {}]",
    "tiers[1].up_to: must be greater than the bound of the tier before, 5",
  ],
  [
    "model: graduated, zero_quantity: always, tiers: [{}]",
    "zero_quantity: must be one of none, first_tier_flat",
  ],
  ["model: package, package_size: 0, package_price: 1", "package_size: must be greater than 0"],
  ["model: package, package_price: 1", "package_size: is required"],
  [
    "model: tiered_blocks, tiers: [{block_size: 1, block_price: 1, max_blocks: 2}]",
    "tiers[0].max_blocks: the last tier must be open: leave max_blocks out",
  ],
  [
    "model: tiered_blocks, tiers: [{block_size: 1, block_price: 1}, {block_size: 1, block_price: 1}]",
    "tiers[0].max_blocks: is required: only the last tier is open",
  ],
  [
    "model: tiered_blocks, tiers: [{block_size: 1, block_price: 1, max_blocks: 0}, {block_size: 1, block_price: 1}]",
    "tiers[0].max_blocks: must be at least 1",
  ],
  [`${PERCENTAGE}, min_per_event: 1, free_amount: 3`, EACH_EVENT],
  [`${PERCENTAGE}, free_events: 3`, EACH_EVENT],
  [`${PERCENTAGE}, free_amount: 3, fixed_fee: 1`, EACH_EVENT],
  [
    `${PERCENTAGE}, min_per_event: 2, max_per_event: 1`,
    "max_per_event: must not be less than min_per_event, 2",
  ],
  [`${PERCENTAGE}, free_units: 2`, "free_units: is not a known field"],
  [
    `${MATRIX}, dimensions: [], cells: [{when: {}, unit_price: 1}]`,
    "dimensions: Too small: expected array to have >=1 items",
  ],
  [
    `${MATRIX}, dimensions: [size], cells: [{when: {size: l}, unit_price: 1}]`,
    "dimensions[0]: size is not a dimension (group_by) of meter requests",
  ],
  [
    `${MATRIX}, dimensions: [zone, zone], cells: [{when: {zone: a}, unit_price: 1}]`,
    "dimensions[1]: zone is named twice",
  ],
  [
    `${MATRIX}, dimensions: [zone, method], cells: [{when: {zone: a}, unit_price: 1}]`,
    "cells[0].when.method: is required",
  ],
  [
    `${MATRIX}, dimensions: [zone], cells: [{when: {zone: a, method: b}, unit_price: 1}]`,
    "cells[0].when.method: is not one of the dimensions",
  ],
  [
    `${MATRIX}, dimensions: [zone], cells: [{when: {zone: a}, unit_price: 1}, {when: {zone: a}, unit_price: 2}]`,
    "cells[1].when: has the values of cells[0]",
  ],
  [`${CAPACITY}x, tiers: [{amount: 1}]`, "dimension: zonex is not a dimension (group_by) of meter requests"],
  [
    `${CAPACITY}, tiers: [{amount: 1, limits: {a: 1}}]`,
    "tiers[0].limits.a: the last tier must have no limits",
  ],
  [
    `${CAPACITY}, tiers: [{amount: 1, limits: {a: 2}}, {amount: 2, limits: {a: 1}}, {amount: 3}]`,
    "tiers[1].limits.a: must not be less than in the tier before, 2",
  ],
  [
    `${CAPACITY}, tiers: [{amount: 1, limits: {a: 2}}, {amount: 2, limits: {a: 3, b: 1}}, {amount: 3}]`,
    "tiers[1].limits.b: is not limited in the tier before",
  ],
];

test.each(CASES)("%s", (price, fault) => {
  expect(faultsOf(price)).toEqual([fault]);
});

test("prices at the bounds of what is allowed have no fault", () => {
  for (const price of [
    `${UNIT}, unit_conversion: {divide_by: 2, round: half_up, precision: -12}, free_units: 0, rate_per: window`,
    `${UNIT}, discounts: [{type: percent, percent: 100}, {type: amount, amount: 0}], minimum_amount: 2, maximum_amount: 2`,
    "model: tiered_blocks, policy: top_tier, tiers: [{block_size: 0.5, block_price: 0}]",
    `${PERCENTAGE}, fixed_fee: 1`,
    `${PERCENTAGE}, free_amount: 1`,
    "model: percentage, rate_percent: 0, fixed_fee: 1, free_events: 10",
    `${MATRIX}, dimensions: [method, zone], cells: [{when: {zone: a, method: GET}, unit_price: 0}]`,
    `${CAPACITY}, tiers: [{amount: 3, limits: {a: 2, b: 1}}, {amount: 2, limits: {a: 2, b: null}}, {amount: 1}]`,
  ])
    expect([price, faultsOf(price)]).toEqual([price, []]);
});

test("several faults of one price are reported together", () => {
  expect(
    faultsOf("model: package, package_size: 0, package_price: -1, free_units: -1, color: red"),
  ).toHaveLength(4);
});
