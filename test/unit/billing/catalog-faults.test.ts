import { describe, expect, test } from "vitest";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { BASE_FILES, filesWith } from "./catalog-fixture.ts";

/** The faults of the base catalog with changes, as lines that a person would read. */
function faultsOf(changes: Record<string, string | undefined>): string[] {
  const load = loadCatalog(filesWith(changes));
  return load.ok ? [] : load.faults.map(({ file, path, message }) => `${file}: ${path}: ${message}`);
}

/** A base file with a part of its text replaced. */
function edited(file: string, from: string, to: string): Record<string, string> {
  const text = BASE_FILES[file];
  if (text === undefined || !text.includes(from)) throw new Error(`${file} has no ${from}`);
  return { [file]: text.replace(from, to) };
}

const TIERS =
  "[{up_to: 10, unit_price: 1, flat_fee: 5}, {up_to: 20, unit_price: 0.5, flat_fee: 2}, {unit_price: 0.125}]";
const tiers = (text: string): Record<string, string> => edited("plans/api.yaml", TIERS, text);
const contract = (from: string, to: string): Record<string, string> => edited("contracts/c.yaml", from, to);
const settings = (text: string): Record<string, string> => ({
  "settings.yaml": `${BASE_FILES["settings.yaml"] ?? ""}${text}\n`,
});

