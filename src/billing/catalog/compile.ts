import type {
  CompiledCatalog,
  CompiledContract,
  CompiledMeter,
  CompiledProduct,
  CompiledSettings,
} from "./compiled.ts";
import { ExchangeRates } from "../exchange/exchange-rates.ts";
import type { InvoicedCustomer } from "../tax/service-request.ts";
import { TaxTable } from "../tax/tax-table.ts";
import { compilePosting } from "../posting/compiled-posting.ts";
import { canonicalPlanText } from "./canonical.ts";
import { planId } from "./checks.ts";
import { compileContracts, legalEntitiesOf } from "./compile-contracts.ts";
import { ContractsByPartition } from "./contracts-by-partition.ts";
import { startOfDate } from "./dates.ts";
import type { Catalog, Customer, Meter, Product, Settings } from "./entities.ts";
import { durationMs } from "./fields.ts";

const MINUTE_MS = 60_000;
/** Central banks publish on working days: the longest gap is that of holidays around a weekend. */
const DEFAULT_EXCHANGE_RATE_MAX_AGE = "7d";

/**
 * Makes a valid catalog ready for the operators: lookups by key, times in milliseconds, prices as functions.
 * @param version SHA-256 of its canonical form
 */
export function compileCatalog(catalog: Catalog, version: string): CompiledCatalog {
  const meters = catalog.meters.map(compileMeter);
  const byType = new Map<string, CompiledMeter[]>();
  for (const meter of meters.sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const list = byType.get(meter.eventType);
    if (list === undefined) byType.set(meter.eventType, [meter]);
    else list.push(meter);
  }
  const contracts = compileContracts(catalog);
  const byAccount = groupByAccount(contracts);
  const byId = new Map(contracts.map((contract) => [contract.id, contract]));
  const byPartition = new ContractsByPartition(contracts);
  return {
    version,
    settings: compileSettings(catalog.settings),
    meters: new Map(meters.map((meter) => [meter.key, meter])),
    products: new Map(catalog.products.map((product) => [product.key, compileProduct(product)])),
    legalEntities: legalEntitiesOf(catalog),
    customers: new Map(catalog.customers.map((customer) => [customer.id, invoicedCustomer(customer)])),
    taxTable:
      catalog.taxRates.length === 0
        ? undefined
        : new TaxTable(catalog.taxRates, catalog.settings.reverse_charge_countries ?? []),
    exchangeRates: new ExchangeRates(
      catalog.exchangeRates,
      durationMs(catalog.settings.exchange_rate_max_age ?? DEFAULT_EXCHANGE_RATE_MAX_AGE),
    ),
    exchangeRateList: catalog.exchangeRates,
    posting: compilePosting(catalog, contracts),
    metersOfType: (eventType) => byType.get(eventType),
    planTexts: new Map(catalog.plans.map((plan) => [planId(plan), canonicalPlanText(plan)])),
    contracts: () => byId.values(),
    contractAt: (account, timeMs) => {
      const candidates = byAccount.get(account);
      if (candidates === undefined) return undefined;
      if (Array.isArray(candidates)) return candidates.find((contract) => covers(contract, timeMs));
      return covers(candidates, timeMs) ? candidates : undefined;
    },
    contract: (id) => byId.get(id),
    contractsOf: (partition, partitionCount) => byPartition.of(partition, partitionCount),
    contractsInSlices: (...asked) => byPartition.inSlices(...asked),
  };
}

function compileProduct({ key, name, tax_code: taxCode, dimensions = {} }: Product): CompiledProduct {
  return { key, name, taxCode, dimensions };
}

function invoicedCustomer({ country, region, city, street, ...customer }: Customer): InvoicedCustomer {
  return {
    country,
    region,
    city,
    street,
    postalCode: customer.postal_code,
    taxId: customer.tax_id,
    exemption: customer.tax_exemption,
    entityUseCode: customer.entity_use_code,
  };
}

function compileSettings(settings: Settings): CompiledSettings {
  return {
    regions: [...settings.regions].sort(),
    disorderMs: durationMs(settings.disorder),
    graceMs: durationMs(settings.grace),
    billingStartMs: startOfDate(settings.billing_start ?? "") ?? Number.NEGATIVE_INFINITY,
    cellMs: settings.cell_minutes * MINUTE_MS,
    maxAgeMs: durationMs(settings.max_age),
    maxAheadMs: durationMs(settings.max_ahead),
    dedupeHorizonMs: durationMs(settings.dedupe_horizon),
  };
}

function compileMeter(meter: Meter): CompiledMeter {
  return {
    key: meter.key,
    eventType: meter.event_type,
    aggregation: meter.aggregation,
    scale: meter.scale,
    valueProperty: meter.value_property,
    groupBy: Object.entries(meter.group_by)
      .map(([name, property]) => ({ name, property }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    retractable: meter.retractable ?? false,
    filters: meter.filters.map((filter) => ({
      property: filter.property,
      anyOf: new Set(filter.any_of),
    })),
  };
}

/** Contracts of each account: mostly one, which needs no list. */
type OfAccount = CompiledContract | CompiledContract[];

function groupByAccount(contracts: readonly CompiledContract[]): ReadonlyMap<string, OfAccount> {
  const byAccount = new Map<string, OfAccount>();
  for (const contract of contracts) {
    const known = byAccount.get(contract.account);
    if (known === undefined) byAccount.set(contract.account, contract);
    else if (Array.isArray(known)) known.push(contract);
    else byAccount.set(contract.account, [known, contract]);
  }
  return byAccount;
}

function covers({ startMs, endMs }: CompiledContract, timeMs: number): boolean {
  return timeMs >= startMs && timeMs < endMs;
}
