import { describe, expect, test } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import { loadCatalog, parseCanonical } from "../../../src/billing/catalog/load.ts";
import { successionFaults } from "../../../src/billing/catalog/succession.ts";
import { BASE_FILES, compiled, filesWith, loaded } from "./catalog-fixture.ts";

/** Contract C1 with further lines. */
function withContract(lines: string): Record<string, string> {
  return { "contracts/c.yaml": `${BASE_FILES["contracts/c.yaml"]}${lines}\n` };
}

/** The base plan with further lines. */
function withPlan(lines: string): Record<string, string> {
  return { "plans/api.yaml": `${BASE_FILES["plans/api.yaml"]}${lines}\n` };
}

/** The base plan, whose price of peaks is by the window, with further lines. */
function byTheWindow(lines: string): Record<string, string> {
  const plan = BASE_FILES["plans/api.yaml"]?.replace(
    "unit_price: 0.333",
    "unit_price: 0.333, rate_per: window",
  );
  return { "plans/api.yaml": `${plan}${lines}\n` };
}

function faultsOf(changes: Record<string, string>): string[] {
  const load = loadCatalog(filesWith(changes));
  return load.ok ? [] : load.faults.map(({ file, path, message }) => `${file}: ${path}: ${message}`);
}

const COMMITMENT_FAULTS: readonly (readonly [name: string, commitments: string, fault: string])[] = [
  [
    "a key twice",
    "[{key: a, amount: 1, prices: [requests]}, {key: a, amount: 1, prices: [peak]}]",
    "commitments[1].key: a is already the key of another commitment",
  ],
  [
    "a price that the plan has not",
    "[{key: a, amount: 1, prices: [nothing]}]",
    "commitments[0].prices[0]: plan api@1 has no price nothing",
  ],
  [
    "more decimals than the currency",
    "[{key: a, amount: 1.001}]",
    "commitments[0].amount: has more decimal places than USD, which has 2",
  ],
  [
    "charges that count twice",
    "[{key: a, amount: 1}, {key: b, amount: 2, prices: [peak]}]",
    "commitments[1].prices: charges would count towards commitment a as well; each counts towards one only",
  ],
  [
    "windows for the same hours",
    "[{key: a, amount: 1, per: window, prices: [peak], hours: {from: 22, to: 4}}, {key: b, amount: 2, per: window, prices: [peak], hours: {from: 3, to: 5}}]",
    "commitments[1].prices: charges would count towards commitment a as well; each counts towards one only",
  ],
  [
    "neither amount nor quantity",
    "[{key: a}]",
    "commitments[0].amount: either amount or quantity is required, not both",
  ],
];

const GRANT_FAULTS: readonly (readonly [name: string, credits: string, fault: string])[] = [
  [
    "an id twice",
    "[{id: g, amount: 1, effective: 2026-01-01}, {id: g, amount: 1, effective: 2026-01-01}]",
    "credits[1].id: g is already the id of another grant of the contract",
  ],
  [
    "a product that does not exist",
    "[{id: g, amount: 1, effective: 2026-01-01, products: [none]}]",
    "credits[0].products[0]: there is no product none",
  ],
  [
    "a meter that does not exist",
    "[{id: g, amount: 1, effective: 2026-01-01, meters: [none]}]",
    "credits[0].meters[0]: there is no meter none",
  ],
  [
    "more decimals than the currency",
    "[{id: g, amount: 0.001, effective: 2026-01-01}]",
    "credits[0].amount: has more decimal places than USD, which has 2",
  ],
  [
    "more decimals than the meter",
    "[{id: g, amount: 0.001, unit: quantity, meters: [requests], effective: 2026-01-01}]",
    "credits[0].amount: has more decimal places than meter requests, which has 2",
  ],
  [
    "a quantity of level-hours",
    "[{id: g, amount: 1, unit: quantity, meters: [storage], effective: 2026-01-01}]",
    "credits[0].unit: a quantity of meter storage (time_weighted) can't be granted",
  ],
  [
    "a quantity whose charge depends on more",
    "[{id: g, amount: 1, unit: quantity, meters: [peak], effective: 2026-01-01}]",
    "credits[0].meters[0]: what peak charges does not follow from the quantity alone, so units of it can't be granted",
  ],
  [
    "more decimals in a rollover",
    "[{id: g, amount: 1, effective: 2026-01-01, rollover: {at: period_end, maximum: 0.001}}]",
    "credits[0].rollover.maximum: has more decimal places than USD, which has 2",
  ],
  [
    "an end before the start",
    "[{id: g, amount: 1, effective: 2026-01-02, expires: 2026-01-02}]",
    "credits[0].expires: must be after effective",
  ],
  [
    "a time that is none",
    "[{id: g, amount: 1, effective: 2026-01-32}]",
    "credits[0].effective: must be a date (2026-01-31) or an RFC 3339 time with its offset (2026-01-31T00:00:00+01:00)",
  ],
];

