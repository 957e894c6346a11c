import { createHash } from "node:crypto";
import { canonicalJson } from "../../model/canonical-json.ts";
import { type ErpConnection } from "../posting/erp-connection.ts";
import { mappingRowKey } from "../posting/mapping-row.ts";
import { exchangeRateKey } from "../exchange/exchange-rate.ts";
import { planId } from "./checks.ts";
import type { Commitment } from "../commitments/commitment-schema.ts";
import type { CreditGrant } from "../credits/grant-schema.ts";
import type { Catalog, Contract, Meter, Plan } from "./entities.ts";

/**
 * Number of the canonical form. It is part of the hashed text, so that two forms can't be taken for one another.
 */
export const CANONICAL_FORMAT = 1;

/**
 * The canonical form: what the catalog says, without how it was written. The same for YAML and JSON, for any layout of
 * files and any order; only the order of tiers has a meaning and stays.
 */
export function canonicalForm(catalog: Catalog): string {
  return canonicalJson({
    format: CANONICAL_FORMAT,
    settings: { ...catalog.settings, regions: sortedTexts(catalog.settings.regions) },
    meters: sortedBy(catalog.meters.map(canonicalMeter), (meter) => meter.key),
    products: sortedBy(catalog.products, (product) => product.key),
    plans: sortedBy(catalog.plans.map(canonicalPlan), planId),
    contracts: sortedBy(catalog.contracts.map(canonicalContract), (contract) => contract.id),
    customers: sortedBy(catalog.customers, (customer) => customer.id),
    ...(hasSome(catalog.legalEntities)
      ? { legal_entities: sortedBy(catalog.legalEntities, (entity) => entity.key) }
      : {}),
    ...(hasSome(catalog.taxRates) ? { tax_rates: sortedBy(catalog.taxRates, (rate) => rate.key) } : {}),
    ...(hasSome(catalog.exchangeRates)
      ? { exchange_rates: sortedBy(catalog.exchangeRates, exchangeRateKey) }
      : {}),
    ...(hasSome(catalog.erpConnections)
      ? { erp: sortedBy(catalog.erpConnections.map(canonicalConnection), (connection) => connection.key) }
      : {}),
    ...(hasSome(catalog.mappings) ? { mappings: sortedBy(catalog.mappings, mappingRowKey) } : {}),
  });
}

/** One plan in its canonical form. */
export function canonicalPlanText(plan: Plan): string {
  return canonicalJson(canonicalPlan(plan));
}

/** Commitments in their canonical form; "" for none. */
export function canonicalCommitmentText(commitments: readonly Commitment[] | undefined): string {
  return hasSome(commitments) ? canonicalJson(canonicalCommitments(commitments)) : "";
}

/** Version of a catalog: SHA-256 of its canonical form, hexadecimal. */
export function catalogVersion(canonical: string): string {
  return createHash("sha256").update(canonical, "utf8").digest("hex");
}

function canonicalMeter(meter: Meter): Meter {
  const filters = meter.filters.map((filter) => ({
    ...filter,
    any_of: sortedTexts([...new Set(filter.any_of)]),
  }));
  return { ...meter, filters: sortedBy(filters, (filter) => filter.property) };
}

/** What a plan or contract may leave out is left out where it says nothing. */
function canonicalPlan({ commitments, ...plan }: Plan): Plan {
  return {
    ...plan,
    prices: sortedBy(plan.prices, (price) => price.key),
    ...canonicalCommitments(commitments),
  };
}

function canonicalContract({ commitments, credits, alerts, ...contract }: Contract): Contract {
  return {
    ...contract,
    ...canonicalCommitments(commitments),
    ...(hasSome(credits) ? { credits: sortedBy(credits.map(canonicalGrant), (grant) => grant.id) } : {}),
    ...(alerts === undefined ? {} : { alerts: canonicalAlerts(alerts) }),
  };
}

function canonicalConnection({
  legal_entities: entities,
  kinds,
  dunning,
  ...connection
}: ErpConnection): ErpConnection {
  return {
    ...connection,
    ...(entities === undefined ? {} : { legal_entities: sortedTexts([...new Set(entities)]) }),
    ...(kinds === undefined ? {} : { kinds: sortedBy(kinds, (kind) => kind) }),
    ...(hasSome(dunning) ? { dunning: [...dunning].sort((a, b) => a.days - b.days) } : {}),
  };
}

function canonicalCommitments(commitments: readonly Commitment[] | undefined): Pick<Plan, "commitments"> {
  if (!hasSome(commitments)) return {};
  const canonical = commitments.map((commitment) => ({
    ...commitment,
    prices: sortedTexts(commitment.prices),
    counts: sortedBy(commitment.counts, (kind) => kind),
  }));
  return { commitments: sortedBy(canonical, (commitment) => commitment.key) };
}

function canonicalGrant(grant: CreditGrant): CreditGrant {
  return { ...grant, products: sortedTexts(grant.products), meters: sortedTexts(grant.meters) };
}

function canonicalAlerts(alerts: NonNullable<Contract["alerts"]>): NonNullable<Contract["alerts"]> {
  const sorted = (percents: readonly number[] | undefined): number[] | undefined =>
    percents === undefined ? undefined : [...new Set(percents)].sort((a, b) => a - b);
  return {
    commitment_percents: sorted(alerts.commitment_percents),
    credit_percents: sorted(alerts.credit_percents),
  };
}

function hasSome<Value>(values: readonly Value[] | undefined): values is readonly Value[] {
  return values !== undefined && values.length > 0;
}

function sortedTexts(texts: readonly string[]): string[] {
  return sortedBy(texts, (text) => text);
}

/** By UTF-16 code units: the same on every machine, whatever its locale. */
function sortedBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Value[] {
  return values
    .map((value) => ({ value, key: keyOf(value) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ value }) => value);
}
