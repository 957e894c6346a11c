import { z } from "zod";
import { messageOf, TributaryError } from "../../model/errors.ts";
import { CANONICAL_FORMAT, canonicalForm, catalogVersion } from "./canonical.ts";
import {
  checkContractReferences,
  checkLegalEntityTax,
  checkOverlaps,
  checkPlan,
  checkSettings,
  checkTaxRates,
  checkUnique,
  type DeclaredKeys,
  planId,
} from "./checks.ts";
import { checkContractTerms, checkPlanCommitments, type KnownEntities } from "./contract-terms.ts";
import { resolveContractTimes } from "./contract-times.ts";
import {
  type Catalog,
  contractSchema,
  customerSchema,
  meterSchema,
  planSchema,
  productSchema,
  settingsSchema,
} from "./entities.ts";
import { exchangeRateKey, exchangeRateSchema } from "../exchange/exchange-rate.ts";
import { checkErpConnections, checkMappingRows } from "../posting/catalog-checks.ts";
import { erpConnectionSchema } from "../posting/erp-connection.ts";
import { mappingRowSchema } from "../posting/mapping-row.ts";
import { taxRateSchema } from "../tax/tax-rate.ts";
import { legalEntitySchema } from "./legal-entity.ts";
import { type CatalogFault, FaultList, parseEntity, type Sourced } from "./faults.ts";
import { type RawCatalog, readFiles } from "./read-files.ts";

export type CatalogLoad =
  | {
      readonly ok: true;
      readonly catalog: Catalog;
      /** Canonical form: what is stored and shared, and hashed to the version. */
      readonly canonical: string;
      /** SHA-256 of the canonical form, hexadecimal. */
      readonly version: string;
    }
  | { readonly ok: false; readonly faults: readonly CatalogFault[] };

/**
 * Reads and checks a whole catalog. All faults are reported at once, sorted by file.
 * @param files text by path relative to the catalog directory ("plans/api.yaml"), YAML or JSON
 */
export function loadCatalog(files: ReadonlyMap<string, string>): CatalogLoad {
  const faults = new FaultList();
  const catalog = checkCatalog(readFiles(files, faults), faults);
  if (catalog === undefined) {
    const byFile = faults.faults.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
    return { ok: false, faults: byFile };
  }
  const canonical = canonicalForm(catalog);
  return { ok: true, catalog, canonical, version: catalogVersion(canonical) };
}

const canonicalSchema = z.strictObject({
  format: z.literal(CANONICAL_FORMAT),
  settings: z.unknown(),
  meters: z.array(z.unknown()),
  products: z.array(z.unknown()),
  plans: z.array(z.unknown()),
  contracts: z.array(z.unknown()),
  customers: z.array(z.unknown()),
  legal_entities: z.array(z.unknown()).default([]),
  tax_rates: z.array(z.unknown()).default([]),
  exchange_rates: z.array(z.unknown()).default([]),
  erp: z.array(z.unknown()).default([]),
  mappings: z.array(z.unknown()).default([]),
});

/**
 * The catalog of a canonical form. It is checked as files are, because it comes from outside the process.
 * @throws TributaryError `catalog-invalid` where it is not what `loadCatalog` made
 */
export function parseCanonical(text: string): Catalog {
  const file = "canonical form";
  const refuse = (faults: readonly CatalogFault[]): TributaryError =>
    new TributaryError("catalog-invalid", "The canonical catalog can't be used.", { details: { faults } });
  let content: z.output<typeof canonicalSchema>;
  try {
    content = canonicalSchema.parse(JSON.parse(text));
  } catch (error) {
    throw refuse([{ file, path: "", message: messageOf(error) }]);
  }
  const sourced = (values: readonly unknown[], kind: string): Sourced<unknown>[] =>
    values.map((value, index) => ({ value, file, path: [kind, index] }));
  const faults = new FaultList();
  const catalog = checkCatalog(
    {
      settings: [{ value: content.settings, file, path: ["settings"] }],
      entities: {
        meters: sourced(content.meters, "meters"),
        products: sourced(content.products, "products"),
        plans: sourced(content.plans, "plans"),
        contracts: sourced(content.contracts, "contracts"),
        customers: sourced(content.customers, "customers"),
        legal_entities: sourced(content.legal_entities, "legal_entities"),
        tax_rates: sourced(content.tax_rates, "tax_rates"),
        exchange_rates: sourced(content.exchange_rates, "exchange_rates"),
        erp: sourced(content.erp, "erp"),
        mappings: sourced(content.mappings, "mappings"),
      },
    },
    faults,
  );
  if (catalog === undefined) throw refuse(faults.faults);
  if (canonicalForm(catalog) !== text) throw refuse([{ file, path: "", message: "is not canonical" }]);
  return catalog;
}