describe("commitments", () => {
  for (const [name, commitments, fault] of COMMITMENT_FAULTS) {
    test(`of a contract: ${name}`, () => {
      expect(faultsOf({ ...byTheWindow(""), ...withContract(`commitments: ${commitments}`) })).toEqual([
        `contracts/c.yaml: ${fault}`,
      ]);
    });
    test(`of a plan: ${name}`, () => {
      expect(faultsOf(byTheWindow(`commitments: ${commitments}`))).toContain(`plans/api.yaml: ${fault}`);
    });
  }

  test("a quantity is worth what a price charges for it, so that must follow from it", () => {
    const matrix =
      "  - {key: zones, product: api, meter: logins, model: per_unit, unit_price: 1, rate_per: window}\n" +
      "  - {key: fee, product: api, model: flat, amount: 5}\n";
    const commit = (price: string): Record<string, string> =>
      withPlan(`${matrix}commitments: [{key: a, quantity: 5, prices: [${price}]}]`);
    expect(faultsOf(commit("zones"))).toEqual([
      "plans/api.yaml: commitments[0].prices[0]: what a quantity of zones is worth does not follow from the quantity alone",
    ]);
    expect(faultsOf(commit("fee"))).toEqual([
      "plans/api.yaml: commitments[0].prices[0]: fee is no price of usage",
    ]);
    const contract = compiled(commit("requests")).contract("C1");
    const [commitment] = contract?.commitments ?? [];
    if (contract === undefined || commitment === undefined) throw new Error("no commitment");
    // 5 × 1 and the flat fee of 5.
    expect(contract.committedAmount(commitment, contract.periodAt(Date.parse("2026-03-01T12:00Z")))).toBe(
      1000n,
    );
  });

  test("windows of one price are shared out by hours, and the rest", () => {
    const windows =
      "commitments: [{key: day, amount: 0.0001, per: window, prices: [peak], hours: {from: 8, to: 18}}, {key: rest, amount: 1, per: window, prices: [peak]}]";
    expect(faultsOf(withPlan(windows))).toEqual([
      "plans/api.yaml: commitments[0].prices[0]: a commitment per window needs a price by the window: peak has no rate_per: window",
      "plans/api.yaml: commitments[1].prices[0]: a commitment per window needs a price by the window: peak has no rate_per: window",
    ]);
    expect(faultsOf(byTheWindow(windows))).toEqual([]);
  });

  test("a quantity per window is worth what the price charges for a window", () => {
    const catalog = compiled(
      byTheWindow("commitments: [{key: a, quantity: 3, per: window, prices: [peak]}]"),
    );
    const [commitment] = catalog.contract("C1")?.commitments ?? [];
    // 3 × 0.333 in cents.
    expect(commitment?.amountPerWindow).toEqual({ numerator: 999n, denominator: 10n });
  });

  test("a contract replaces those of its plan by key and keeps the others", () => {
    const catalog = compiled({
      ...withPlan(
        "commitments: [{key: a, amount: 10, prices: [requests]}, {key: b, amount: 20, prices: [peak]}]",
      ),
      ...withContract("commitments: [{key: b, amount: 30, prices: [peak]}]"),
    });
    const contract = catalog.contract("C1");
    const period = contract?.periodAt(Date.parse("2026-03-10T00:00Z"));
    if (contract === undefined || period === undefined) throw new Error("no contract");
    expect(
      contract.commitments.map((commitment) => [
        commitment.key,
        contract.committedAmount(commitment, period),
      ]),
    ).toEqual([
      ["a", 1000n],
      ["b", 3000n],
    ]);
  });

  test("of a plan may not overlap with one that a contract adds", () => {
    expect(
      faultsOf({
        ...withPlan("commitments: [{key: a, amount: 10}]"),
        ...withContract("commitments: [{key: b, amount: 30, prices: [peak]}]"),
      }),
    ).toEqual([
      "contracts/c.yaml: commitments[0].prices: charges would count towards commitment a as well; each counts towards one only",
    ]);
  });
});