const CASES: readonly (readonly [
  name: string,
  changes: Record<string, string | undefined>,
  fault: string,
])[] = [
  ["no settings", { "settings.yaml": undefined }, "settings.yaml: : is missing"],
  [
    "two settings",
    { "settings.json": '{"regions":["eu"],"grace":"1d"}' },
    "settings.yaml: : the settings are already in settings.json",
  ],
  ["a missing field", edited("settings.yaml", "grace: 3d", ""), "settings.yaml: grace: is required"],
  ["an unknown field", settings("graze: 3d"), "settings.yaml: graze: is not a known field"],
  [
    "a malformed duration",
    settings("disorder: PT5M"),
    'settings.yaml: disorder: must be a whole number and a unit: "35d", "24h", "5m" or "30s"',
  ],
  ["another grid", settings("cell_minutes: 20"), "settings.yaml: cell_minutes: must be 60, 30 or 15"],
  [
    "a short dedupe horizon",
    settings("max_age: 40d"),
    "settings.yaml: dedupe_horizon: must be at least max_age + max_ahead + 1 day, 1008h",
  ],
  [
    "a region twice",
    edited("settings.yaml", "[eu, us]", "[eu, us, eu]"),
    "settings.yaml: regions[2]: eu is named twice",
  ],
  [
    "a file in no folder",
    { "meter/x.yaml": "key: x" },
    "meter/x.yaml: : is not a file of the catalog, which has settings.yaml, meters/, products/, plans/, contracts/, customers/, legal_entities/, tax_rates/, exchange_rates/, erp/, mappings/",
  ],
  ["an empty file", { "meters/x.yaml": "# nothing\n" }, "meters/x.yaml: : is empty"],
  [
    "broken YAML",
    { "meters/x.yaml": "key: [x\n" },
    "meters/x.yaml: : Flow sequence in block collection must be sufficiently indented and end with a ] at line 2, column 1",
  ],
  [
    "a YAML key twice",
    { "meters/x.yaml": "key: x\nkey: y\n" },
    "meters/x.yaml: : Map keys must be unique at line 2, column 1",
  ],
  [
    "an unknown aggregation",
    edited("meters/logins.yaml", "count", "avg"),
    "meters/logins.yaml: aggregation: must be one of sum, count, min, max, latest, unique, time_weighted",
  ],
  [
    "a sum of nothing",
    edited("meters/requests.yaml", "value_property: n\n", ""),
    "meters/requests.yaml: value_property: is required for aggregation sum",
  ],
  [
    "a count of a property",
    edited("meters/logins.yaml", "count", "count\nvalue_property: n"),
    "meters/logins.yaml: value_property: must be left out for aggregation count",
  ],
  [
    "a count with places",
    edited("meters/logins.yaml", "count", "count\nscale: 1"),
    "meters/logins.yaml: scale: must be 0 for aggregation count",
  ],
  [
    "a property filtered twice",
    edited(
      "meters/logins.yaml",
      "count",
      "count\nfilters: [{property: a, any_of: [x]}, {property: a, any_of: [y]}]",
    ),
    "meters/logins.yaml: filters[1].property: a is filtered twice",
  ],
  [
    "a malformed key",
    edited("meters/logins.yaml", "logins", "log ins"),
    "meters/logins.yaml: key: must be 1–100 letters, digits, '_', '.' or '-', the first a letter or digit",
  ],
  [
    "a meter twice",
    { "meters/z.yaml": "[{key: logins, event_type: x, aggregation: count}]" },
    "meters/z.yaml: [0].key: logins is already defined in meters/logins.yaml",
  ],
  [
    "a product twice",
    { "products/z.yaml": "{key: api, name: x}" },
    "products/z.yaml: key: api is already defined in products/all.yaml",
  ],
  [
    "two customers with one id",
    { "customers/z.yaml": "{id: acme, name: x}" },
    "customers/z.yaml: id: acme is already defined in customers/acme.yaml",
  ],
  [
    "a plan version twice",
    { "plans/z.yaml": "{key: api, version: 1, currency: USD, prices: []}" },
    "plans/z.yaml: version: api@1 is already defined in plans/api.yaml",
  ],
  [
    "a missing currency",
    edited("plans/api.yaml", "currency: USD\n", ""),
    "plans/api.yaml: currency: is required",
  ],
  [
    "an unknown currency",
    edited("plans/api.yaml", "USD", "XXX"),
    'plans/api.yaml: currency: "XXX" is not an ISO 4217 currency',
  ],
  [
    "a price key twice",
    edited("plans/api.yaml", "{key: peak", "{key: requests"),
    "plans/api.yaml: prices[1].key: requests is already the key of another price of the plan",
  ],
  [
    "an unknown product",
    edited("plans/api.yaml", "product: disk", "product: disc"),
    "plans/api.yaml: prices[2].product: there is no product disc",
  ],
  [
    "an unknown meter",
    edited("plans/api.yaml", "meter: peak", "meter: peek"),
    "plans/api.yaml: prices[1].meter: there is no meter peek",
  ],
  [
    "a meter priced twice",
    edited("plans/api.yaml", "meter: peak", "meter: requests"),
    "plans/api.yaml: prices[1].meter: requests is already priced by requests",
  ],
  [
    "an unknown model",
    edited("plans/api.yaml", "model: graduated", "model: stairs"),
    "plans/api.yaml: prices[0].model: must be one of flat, per_unit, graduated, volume, package, tiered_blocks, percentage, graduated_percentage, dynamic, matrix, capacity",
  ],
  [
    "a field of another model",
    edited("plans/api.yaml", "unit_price: 0.333", "unit_price: 1, tiers: []"),
    "plans/api.yaml: prices[1].tiers: is not a known field",
  ],
  [
    "a negative price",
    edited("plans/api.yaml", "0.333", "-0.333"),
    "plans/api.yaml: prices[1].unit_price: must not be negative",
  ],
  [
    "a price with an exponent",
    edited("plans/api.yaml", "0.333", "3e-1"),
    "plans/api.yaml: prices[1].unit_price: must be a decimal in plain notation, like 12 or 0.0015 (at most 30 digits before and behind the point)",
  ],
  ["no tiers", tiers("[]"), "plans/api.yaml: prices[0].tiers: Too small: expected array to have >=1 items"],
  [
    "unordered tiers",
    tiers("[{up_to: 20}, {up_to: 10}, {}]"),
    "plans/api.yaml: prices[0].tiers[1].up_to: must be greater than the bound of the tier before, 20",
  ],
  [
    "an empty tier",
    tiers("[{up_to: 10}, {up_to: 10.0}, {}]"),
    "plans/api.yaml: prices[0].tiers[1].up_to: must be greater than the bound of the tier before, 10",
  ],
  [
    "a tier up to nothing",
    tiers("[{up_to: 0}, {}]"),
    "plans/api.yaml: prices[0].tiers[0].up_to: must be greater than 0",
  ],
  [
    "a closed last tier",
    tiers("[{up_to: 10}, {up_to: 20}]"),
    "plans/api.yaml: prices[0].tiers[1].up_to: the last tier must be open: leave up_to out",
  ],
  [
    "a gap between tiers",
    tiers("[{up_to: 10}, {}, {up_to: 20}, {}]"),
    "plans/api.yaml: prices[0].tiers[1].up_to: only the last tier may be open (have no up_to)",
  ],
  [
    "an unknown customer",
    contract("customer: acme", "customer: acne"),
    "contracts/c.yaml: customer: there is no customer acne",
  ],
  [
    "an unknown plan",
    contract("{key: api", "{key: apo"),
    "contracts/c.yaml: plan: there is no plan apo with version 1",
  ],
  [
    "an unknown plan version",
    contract("version: 1", "version: 2"),
    "contracts/c.yaml: plan: there is no plan api with version 2",
  ],
  [
    "an unknown zone",
    contract("Europe/Berlin", "Europe/Bärlin"),
    'contracts/c.yaml: time_zone: "Europe/Bärlin" is not an IANA time zone',
  ],
  [
    "a bare offset",
    contract("Europe/Berlin", '"+01:00"'),
    'contracts/c.yaml: time_zone: "+01:00" is not an IANA time zone',
  ],
  [
    "an anchor day out of range",
    contract("start:", "billing_anchor_day: 32\nstart:"),
    "contracts/c.yaml: billing_anchor_day: must be at most 31",
  ],
  [
    "billing periods that do not divide a year",
    contract("start:", "billing_months: 5\nstart:"),
    "contracts/c.yaml: billing_months: must divide the 12 months of a year",
  ],
  [
    "a day that doesn't exist",
    contract("2026-01-01", "2026-02-29"),
    "contracts/c.yaml: start: must be a date (2026-01-31) or an RFC 3339 time with its offset (2026-01-31T00:00:00+01:00)",
  ],
  [
    "a day that doesn't exist, in UTC",
    contract("2026-01-01", "2026-02-29T00:00:00Z"),
    "contracts/c.yaml: start: must be a date (2026-01-31) or an RFC 3339 time with its offset (2026-01-31T00:00:00+01:00)",
  ],
  [
    "an hour that doesn't exist",
    contract("2026-01-01", "2026-01-01T25:00:00Z"),
    "contracts/c.yaml: start: must be a date (2026-01-31) or an RFC 3339 time with its offset (2026-01-31T00:00:00+01:00)",
  ],
  [
    "a time without offset",
    contract("2026-01-01", "2026-01-01T00:00:00"),
    "contracts/c.yaml: start: must be a date (2026-01-31) or an RFC 3339 time with its offset (2026-01-31T00:00:00+01:00)",
  ],
  [
    "an end at the start",
    contract("2026-01-01", "2026-01-01\nend: 2026-01-01"),
    "contracts/c.yaml: end: must be after start",
  ],
  [
    "a start off the grid",
    contract("2026-01-01", "2026-01-01T00:15:00Z"),
    "contracts/c.yaml: start: is not on the grid of 60-minute cells",
  ],
  [
    "an end off the grid",
    contract("2026-01-01", "2026-01-01\nend: 2027-01-01T00:00:01Z"),
    "contracts/c.yaml: end: is not on the grid of 60-minute cells",
  ],
  [
    "a zone off the grid",
    contract("Europe/Berlin\nstart: 2026-01-01", "Asia/Kathmandu\nstart: 2026-01-01T00:00:00Z"),
    "contracts/c.yaml: time_zone: midnight in Asia/Kathmandu (UTC+05:45) is not on the grid of 60-minute cells; billing periods could not start on it",
  ],
  [
    "a contract twice",
    {
      "contracts/z.yaml":
        "[{id: C1, customer: acme, account: b, plan: {key: api, version: 1}, time_zone: UTC, start: 2026-01-01}]",
    },
    "contracts/z.yaml: [0].id: C1 is already defined in contracts/c.yaml",
  ],
  [
    "overlapping contracts",
    {
      "contracts/z.yaml":
        "[{id: C2, customer: acme, account: acme.com, plan: {key: api, version: 1}, time_zone: UTC, start: 2026-05-01}]",
    },
    "contracts/z.yaml: [0].start: account acme.com is still covered by contract C1 (contracts/c.yaml)",
  ],
];

