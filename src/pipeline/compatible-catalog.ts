import { TributaryError } from "../model/errors.ts";
import type { SliceBudget, SlicedWork } from "../model/sliced-work.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { successionFaultsInSlices } from "../billing/catalog/succession.ts";

/** Throws `catalog-invalid` where a catalog can't follow the one in effect. */
export function* refuseIncompatible(
  before: CompiledCatalog | undefined,
  after: CompiledCatalog,
  budget: SliceBudget,
): SlicedWork {
  const faults = before === undefined ? [] : yield* successionFaultsInSlices(before, after, budget);
  if (faults.length === 0) return;
  throw new TributaryError(
    "catalog-invalid",
    `The catalog does not follow from the one in effect: ${faults.join("; ")}.`,
    { details: { faults } },
  );
}
