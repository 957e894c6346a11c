import { createHash } from "node:crypto";
import { compileCatalog } from "../../src/billing/catalog/compile.ts";
import type { CompiledPrice } from "../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../src/billing/catalog/load.ts";

const METER_SCALE = 3;
const CURRENCY_EXPONENT = 2;
/** Tiers as a plan has them: some free units, a fee on the way, ever cheaper. */
export const TIERS = [
  { up_to: "100", unit_price: "0" },
  { up_to: "10000", unit_price: "0.0125", flat_fee: "5" },
  { up_to: "250000", unit_price: "0.0099" },
  { unit_price: "0.00425" },
] as const;

/** Prices that are measured, by name. */
const PRICES = {
  per_unit: { model: "per_unit", unit_price: "0.0125" },
  graduated: { model: "graduated", tiers: TIERS },
  volume: { model: "volume", tiers: TIERS },
  package: { model: "package", package_size: "1000", package_price: "9.90" },
} as const;
export type BenchedModel = keyof typeof PRICES;
export const BENCHED_MODELS: readonly BenchedModel[] = ["per_unit", "graduated", "volume", "package"];

export interface RatingResult {
  readonly model: BenchedModel;
  readonly quantities: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** SHA-256 of all charges in minor units. */
  readonly hash: string;
}

/** A price through the catalog that users write, as the pipeline has it. */
function priceOf(model: BenchedModel): CompiledPrice {
  const price = { key: "p", product: "api", meter: "m", ...PRICES[model] };
  const loaded = loadCatalog(
    new Map([
      ["settings.json", JSON.stringify({ regions: ["eu"], grace: "1d" })],
      [
        "meters/m.json",
        JSON.stringify({
          key: "m",
          event_type: "e",
          aggregation: "sum",
          value_property: "v",
          scale: METER_SCALE,
        }),
      ],
      ["products/p.json", JSON.stringify({ key: "api", name: "API" })],
      ["plans/p.json", JSON.stringify({ key: "plan", version: 1, currency: "EUR", prices: [price] })],
      ["customers/c.json", JSON.stringify({ id: "c", name: "C" })],
      [
        "contracts/c.json",
        JSON.stringify({
          id: "c",
          customer: "c",
          account: "a",
          plan: { key: "plan", version: 1 },
          time_zone: "UTC",
          start: "2026-01-01",
        }),
      ],
    ]),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const compiled = compileCatalog(loaded.catalog, loaded.version);
  const found = compiled.contractAt("a", Date.parse("2026-06-01T00:00:00Z"))?.priceOf("m");
  if (found === undefined) throw new Error("the price is missing");
  return found;
}

/** Cumulative quantities at the meter's scale, the same in every run: spread over all tiers, many with fractions. */
export function quantityAt(index: number): bigint {
  const spread = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return BigInt(spread % 400_000_000) + BigInt(index % 7);
}

/** Rates `quantities` cumulative quantities, each of another account. */
export function benchRating(model: BenchedModel, quantities: number): RatingResult {
  const price = priceOf(model);
  const divisor = 10n ** BigInt(METER_SCALE);
  const charges: bigint[] = [];
  const startedMs = performance.now();
  for (let i = 0; i < quantities; i++) {
    charges.push(price.chargeInMinorUnits(quantityAt(i), divisor, CURRENCY_EXPONENT));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const hash = createHash("sha256");
  for (const charge of charges) hash.update(`${charge}\n`);
  return { model, quantities, seconds, perSecond: quantities / seconds, hash: hash.digest("hex") };
}
