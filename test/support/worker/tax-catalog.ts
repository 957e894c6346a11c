import { monthlyFrom, writeBilledCatalog } from "./billed-month.ts";

/** Where the customers of the contracts are: the last place is one that the simulator knows no taxes of. */
export const TAX_PLACES = [
  { id: "angeleno", country: "US", region: "CA", city: "Los Angeles", postal_code: "90012" },
  { id: "seattle", country: "US", region: "WA", city: "Seattle", postal_code: "98101" },
  { id: "berlin", country: "DE" },
  { id: "school", country: "US", region: "CA", exempt: true },
] as const;
export const UNKNOWN_PLACE = "paris";

export interface TaxedContract {
  readonly id: string;
  readonly account: string;
  readonly customer: string;
  /** `served`: by the tax service; `plain`: by nothing. */
  readonly legalEntity: "served" | "plain";
}

/** Contracts of both legal entities, one of the served at the unknown place. */
export function taxedContracts(count: number): TaxedContract[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `C${n}`,
    account: `customer ${n}`,
    customer: n === 1 ? UNKNOWN_PLACE : (TAX_PLACES[n % TAX_PLACES.length]?.id ?? ""),
    legalEntity: n % 6 === 5 ? "plain" : "served",
  }));
}

/** A fee in advance and usage, gross for customers in Berlin; some contracts have credits. */
export function writeTaxCatalog(
  folder: string,
  startMs: number,
  contracts: readonly TaxedContract[],
  unknownPlace: Readonly<Record<string, unknown>> = { country: "FR" },
): void {
  const seller = { country: "US", region: "WA", city: "Seattle", postal_code: "98101" };
  const plan = (key: string, pricesIncludeTax: boolean) => ({
    key,
    version: 1,
    currency: "USD",
    prices_include_tax: pricesIncludeTax,
    prices: [
      { key: "usage", product: "usage", meter: "usage", model: "per_unit", unit_price: "0.37" },
      { key: "support", product: "support", model: "flat", amount: 30, billed: "in_advance" },
    ],
  });
  const monthly = monthlyFrom(startMs);
  writeBilledCatalog(folder, {
    "products/products.json": [
      { key: "usage", name: "Usage", tax_code: "SW056000" },
      { key: "support", name: "Support", tax_code: "NT" },
    ],
    "customers/customers.json": [
      ...TAX_PLACES.map(({ id, ...place }) => {
        const { country, ...rest } = place;
        if (!("exempt" in rest)) return { id, name: id, country, ...rest };
        const exemption = { certificate: "E-77", from: "2000-01-01" };
        return { id, name: id, country, region: rest.region, tax_exemption: exemption };
      }),
      { id: UNKNOWN_PLACE, name: UNKNOWN_PLACE, ...unknownPlace },
    ],
    "legal_entities/entities.json": [
      {
        key: "served",
        name: "Served",
        number_prefix: "S-",
        tax: "service",
        tax_company: "SERVED",
        ...seller,
      },
      { key: "plain", name: "Plain", number_prefix: "P-" },
    ],
    "plans/plans.json": [plan("net", false), plan("gross", true)],
    "contracts/contracts.json": contracts.map(({ id, account, customer, legalEntity }, n) => ({
      id,
      customer,
      account,
      plan: { key: customer === "berlin" ? "gross" : "net", version: 1 },
      legal_entity: legalEntity,
      ...monthly,
      ...(n % 10 === 3 ? { credits: [{ id: "gift", amount: 40, effective: monthly.start }] } : {}),
    })),
  });
}