describe("credits", () => {
  for (const [name, credits, fault] of GRANT_FAULTS) {
    test(`fault: ${name}`, () => {
      expect(faultsOf({ ...byTheWindow(""), ...withContract(`credits: ${credits}`) })).toEqual([
        `contracts/c.yaml: ${fault}`,
      ]);
    });
  }

  test("times are read in the contract's zone", () => {
    const [grant] =
      compiled(
        withContract(
          "credits: [{id: g, amount: 1.5, effective: 2026-03-29, expires: 2026-03-30, voided: 2026-03-29T12:00:00Z}]",
        ),
      ).contract("C1")?.grants ?? [];
    expect(grant).toMatchObject({
      meter: undefined,
      voidedMs: Date.parse("2026-03-29T12:00:00Z"),
      terms: {
        amount: 150n,
        effectiveMs: Date.parse("2026-03-28T23:00:00Z"),
        expiresMs: Date.parse("2026-03-29T22:00:00Z"),
      },
    });
  });
});

describe("the version of a catalog", () => {
  const terms =
    "commitments: [{key: b, amount: 1.0, prices: [requests, peak]}]\n" +
    "credits: [{id: z, amount: 1, effective: 2026-01-01}, {id: a, amount: 2, effective: 2026-01-01T00:00:00+01:00}]\n" +
    "alerts: {commitment_percents: [100, 80, 80]}";

  test("does not depend on how terms are written", () => {
    const other =
      'commitments: [{prices: [peak, requests], key: b, amount: "1"}]\n' +
      "credits: [{id: a, amount: 2, effective: 2026-01-01}, {id: z, amount: 1, effective: 2025-12-31T23:00:00Z}]\n" +
      "alerts: {commitment_percents: [80, 100]}";
    expect(loaded(withContract(other)).version).toBe(loaded(withContract(terms)).version);
  });

  test("stays for catalogs that have none of them", () => {
    expect(loaded(withContract("commitments: []\ncredits: []")).version).toBe(loaded().version);
    expect(loaded().canonical).not.toContain("commitments");
  });

  test("its canonical form gives the same contract", () => {
    const first = loaded(withContract(terms));
    const second = parseCanonical(first.canonical);
    const compile = (catalog: typeof second) => compileCatalog(catalog, first.version).contract("C1");
    expect(compile(second)?.grants).toEqual(compile(first.catalog)?.grants);
    expect(compile(second)?.alerts).toEqual({ commitmentPercents: [80, 100], creditPercents: [0, 20] });
  });
});

test("a catalog that follows keeps grants as they were given; it may add and void", () => {
  const compile = (lines: string) => {
    const load = loaded(withContract(lines));
    return compileCatalog(load.catalog, load.version);
  };
  const before = compile("credits: [{id: g, amount: 1, effective: 2026-01-01}]");
  const follow = (credits: string) => successionFaults(before, compile(`credits: ${credits}`));
  expect(
    follow(
      "[{id: g, amount: 1, effective: 2026-01-01, voided: 2026-02-01}, {id: h, amount: 1, effective: 2026-01-01}]",
    ),
  ).toEqual([]);
  expect(follow("[]")).toEqual(["contract C1 can't lose its grant g: void it instead"]);
  for (const changed of [
    "{id: g, amount: 2, effective: 2026-01-01}",
    "{id: g, amount: 1, effective: 2026-01-02}",
  ])
    expect(follow(`[${changed}]`)).toEqual([
      "contract C1 can't change its grant g: void it and add another one",
    ]);
  const voided = compile("credits: [{id: g, amount: 1, effective: 2026-01-01, voided: 2026-02-01}]");
  expect(successionFaults(voided, before)).toEqual(["contract C1 can't change when its grant g was voided"]);
});