/** The catalog, or undefined and at least one fault. */
function checkCatalog(raw: RawCatalog, faults: FaultList): Catalog | undefined {
  const parse = <Schema extends z.ZodType>(
    schema: Schema,
    sources: readonly Sourced<unknown>[],
  ): Sourced<z.output<Schema>>[] =>
    sources.flatMap((source) => {
      const value = parseEntity(schema, source, faults);
      return value === undefined ? [] : [{ ...source, value }];
    });

  const [settings, ...furtherSettings] = parse(settingsSchema, raw.settings);
  if (raw.settings.length === 0) faults.add({ file: "settings.yaml", path: [] }, [], "is missing");
  for (const further of furtherSettings)
    faults.add(further, [], `the settings are already in ${settings?.file}`);
  if (settings !== undefined) checkSettings(settings, faults);

  const meters = parse(meterSchema, raw.entities.meters);
  const products = parse(productSchema, raw.entities.products);
  const plans = parse(planSchema, raw.entities.plans);
  const customers = parse(customerSchema, raw.entities.customers);
  const legalEntities = parse(legalEntitySchema, raw.entities.legal_entities);
  const taxRates = parse(taxRateSchema, raw.entities.tax_rates);
  const exchangeRates = parse(exchangeRateSchema, raw.entities.exchange_rates);
  const erpConnections = parse(erpConnectionSchema, raw.entities.erp);
  const mappings = parse(mappingRowSchema, raw.entities.mappings);
  const contracts = parse(contractSchema, raw.entities.contracts);
  checkUnique(meters, "key", (meter) => meter.key, faults);
  checkUnique(products, "key", (product) => product.key, faults);
  checkUnique(plans, "version", planId, faults);
  checkUnique(customers, "id", (customer) => customer.id, faults);
  checkUnique(contracts, "id", (contract) => contract.id, faults);
  checkUnique(legalEntities, "key", (entity) => entity.key, faults);
  checkUnique(taxRates, "key", (rate) => rate.key, faults);
  checkTaxRates(taxRates, faults);
  checkUnique(exchangeRates, "date", exchangeRateKey, faults);
  const hasTaxRates = raw.entities.tax_rates.length > 0;
  for (const entity of legalEntities) checkLegalEntityTax(entity, hasTaxRates, faults);

  const declared: DeclaredKeys = {
    meters: declaredKeys(raw.entities.meters, "key"),
    products: declaredKeys(raw.entities.products, "key"),
    customers: declaredKeys(raw.entities.customers, "id"),
    legalEntities: declaredKeys(raw.entities.legal_entities, "key"),
    plans: new Set([
      ...raw.entities.plans.map(({ value }) => `${fieldOf(value, "key")}@${fieldOf(value, "version")}`),
      ...plans.map(({ value }) => planId(value)),
    ]),
  };
  checkUnique(erpConnections, "key", (connection) => connection.key, faults);
  checkErpConnections(
    erpConnections,
    declared.legalEntities,
    legalEntities.map(({ value }) => value),
    faults,
  );
  checkMappingRows(mappings, declaredKeys(raw.entities.erp, "key"), faults);
  const metersByKey = new Map(meters.map(({ value }) => [value.key, value]));
  for (const plan of plans) {
    checkPlan(plan, declared, metersByKey, faults);
    checkPlanCommitments(plan, faults);
  }
  const known: KnownEntities = {
    meters: metersByKey,
    products: declared.products,
    plans: new Map(plans.map(({ value }) => [planId(value), value])),
  };
  const cellMs = settings === undefined ? undefined : settings.value.cell_minutes * 60_000;
  const timed = contracts.flatMap((source) => {
    checkContractReferences(source, declared, faults);
    const value = resolveContractTimes(source, cellMs, faults);
    if (value === undefined) return [];
    checkContractTerms({ ...source, value }, known, faults);
    return [{ ...source, value }];
  });
  checkOverlaps(timed, faults);

  if (faults.faults.length > 0 || settings === undefined) return undefined;
  const valuesOf = <Value>(sources: readonly Sourced<Value>[]): Value[] => sources.map(({ value }) => value);
  return {
    settings: settings.value,
    meters: valuesOf(meters),
    products: valuesOf(products),
    plans: valuesOf(plans),
    contracts: valuesOf(timed),
    customers: valuesOf(customers),
    legalEntities: valuesOf(legalEntities),
    taxRates: valuesOf(taxRates),
    exchangeRates: valuesOf(exchangeRates),
    erpConnections: valuesOf(erpConnections),
    mappings: valuesOf(mappings),
  };
}

function declaredKeys(sources: readonly Sourced<unknown>[], field: string): ReadonlySet<string> {
  return new Set(sources.map(({ value }) => fieldOf(value, field)));
}

function fieldOf(value: unknown, field: string): string {
  return typeof value === "object" && value !== null ? String(Reflect.get(value, field)) : "";
}
