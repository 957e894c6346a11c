import type { CompiledContract } from "../../billing/catalog/compiled.ts";
import { DEFAULT_LEGAL_ENTITY } from "../../billing/catalog/legal-entity.ts";

/** Id of the contract that stands in where none covers a window; no contract of a catalog has an empty id. */
export const NO_CONTRACT = "";
/** ISO 4217: no currency. */
const NO_CURRENCY = "XXX";

/**
 * Stands in for a window whose contract was ended, by a later catalog, before usage that had been counted. The window goes
 * on to be reported, without a price, and becomes an exception: neither does it vanish nor does it stop its partition.
 */
export function noContract(account: string, startMs: number, endMs: number): CompiledContract {
  return {
    id: NO_CONTRACT,
    account,
    customer: "",
    plan: "",
    commitmentText: "",
    calendar: "",
    timeZone: "UTC",
    legalEntity: DEFAULT_LEGAL_ENTITY,
    invoiceDiscounts: [],
    paymentDays: 0,
    dimensions: {},
    rounding: "half_away_from_zero",
    pricesIncludeTax: false,
    currency: NO_CURRENCY,
    currencyExponent: 0,
    startMs,
    endMs,
    usagePrices: [],
    flatPrices: [],
    commitments: [],
    committedAmount: () => 0n,
    grants: [],
    alerts: { commitmentPercents: [], creditPercents: [] },
    periodAt: () => ({ startMs, endMs }),
    fullPeriodAt: () => ({ startMs, endMs }),
    accountingMonthAt: () => ({ startMs, endMs }),
    priceOf: () => undefined,
  };
}
