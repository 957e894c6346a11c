import { describe, expect, test } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import { loadCatalog, parseCanonical } from "../../../src/billing/catalog/load.ts";
import { catalogChanges, successionFaults } from "../../../src/billing/catalog/succession.ts";
import { mappingGaps } from "../../../src/billing/posting/mapping-gaps.ts";
import { TEST_ERPS } from "../../support/test-erps.ts";
import { BILLING_FILES } from "../invoices/billing-fixture.ts";
import { CONNECTIONS, MAPPING, postingFiles } from "./posting-fixture.ts";

type Files = Readonly<Record<string, unknown>>;

function load(files: Files) {
  return loadCatalog(
    new Map(Object.entries(files).map(([file, content]) => [file, JSON.stringify(content)])),
  );
}

function faultsOf(files: Files): string[] {
  const loaded = load(files);
  return loaded.ok ? [] : loaded.faults.map(({ file, path, message }) => `${file}: ${path}: ${message}`);
}

function compiled(files: Files) {
  const loaded = load(files);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return {
    catalog: compileCatalog(loaded.catalog, loaded.version),
    canonical: loaded.canonical,
    version: loaded.version,
  };
}

const connection = (fields: Files = {}) => ({
  "erp/a.json": { key: "erp", adapter: "reversing", ...fields },
});
const mapping = (...rows: Files[]) => ({
  ...connection(),
  "mappings/a.json": rows.map((row) => ({
    connection: "erp",
    table: "item",
    key: "api",
    values: { id: "1" },
    ...row,
  })),
});

describe("files of erp/ and mappings/", () => {
  test.each<readonly [name: string, files: Files, fault: string]>([
    [
      "a key that no stream can have",
      connection({ key: "a.b" }),
      "erp/a.json: key: must be 1–40 letters, digits, '_' or '-', the first a letter or digit (it is part of a stream's name)",
    ],
    ["a secret", connection({ password: "x" }), "erp/a.json: password: is not a known field"],
    [
      "an unknown legal entity",
      connection({ legal_entities: ["none"] }),
      "erp/a.json: legal_entities[0]: there is no legal entity none",
    ],
    [
      "documents in mode summary",
      connection({ mode: "summary", kinds: ["invoice"] }),
      "erp/a.json: kinds: must be journal alone in mode summary, which posts no documents",
    ],
    [
      "invoices without credit memos",
      connection({ kinds: ["invoice"] }),
      "erp/a.json: kinds: must have invoice and credit-memo together: one without the other is half of the books",
    ],
    [
      "an end before the start",
      connection({ from: "2026-02-01", to: "2026-01-01" }),
      "erp/a.json: to: must be after from",
    ],
    [
      "two stages of a name",
      connection({
        dunning: [
          { days: 1, stage: "a" },
          { days: 2, stage: "a" },
        ],
      }),
      "erp/a.json: dunning: names a stage twice",
    ],
    [
      "a row of no connection",
      { "mappings/a.json": { connection: "none", table: "item", key: "api", values: { id: "1" } } },
      "mappings/a.json: connection: there is no ERP connection none",
    ],
    [
      "an unknown table",
      mapping({ table: "items" }),
      "mappings/a.json: [0].table: must be one of customer, item, tax, account, dimension, currency, terms, legal_entity, period",
    ],
    [
      "a row without values",
      mapping({ values: {} }),
      "mappings/a.json: [0].values: must have at least one field",
    ],
    [
      "two rows of a key",
      mapping({}, {}),
      "mappings/a.json: [1].key: api is already mapped for its days in mappings/a.json",
    ],
    [
      "two rows of a day",
      mapping({ to: "2026-02-02" }, { from: "2026-02-01" }),
      "mappings/a.json: [1].key: api is already mapped for its days in mappings/a.json",
    ],
  ])("%s is a fault", (_name, files, fault) => {
    expect(faultsOf({ ...BILLING_FILES, ...files })).toEqual([fault]);
  });

  test("legal entities of one connection don't give out the same numbers", () => {
    const entities = {
      "legal_entities/all.json": [
        { key: "a", name: "A", number_prefix: "X-" },
        { key: "b", name: "B", number_prefix: "X-" },
      ],
    };
    const contracts = BILLING_FILES["contracts/all.json"];
    const named = Array.isArray(contracts)
      ? contracts.map((each: object) => ({ ...each, legal_entity: "a" }))
      : [];
    const files = { ...BILLING_FILES, ...entities, "contracts/all.json": named };
    expect(faultsOf({ ...files, ...connection() })).toEqual([
      "erp/a.json: legal_entities: documents of a and b have the same numbers (number_prefix X-)",
    ]);
    expect(faultsOf({ ...files, ...connection({ legal_entities: ["a"] }) })).toEqual([]);
    expect(faultsOf({ ...files, ...connection({ mode: "summary" }) })).toEqual([]);
  });

  test("the canonical form is the same for any order, reads back, and leaves catalogs without connections alone", () => {
    const { canonical, version } = compiled(postingFiles());
    const turned = compiled(postingFiles(MAPPING.toReversed(), { "erp/all.json": CONNECTIONS.toReversed() }));
    expect(turned.version).toBe(version);
    expect(parseCanonical(canonical).mappings).toHaveLength(MAPPING.length);
    expect(compiled(BILLING_FILES).canonical).not.toContain("mappings");
    const { erp, mappings } = catalogChanges(compiled(BILLING_FILES).canonical, canonical);
    expect(erp.added).toEqual(["detail", "summary"]);
    expect(mappings.added).toContain("detail/item/api");
  });

  test("a connection can't go away or be found elsewhere; its mapping may change", () => {
    const { catalog } = compiled(postingFiles());
    const after = (files: Files) => successionFaults(catalog, compiled(postingFiles(MAPPING, files)).catalog);
    expect(successionFaults(catalog, compiled(postingFiles(MAPPING.slice(1))).catalog)).toEqual([]);
    expect(after({ "erp/all.json": CONNECTIONS.map((each) => ({ ...each, to: "2026-05-01" })) })).toEqual([]);
    expect(successionFaults(catalog, compiled(BILLING_FILES).catalog)).toEqual([
      "ERP connection detail is missing: give it an end (to) instead",
      "ERP connection summary is missing: give it an end (to) instead",
    ]);
    expect(after({ "erp/all.json": CONNECTIONS.map((each) => ({ ...each, prefix: "other-" })) })).toEqual([
      "ERP connection detail: adapter and prefix can't change, its documents are found by them",
      "ERP connection summary: adapter and prefix can't change, its documents are found by them",
    ]);
  });
});

