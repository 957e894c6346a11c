import { canonicalInstantMs } from "./contract-times.ts";
import { compilePrice, type Price } from "../rating/price-models.ts";
import type { Contract, Meter, Plan, Settings } from "./entities.ts";
import { durationMs } from "./fields.ts";
import { type TaxRate, taxRateFaults, taxRateGroup } from "../tax/tax-rate.ts";
import type { FaultList, Sourced } from "./faults.ts";
import type { LegalEntity } from "./legal-entity.ts";

/**
 * Checks that need more than one entity. `declared` holds the keys of all entities of a kind, also of those that have
 * faults of their own: a reference to one of them is not a second fault.
 */

const DAY_MS = 86_400_000;

/** Event ids must be remembered for as long as an event with one of them can still come in. */
export function checkSettings(source: Sourced<Settings>, faults: FaultList): void {
  const { regions, max_age: maxAge, max_ahead: maxAhead, dedupe_horizon: horizon } = source.value;
  const neededMs = durationMs(maxAge) + durationMs(maxAhead) + DAY_MS;
  if (durationMs(horizon) < neededMs) {
    const needed = `${Math.ceil(neededMs / 3_600_000)}h`;
    faults.add(source, ["dedupe_horizon"], `must be at least max_age + max_ahead + 1 day, ${needed}`);
  }
  const seen = new Set<string>();
  for (const [index, region] of regions.entries()) {
    if (seen.has(region)) faults.add(source, ["regions", index], `${region} is named twice`);
    seen.add(region);
  }
}

/** Two entities with one key, wherever they are. */
export function checkUnique<Value>(
  sources: readonly Sourced<Value>[],
  field: string,
  keyOf: (value: Value) => string,
  faults: FaultList,
): void {
  const first = new Map<string, Sourced<Value>>();
  for (const source of sources) {
    const key = keyOf(source.value);
    const other = first.get(key);
    if (other === undefined) first.set(key, source);
    else faults.add(source, [field], `${key} is already defined in ${other.file}`);
  }
}

/** Id of a version of a plan. */
export function planId(plan: { readonly key: string; readonly version: number }): string {
  return `${plan.key}@${plan.version}`;
}

export interface DeclaredKeys {
  readonly meters: ReadonlySet<string>;
  readonly products: ReadonlySet<string>;
  readonly plans: ReadonlySet<string>;
  readonly customers: ReadonlySet<string>;
  readonly legalEntities: ReadonlySet<string>;
}

/**
 * Prices name what exists, and a plan has one price a meter.
 * @param meters those without faults of their own, by key
 */
export function checkPlan(
  source: Sourced<Plan>,
  declared: DeclaredKeys,
  meters: ReadonlyMap<string, Meter>,
  faults: FaultList,
): void {
  const keys = new Set<string>();
  const pricedBy = new Map<string, string>();
  for (const [index, price] of source.value.prices.entries()) {
    const fault = (path: readonly PropertyKey[], message: string): void =>
      faults.add(source, ["prices", index, ...path], message);
    const { key, product } = price;
    if (keys.has(key)) fault(["key"], `${key} is already the key of another price of the plan`);
    keys.add(key);
    if (!declared.products.has(product)) fault(["product"], `there is no product ${product}`);
    if (!("meter" in price)) continue;
    const { meter } = price;
    if (!declared.meters.has(meter)) fault(["meter"], `there is no meter ${meter}`);
    const other = pricedBy.get(meter);
    if (other === undefined) pricedBy.set(meter, key);
    else fault(["meter"], `${meter} is already priced by ${other}`);
    for (const [path, dimension] of dimensionsOf(price)) {
      const groupBy = meters.get(meter)?.group_by;
      if (groupBy !== undefined && !Object.hasOwn(groupBy, dimension))
        fault(path, `${dimension} is not a dimension (group_by) of meter ${meter}`);
    }
    const { needsEachEvent, eventCharge } = compilePrice(price).model;
    if (eventCharge !== undefined) {
      const aggregation = meters.get(meter)?.aggregation;
      if (aggregation !== undefined && aggregation !== "sum")
        fault(["meter"], `limits per event need a meter of aggregation sum, ${meter} is ${aggregation}`);
    } else if (needsEachEvent === true) fault(["model"], EACH_EVENT_FAULT);
  }
}

