/** Kinds of entities of a catalog: the names of its folders, and of the lists of its canonical form. */
export const ENTITY_KINDS = [
  "meters",
  "products",
  "plans",
  "contracts",
  "customers",
  "legal_entities",
  "tax_rates",
  "exchange_rates",
] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];
