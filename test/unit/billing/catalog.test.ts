import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import { catalogJsonSchemas } from "../../../src/billing/catalog/json-schemas.ts";
import { loadCatalog, parseCanonical } from "../../../src/billing/catalog/load.ts";
import { PRICE_MODEL_NAMES } from "../../../src/billing/rating/price-models.ts";
import { BASE_FILES, compiled, loaded } from "./catalog-fixture.ts";

describe("canonical form", () => {
  const base = loaded();

  test("has one text, known to the byte, for a small catalog", () => {
    const load = loadCatalog(
      new Map([
        ["settings.yaml", "grace: 48h\nregions: [b, a]\nmax_age: 1d\nmax_ahead: 0m\ndisorder: 90s\n"],
      ]),
    );
    expect(load.ok && load.canonical).toBe(
      '{"contracts":[],"customers":[],"format":1,"meters":[],"plans":[],"products":[],"settings":' +
        '{"cell_minutes":60,"dedupe_horizon":"37d","disorder":"90s","grace":"2d","max_age":"1d","max_ahead":"0s","regions":["a","b"]}}',
    );
    expect(load.ok && load.version).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ["2026-03-01", "2026-02-28T23:00:00.000Z"],
    ["2026-03-01T00:00:00+01:00", "2026-02-28T23:00:00.000Z"],
    ["2026-03-01T00:00:00Z", "2026-03-01T00:00:00.000Z"],
    ["2026-03-01T00:00:00.0Z", "2026-03-01T00:00:00.000Z"],
    ["2026-02-28T24:00:00Z", "2026-03-01T00:00:00.000Z"],
  ])("has the start %s as %s", (start, canonical) => {
    const contract = BASE_FILES["contracts/c.yaml"]?.replace("2026-01-01", `"${start}"`);
    expect(loaded({ "contracts/c.yaml": contract }).catalog.contracts[0]?.start).toBe(canonical);
  });

  test("gives the same catalog back", () => {
    expect(parseCanonical(base.canonical)).toEqual({
      ...base.catalog,
      meters: [...base.catalog.meters].sort((a, b) => (a.key < b.key ? -1 : 1)),
      plans: base.catalog.plans.map((plan) => ({
        ...plan,
        prices: [...plan.prices].sort((a, b) => (a.key < b.key ? -1 : 1)),
      })),
    });
    expect(() => parseCanonical(base.canonical.replace('"0.333"', '"0.3330"'))).toThrow(
      expect.objectContaining({ code: "catalog-invalid" }),
    );
    expect(() => parseCanonical("{")).toThrow(expect.objectContaining({ code: "catalog-invalid" }));
  });

  test("does not change with layout, order, YAML or JSON, comments or the way values are written", () => {
    const rewritten = new Map<string, string>([
      ["README.md", "not read"],
      [
        "settings.json",
        JSON.stringify({ grace: "72h", regions: ["us", "eu"], disorder: "300s", cell_minutes: 60 }),
      ],
      ["plans/deep/er/all.json", JSON.stringify([reversed(parse(BASE_FILES["plans/api.yaml"] ?? ""))])],
      [
        "meters/all.yml",
        ["storage", "logins", "requests", "peak"]
          .map((name) => stringify([reversed(parse(BASE_FILES[`meters/${name}.yaml`] ?? ""))]))
          .join("# a comment\n"),
      ],
      ["products/b.yaml", "key: disk\nname: Disk"],
      ["products/a.yaml", "name: API # inline\nkey: api"],
      [
        "contracts/c.yaml",
        (BASE_FILES["contracts/c.yaml"] ?? "").replace("2026-01-01", "2025-12-31T18:00:00-05:00"),
      ],
      ["customers/acme.yaml", '{"name": "Acme", "id": "acme"}'],
    ]);
    const again = loadCatalog(rewritten);
    expect(again.ok ? again.version : again.faults).toBe(base.version);
  });

  test("changes with anything that is said", () => {
    const versions = [
      loaded(),
      loaded({ "settings.yaml": "regions: [eu]\ngrace: 3d\n" }),
      loaded({ "plans/api.yaml": (BASE_FILES["plans/api.yaml"] ?? "").replace("0.125", "0.1250001") }),
      loaded({ "customers/acme.yaml": "id: acme\nname: ACME\n" }),
      loaded({ "contracts/c.yaml": `${BASE_FILES["contracts/c.yaml"] ?? ""}billing_anchor_day: 2\n` }),
    ].map(({ version }) => version);
    expect(new Set(versions).size).toBe(versions.length);
  });

  test("keeps every digit of a YAML number", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 30n - 1n }),
        fc.bigInt({ min: 0n, max: 10n ** 29n }),
        (whole, part) => {
          const text = `${whole}.${String(part).padStart(30, "0")}`;
          const plan = (price: string): string =>
            (BASE_FILES["plans/api.yaml"] ?? "").replace("0.333", price);
          const plain = loaded({ "plans/api.yaml": plan(text) });
          const quoted = loaded({ "plans/api.yaml": plan(`"${text}"`) });
          expect(plain.version).toBe(quoted.version);
          expect(plain.canonical).toContain(`"unit_price":"${text.replace(/\.?0+$/, "")}"`);
        },
      ),
      { numRuns: 20 },
    );
  });
});

