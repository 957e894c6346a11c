/** Values of entities' properties, before they are written as JSON. */

export type EntityValue = string | boolean | null | { readonly date: string };
export type EntityRow = Readonly<Record<string, EntityValue>>;

/** A value as it is compared: dates by their day. */
export function valueText(value: EntityValue | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? value.date : String(value);
}
