import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";

/**
 * Fees that fall due at the first watermark, and usage that is charged as windows complete: little for an engine to do, and something in each channel. What
 * engines make of richer catalogs has properties of its own.
 */
export function ownershipCatalog(accounts: readonly string[]): CompiledCatalog {
  const json = (value: unknown): string => JSON.stringify(value);
  const loaded = loadCatalog(
    new Map([
      [
        "settings.yaml",
        json({
          regions: ["eu", "us"],
          grace: "6h",
          disorder: "10m",
          max_age: "10d",
          dedupe_horizon: "12d",
        }),
      ],
      [
        "meters/all.json",
        json([
          { key: "requests", event_type: "usage", aggregation: "count", group_by: { status: "status" } },
          { key: "sum", event_type: "usage", aggregation: "sum", value_property: "amount", scale: 3 },
        ]),
      ],
      ["products/all.json", json([{ key: "api", name: "API" }])],
      ["customers/all.json", json([{ id: "customer", name: "Customer" }])],
      [
        "plans/fees.json",
        json({
          key: "fees",
          version: 1,
          currency: "EUR",
          prices: [
            { key: "support", product: "api", model: "flat", amount: "100", billed: "in_advance" },
            { key: "requests", product: "api", meter: "requests", model: "per_unit", unit_price: "0.013" },
            { key: "sum", product: "api", meter: "sum", model: "per_unit", unit_price: "0.1" },
          ],
        }),
      ],
      [
        "contracts/all.json",
        json(
          accounts.map((account) => ({
            id: `contract-${account}`,
            customer: "customer",
            account,
            plan: { key: "fees", version: 1 },
            time_zone: "UTC",
            billing_anchor_day: 10,
            start: "2026-02-01",
          })),
        ),
      ],
    ]),
  );
  if (!loaded.ok) throw new Error(json(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}
