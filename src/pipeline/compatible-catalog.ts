import { TributaryError } from "../model/errors.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { successionFaults } from "../billing/catalog/succession.ts";

/** Throws `catalog-invalid` where a catalog can't follow the one in effect. */
export function refuseIncompatible(before: CompiledCatalog | undefined, after: CompiledCatalog): void {
  const faults = before === undefined ? [] : successionFaults(before, after);
  if (faults.length === 0) return;
  throw new TributaryError(
    "catalog-invalid",
    `The catalog does not follow from the one in effect: ${faults.join("; ")}.`,
    { details: { faults } },
  );
}