describe("what a mapping lacks", () => {
  const descriptions = new Map(TEST_ERPS.map((each) => [each.adapter, each]));
  const gapsOf = (files: Files) =>
    mappingGaps(compiled(files).catalog, descriptions, "2026-02-15").map(
      ({ connection: key, missing, contracts }) => `${key}: ${missing} (${contracts.join(", ")})`,
    );

  test("is nothing where all is there", () => {
    expect(gapsOf(postingFiles())).toEqual([]);
  });

  test("is told whole: rows, fields, accounts by what contracts bring about, taxes of the table", () => {
    const lacking = MAPPING.filter(
      ({ table, key }) =>
        !["tax", "terms"].includes(table) &&
        !["*", "deferred-revenue", "credits-expired", "team=core"].includes(key),
    ).map((row) => (row.table === "currency" ? { ...row, values: { code: "EUR" } } : row));
    expect(gapsOf(postingFiles(lacking))).toEqual([
      "detail: account credits-expired (credits)",
      "detail: account deferred-revenue (fees, changed)",
      "detail: currency EUR: id (plain, fees, changed)",
      "detail: dimension team=core (plain, fees, changed)",
      "detail: item support (fees, changed)",
      "detail: tax DE:VAT:19 (plain, fees, changed)",
      "detail: terms 30 (plain, fees, changed)",
      "summary: account credits-expired (credits)",
      "summary: account deferred-revenue (fees, changed)",
    ]);
  });

  test("is an adapter, or a kind that the ERP does not take", () => {
    const erp = [
      { key: "one", adapter: "unheard-of" },
      { key: "two", adapter: "plain" },
    ];
    expect(gapsOf(postingFiles([], { "erp/all.json": erp }))).toEqual([
      "one: adapter unheard-of is not one that this version has ()",
      "two: A plain ERP takes no customer, invoice, credit-memo: name the kinds that it is to have ()",
    ]);
  });
});
