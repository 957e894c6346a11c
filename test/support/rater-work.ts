import type { CompiledCatalog } from "../../src/billing/catalog/compiled.ts";
import type { RatedAggregate } from "../../src/model/outputs.ts";
import { runWhole, SliceBudget } from "../../src/model/sliced-work.ts";
import type { Rater } from "../../src/operators/rate/rate-operator.ts";
import type { TouchedPeriod } from "../../src/operators/rate/series-info.ts";

/** Lets a rater take up a catalog. */
export function useCatalog(rater: Rater, catalog: CompiledCatalog): void {
  runWhole(rater.useCatalog(catalog, new SliceBudget()));
}

/** Closes periods; returns what is emitted for them. */
export function closePeriods(
  rater: Rater,
  closeAtMs: number,
  touched: readonly TouchedPeriod[],
): RatedAggregate[] {
  const emitted: RatedAggregate[] = [];
  runWhole(rater.closePeriods(closeAtMs, touched, new SliceBudget(), (aggregate) => emitted.push(aggregate)));
  return emitted;
}
