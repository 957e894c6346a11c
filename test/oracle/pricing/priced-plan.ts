import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type {
  CompiledCatalog,
  CompiledContract,
  CompiledPrice,
} from "../../../src/billing/catalog/compiled.ts";
import type { MoneyRounding } from "../../../src/billing/rating/money.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { fieldsOf, listOf, UnknownCase } from "./values.ts";

export const ACCOUNT = "account";
export const METER = "units";

export interface CatalogParts {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly meters?: readonly Readonly<Record<string, unknown>>[];
  readonly prices?: readonly Readonly<Record<string, unknown>>[];
  readonly plan?: Readonly<Record<string, unknown>>;
  readonly contract?: Readonly<Record<string, unknown>>;
  /** Accounts with contracts of their own. */
  readonly otherAccounts?: readonly string[];
  /** Contracts that follow the first one, or stand beside it. */
  readonly otherContracts?: readonly Readonly<Record<string, unknown>>[];
  /** Plans of those, with prices of the one product; currency and the like are the first plan's. */
  readonly otherPlans?: readonly Readonly<Record<string, unknown>>[];
  /** Products beside the one that prices are of where they name none. */
  readonly otherProducts?: readonly Readonly<Record<string, unknown>>[];
  /** Tax on everything that is sold, and on products by their tax code. */
  readonly taxPercent?: string;
  readonly taxPercents?: Readonly<Record<string, string>>;
}

/** The catalog refuses what the case configures: for us this is the answer. */
export class RefusedByCatalog extends Error {}

const SUM_METER = { key: METER, event_type: "usage", aggregation: "sum", value_property: "value", scale: 12 };

/** A catalog as a user writes it, loaded and compiled. */
export function catalogOf(parts: CatalogParts): CompiledCatalog {
  const prices = pricesOf(parts.prices ?? []);
  const contract = {
    id: "contract",
    customer: "customer",
    account: ACCOUNT,
    plan: { key: "plan", version: 1 },
    time_zone: "UTC",
    start: "2000-01-01",
    ...parts.contract,
  };
  const files = {
    "settings.yaml": { regions: ["eu"], grace: "3d", ...parts.settings },
    "meters/all.json": parts.meters ?? [SUM_METER],
    "products/all.json": [{ key: "product", name: "Product" }, ...(parts.otherProducts ?? [])],
    "plans/others.json": (parts.otherPlans ?? []).map(({ prices: others, ...plan }) => ({
      currency: "USD",
      ...parts.plan,
      ...plan,
      prices: pricesOf(listOf(others).map(fieldsOf)),
    })),
    "plans/plan.json": { key: "plan", version: 1, currency: "USD", ...parts.plan, prices },
    "contracts/all.json": [
      contract,
      ...(parts.otherAccounts ?? []).map((account) => ({ ...contract, id: account, account })),
      ...(parts.otherContracts ?? []).map((fields) => ({ ...contract, ...fields })),
    ],
    "customers/customer.json": { id: "customer", name: "Customer", country: "US" },
    "tax_rates/all.json": [
      ...(parts.taxPercent === undefined ? [] : [taxRate("tax", parts.taxPercent)]),
      ...Object.entries(parts.taxPercents ?? {}).map(([code, percent]) => ({
        ...taxRate(code, percent),
        tax_code: code,
      })),
    ],
  };
  const load = loadCatalog(
    new Map(Object.entries(files).map(([name, value]) => [name, JSON.stringify(value)])),
  );
  if (!load.ok)
    throw new RefusedByCatalog(load.faults.map(({ path, message }) => `${path}: ${message}`).join("; "));
  return compileCatalog(load.catalog, load.version);
}

function pricesOf(prices: readonly Readonly<Record<string, unknown>>[]): readonly object[] {
  return prices.map((price, index) => ({
    key: `price-${index}`,
    product: "product",
    ...(price["model"] === "flat" ? {} : { meter: METER }),
    ...price,
  }));
}

function taxRate(key: string, percent: string): Readonly<Record<string, unknown>> {
  return { key, name: "Tax", country: "US", percent, from: "2000-01-01" };
}

export function contractOf(catalog: CompiledCatalog): CompiledContract {
  const contract = catalog.contract("contract");
  if (contract === undefined) throw new Error("the contract is not compiled");
  return contract;
}

/** The price as the catalog gives it to the operators. */
export function priceOf(
  price: Readonly<Record<string, unknown>>,
  parts: Omit<CatalogParts, "prices"> = {},
): { readonly price: CompiledPrice; readonly contract: CompiledContract; readonly catalog: CompiledCatalog } {
  const catalog = catalogOf({ ...parts, prices: [price] });
  const contract = contractOf(catalog);
  const compiled = contract.priceOf(METER) ?? contract.flatPrices[0];
  if (compiled === undefined) throw new Error("the plan has no price");
  return { price: compiled, contract, catalog };
}

/** Words of the cases for where ties go when money is rounded. */
const MONEY_ROUNDINGS: Readonly<Record<string, MoneyRounding>> = {
  half_up: "half_away_from_zero",
  half_even: "half_even",
  bankers: "half_even",
};

/** Fields of a plan that rounds as the case does. */
export function planOf(config: Readonly<Record<string, unknown>>): Record<string, string> {
  return { currency: currencyOf(config) ?? "USD", ...moneyRoundingOf(config) };
}

export function moneyRoundingOf(config: Readonly<Record<string, unknown>>): {
  readonly rounding: MoneyRounding;
} {
  const mode = typeof config["mode"] === "string" ? config["mode"] : "half_up";
  const rounding = MONEY_ROUNDINGS[mode];
  if (rounding === undefined) throw new UnknownCase(`rounding mode ${mode}`);
  return { rounding };
}

/** A currency that rounds as the case does: the case's own, or one that has the digits of `round_to`. */
export function currencyOf(config: Readonly<Record<string, unknown>>): string | undefined {
  const { currency, round_to: roundTo, scale, exponent } = config;
  if (typeof currency === "string") return currency;
  if (typeof roundTo === "string" && config["unit"] !== "minor")
    return currencyWith((roundTo.split(".")[1] ?? "").length);
  if (typeof scale === "number") return currencyWith(scale);
  if (typeof exponent === "number") return currencyWith(exponent);
  return undefined;
}

function currencyWith(digits: number): string {
  const code = ["JPY", undefined, "USD", "KWD", "CLF"][digits];
  if (code === undefined) throw new UnknownCase(`no currency has ${digits} digits`);
  return code;
}