/**
 * What is free goes by the order of a period's events. The pipeline does not keep them: it adds up what each window comes
 * to. Refused, so that no other charge is made in its place.
 */
const EACH_EVENT_FAULT =
  "free_events, and free_amount with a fixed_fee or limits per event, depend on the order of a period's events, " +
  "which the pipeline does not keep";

/** Dimensions that a price reads, each with the place where it names it. */
function dimensionsOf(price: Price): [readonly PropertyKey[], string][] {
  if (price.model === "capacity") return [[["dimension"], price.dimension]];
  if (price.model === "matrix") return price.dimensions.map((name, index) => [["dimensions", index], name]);
  return [];
}

export function checkContractReferences(
  source: Sourced<Contract>,
  declared: DeclaredKeys,
  faults: FaultList,
): void {
  const { customer, plan, legal_entity: legalEntity } = source.value;
  if (!declared.customers.has(customer)) faults.add(source, ["customer"], `there is no customer ${customer}`);
  if (!declared.plans.has(planId(plan)))
    faults.add(source, ["plan"], `there is no plan ${plan.key} with version ${plan.version}`);
  if (legalEntity === undefined) {
    if (declared.legalEntities.size > 1)
      faults.add(source, ["legal_entity"], "is required where the catalog has several");
  } else if (!declared.legalEntities.has(legalEntity))
    faults.add(source, ["legal_entity"], `there is no legal entity ${legalEntity}`);
}

/** A legal entity has what it takes to be taxed as it says. */
export function checkLegalEntityTax(
  { value: { tax, country }, ...source }: Sourced<LegalEntity>,
  hasTaxRates: boolean,
  faults: FaultList,
): void {
  if (tax === "table" && !hasTaxRates)
    faults.add(source, ["tax"], "there are no tax rates (tax_rates/) to tax its documents by");
  if (tax === "service" && country === undefined)
    faults.add(source, ["country"], "is required where a tax service is asked: it is where it sells from");
}

/** Rates of one product in one place follow one another: a day without a rate, or with two, would be a guess. */
export function checkTaxRates(sources: readonly Sourced<TaxRate>[], faults: FaultList): void {
  const groups = new Map<string, Sourced<TaxRate>[]>();
  for (const source of sources) {
    const group = taxRateGroup(source.value);
    groups.set(group, [...(groups.get(group) ?? []), source]);
  }
  for (const group of groups.values())
    for (const { index, message } of taxRateFaults(group.map(({ value }) => value))) {
      const source = group[index];
      if (source !== undefined) faults.add(source, ["from"], message);
    }
}

/** At most one contract covers an account at a time. The contracts' times must be canonical. */
export function checkOverlaps(sources: readonly Sourced<Contract>[], faults: FaultList): void {
  const byAccount = new Map<string, Sourced<Contract>[]>();
  for (const source of sources) {
    const list = byAccount.get(source.value.account);
    if (list === undefined) byAccount.set(source.value.account, [source]);
    else list.push(source);
  }
  for (const [account, list] of byAccount) {
    if (list.length === 1) continue;
    const ordered = list
      .map((source) => ({ source, ...contractBounds(source.value) }))
      .sort((a, b) => a.startMs - b.startMs);
    let latest = ordered[0];
    for (const next of ordered.slice(1)) {
      if (latest !== undefined && next.startMs < latest.endMs) {
        const other = `${latest.source.value.id} (${latest.source.file})`;
        faults.add(next.source, ["start"], `account ${account} is still covered by contract ${other}`);
      }
      if (latest === undefined || next.endMs > latest.endMs) latest = next;
    }
  }
}

/** [start, end) of a contract with canonical times, in milliseconds. */
export function contractBounds(contract: Contract): { readonly startMs: number; readonly endMs: number } {
  return {
    startMs: canonicalInstantMs(contract.start),
    endMs: contract.end === undefined ? Infinity : canonicalInstantMs(contract.end),
  };
}