describe("faults of the catalog", () => {
  test("the base has none", () => {
    expect(faultsOf({})).toEqual([]);
  });

  test.each(CASES)("%s", (_name, changes, fault) => {
    expect(faultsOf(changes)).toEqual([fault]);
  });

  test("all are reported at once, and one that is broken itself does not count as missing", () => {
    const faults = faultsOf({
      ...edited("plans/api.yaml", "currency: USD", "currency: usd"),
      ...edited("customers/acme.yaml", "name: Acme", "nome: Acme"),
      ...edited("meters/peak.yaml", "max", "mux"),
      ...contract("2026-01-01", "yesterday"),
    });
    expect(faults.map((line) => line.split(": ").slice(0, 2).join(" "))).toEqual([
      "contracts/c.yaml start",
      "customers/acme.yaml name",
      "customers/acme.yaml nome",
      "meters/peak.yaml aggregation",
      "plans/api.yaml currency",
    ]);
  });

  test("contracts of an account may follow one another, and an inner one is found behind a long one", () => {
    const list = (second: string, third: string): Record<string, string> => ({
      "contracts/c.yaml": [
        "- {id: C1, customer: acme, account: a, plan: {key: api, version: 1}, time_zone: UTC, start: 2026-01-01, end: 2026-07-01}",
        `- {id: C2, customer: acme, account: a, plan: {key: api, version: 1}, time_zone: UTC, ${second}}`,
        `- {id: C3, customer: acme, account: a, plan: {key: api, version: 1}, time_zone: UTC, ${third}}`,
      ].join("\n"),
    });
    expect(faultsOf(list("start: 2026-07-01, end: 2026-08-01", "start: 2026-08-01"))).toEqual([]);
    expect(
      faultsOf(list("start: 2026-02-01, end: 2026-03-01", "start: 2026-05-01")).map((line) =>
        line.slice(0, 30),
      ),
    ).toEqual(["contracts/c.yaml: [1].start: a", "contracts/c.yaml: [2].start: a"]);
  });

  test("a zone that leaves the grid later counts while the contract runs", () => {
    // Lord Howe Island: +11:00 from October to April, +10:30 in between.
    const lordHowe = (end: string): string[] =>
      faultsOf(contract("Europe/Berlin\nstart: 2026-01-01", `Australia/Lord_Howe\nstart: 2026-01-01${end}`));
    expect(lordHowe("\nend: 2026-04-01")).toEqual([]);
    expect(lordHowe("")).toEqual([
      expect.stringContaining("time_zone: midnight in Australia/Lord_Howe (UTC+10:30)"),
    ]);
  });

  test("aliases are followed, but not without end", () => {
    expect(
      faultsOf({
        "customers/acme.yaml": "- &a {id: acme, name: Acme}\n- {id: b, name: *n}\n".replace(
          "name: Acme",
          "name: &n Acme",
        ),
      }),
    ).toEqual([]);
    const bomb = [
      "- &a0 [x, x]",
      ...Array.from({ length: 20 }, (_, i) => `- &a${i + 1} [*a${i}, *a${i}]`),
    ].join("\n");
    expect(faultsOf({ "customers/z.yaml": bomb })).toEqual([
      "customers/z.yaml: : uses more than 1000 aliases",
    ]);
  });

  test("a key __proto__ is a key like another", () => {
    expect(faultsOf({ "customers/z.yaml": "{id: z, name: Z, __proto__: {name: x}}" })).toEqual([
      "customers/z.yaml: __proto__: is not a known field",
    ]);
  });
});
