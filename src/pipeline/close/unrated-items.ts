import { Aggregation } from "../../operators/stage.ts";
import type { PartitionEngine } from "../partition-engine.ts";
import type { TimedScope } from "./close-scope.ts";
import type { CloseItem } from "./line-part.ts";

/**
 * Hours of accounts whose usage has changed since it was rated. What they come to is known when they are rated, which the
 * watermark's next hour brings about.
 */
export function unratedItems(engine: PartitionEngine, { legalEntity, toMs }: TimedScope): CloseItem[] {
  const { catalog, cells, series } = engine;
  if (catalog === undefined) return [];
  const hours = new Map<string, { count: number; sinceMs: number }>();
  for (const slot of cells.slots()) {
    const startMs = cells.startOf(slot);
    if (startMs >= toMs) continue;
    const { account, meter: key } = series.get(cells.seriesOf(slot));
    const meter = catalog.meters.get(key);
    if (meter === undefined) continue;
    const isRated =
      cells.emittedEvents(slot) === cells.events(slot) &&
      cells.emittedValue(slot) === cells.value(slot, Aggregation[meter.aggregation]);
    if (isRated || catalog.contractAt(account, startMs)?.legalEntity.key !== legalEntity) continue;
    const known = hours.get(account);
    if (known === undefined) hours.set(account, { count: 1, sinceMs: startMs });
    else {
      known.count += 1;
      known.sinceMs = Math.min(known.sinceMs, startMs);
    }
  }
  return [...hours].map(([account, { count, sinceMs }]) => ({
    id: account,
    sinceMs,
    amount: undefined,
    count,
    detail: `${count} hours of account ${account}`,
  }));
}
