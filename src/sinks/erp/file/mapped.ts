import type { MappedReferences, MappingTable } from "../../../model/posting.ts";

/** What a canonical key stands for at the receiver; the key itself where the mapping says nothing. */
export function mapped(references: MappedReferences, table: MappingTable, key: string, field = "id"): string {
  return references[table]?.[key]?.[field] ?? key;
}

/** Dimensions as `name=value` pairs in the order of their names, values as the receiver calls them. */
export function mappedDimensions(
  references: MappedReferences,
  dimensions: Readonly<Record<string, string>>,
): string {
  return Object.entries(dimensions)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${references.dimension?.[`${name}=${value}`]?.["id"] ?? value}`)
    .join(";");
}
