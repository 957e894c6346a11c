import type { Catalog } from "../billing/catalog/entities.ts";

/** Something that is allowed and probably not meant. */
export interface Warning {
  readonly path: string;
  readonly message: string;
}

/** What a valid catalog holds that probably nobody meant. */
export function catalogWarnings(catalog: Catalog): Warning[] {
  const pricedMeters = new Set(
    catalog.plans.flatMap((plan) => plan.prices.flatMap((price) => ("meter" in price ? [price.meter] : []))),
  );
  const usedProducts = new Set(catalog.plans.flatMap((plan) => plan.prices.map((price) => price.product)));
  const usedPlans = new Set(catalog.contracts.map(({ plan }) => `${plan.key}@${plan.version}`));
  const usedCustomers = new Set(catalog.contracts.map((contract) => contract.customer));
  return [
    ...unused(
      catalog.meters,
      (meter) => meter.key,
      pricedMeters,
      "meters",
      "has no price in any plan: it is counted, not charged",
    ),
    ...unused(catalog.products, (product) => product.key, usedProducts, "products", "is in no plan"),
    ...unused(
      catalog.plans,
      (plan) => `${plan.key}@${plan.version}`,
      usedPlans,
      "plans",
      "is in no contract",
    ),
    ...unused(catalog.customers, (customer) => customer.id, usedCustomers, "customers", "has no contract"),
  ];
}

function unused<Entity>(
  entities: readonly Entity[],
  keyOf: (entity: Entity) => string,
  used: ReadonlySet<string>,
  kind: string,
  message: string,
): Warning[] {
  return entities
    .map(keyOf)
    .filter((key) => !used.has(key))
    .map((key) => ({ path: `${kind}/${key}`, message }));
}