/** The same value with the keys of its objects the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  );
}

describe("compiled catalog", () => {
  test("has settings in milliseconds and meters by key and type", () => {
    const catalog = compiled();
    expect(catalog.settings).toEqual({
      regions: ["eu", "us"],
      disorderMs: 300_000,
      graceMs: 259_200_000,
      billingStartMs: Number.NEGATIVE_INFINITY,
      cellMs: 3_600_000,
      maxAgeMs: 35 * 86_400_000,
      maxAheadMs: 86_400_000,
      dedupeHorizonMs: 37 * 86_400_000,
    });
    expect(catalog.metersOfType("request")?.map(({ key }) => key)).toEqual(["peak", "requests"]);
    expect(catalog.metersOfType("nothing")).toBeUndefined();
    expect(catalog.meters.get("requests")).toEqual({
      key: "requests",
      retractable: false,
      eventType: "request",
      aggregation: "sum",
      scale: 2,
      valueProperty: "n",
      groupBy: [
        { name: "method", property: "verb" },
        { name: "zone", property: "az" },
      ],
      filters: [],
    });
  });

  test("finds the contract that covers an account at a time", () => {
    const catalog = compiled({
      "contracts/c.yaml": [
        "- {id: late, customer: acme, account: a b.com, plan: {key: api, version: 1}, time_zone: UTC, start: 2026-03-01}",
        "- {id: early, customer: acme, account: a b.com, plan: {key: api, version: 1}, time_zone: UTC, start: 2026-01-01, end: 2026-02-01}",
      ].join("\n"),
    });
    const at = (time: string): string | undefined => catalog.contractAt("a b.com", Date.parse(time))?.id;
    expect(at("2025-12-31T23:59:59.999Z")).toBeUndefined();
    expect(at("2026-01-01T00:00:00Z")).toBe("early");
    expect(at("2026-01-31T23:59:59.999Z")).toBe("early");
    expect(at("2026-02-01T00:00:00Z")).toBeUndefined();
    expect(at("2026-03-01T00:00:00Z")).toBe("late");
    expect(catalog.contractAt("a", 0)).toBeUndefined();
    expect(catalog.contract("late")?.currency).toBe("USD");
    expect(() => catalog.contract("early")?.periodAt(Date.parse("2026-02-01T00:00:00Z"))).toThrow(RangeError);
  });

  test("prices exactly and rounds once", () => {
    const contract = compiled().contract("C1");
    expect(contract?.priceOf("requests")?.id).toBe("api@1/requests");
    expect(contract?.priceOf("requests")?.charge(2_001n, 2)).toBe("22.00125");
    expect(contract?.priceOf("requests")?.chargeInMinorUnits(2_001n, 100n, 2)).toBe(2_200n);
    expect(contract?.priceOf("logins")).toBeUndefined();
  });

  test("ten thousand contracts in one list load, and are looked up by account", () => {
    const count = 10_000;
    const list = Array.from(
      { length: count },
      (_, i) =>
        `{"id":"C${i}","customer":"acme","account":"a${i}","plan":{"key":"api","version":1},"time_zone":"Europe/Berlin","billing_anchor_day":${(i % 31) + 1},"start":"2026-01-01"}`,
    );
    const catalog = compiled({
      "contracts/c.yaml": undefined,
      "contracts/all.json": `[${list.join(",\n")}]`,
    });
    expect(catalog.contractAt("a9999", Date.parse("2026-06-01T00:00:00Z"))?.id).toBe("C9999");
  });
});

describe("published schemas and pages", () => {
  test("every entity has a JSON Schema that names its fields and closes its objects", () => {
    const schemas = catalogJsonSchemas();
    expect(Object.keys(schemas)).toEqual([
      "settings",
      "meter",
      "product",
      "plan",
      "contract",
      "customer",
      "legal_entity",
      "tax_rate",
      "exchange_rate",
      "erp_connection",
      "mapping",
    ]);
    expect(schemas.contract).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["id", "customer", "account", "plan", "time_zone", "start"],
      properties: { billing_anchor_day: { type: "integer", minimum: 1, maximum: 31 } },
    });
    const laterModels = PRICE_MODEL_NAMES.slice(3);
    expect(laterModels).toHaveLength(8);
    expect(schemas.plan).toMatchObject({
      properties: {
        version: { type: "integer" },
        prices: {
          items: {
            oneOf: [
              {
                properties: { model: { const: "flat" }, amount: { type: ["string", "number"] } },
                required: ["key", "product", "model", "amount"],
              },
              { properties: { model: { const: "per_unit" }, unit_price: { type: ["string", "number"] } } },
              {
                properties: { model: { const: "graduated" } },
                required: ["key", "product", "meter", "model", "tiers"],
              },
              ...laterModels.map((model) => ({ properties: { model: { const: model } } })),
            ],
          },
        },
      },
    });
  });

  test("the catalog of docs/catalog.md loads and costs what the page says", () => {
    const page = readFileSync(new URL("../../../docs/catalog.md", import.meta.url), "utf8");
    const examples = [...page.matchAll(/^## `(\S+)`\n[^`]*?^```yaml\n(.*?)^```/gms)];
    const files = new Map(examples.map(([, file = "", text = ""]) => [file, text]));
    expect([...files.keys()]).toEqual([
      "settings.yaml",
      "meters/api-requests.yaml",
      "meters/storage.yaml",
      "products/products.yaml",
      "plans/standard.yaml",
      "contracts/acme.yaml",
      "customers/acme.yaml",
      "legal_entities/north.yaml",
    ]);
    const load = loadCatalog(files);
    if (!load.ok) throw new Error(JSON.stringify(load.faults));
    const catalog = compileCatalog(load.catalog, load.version);
    expect(catalog.contract("C-1001")?.priceOf("api_requests")?.charge(12_000_000n, 0)).toBe("4120");
    expect(page).toContain("= 4 120.00 EUR");
  });
});
