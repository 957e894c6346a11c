import type { EventBatch } from "../../model/event-batch.ts";
import type { CompiledMeter } from "../../billing/catalog/compiled.ts";
import type { FirstPlace, MeterTargets } from "../stage.ts";
import type { CellEvent } from "../window/retractable-cells.ts";

/** What an event has added to a series. */
export interface TakenEntry {
  readonly series: number;
  readonly meter: CompiledMeter;
  readonly event: CellEvent;
}

/**
 * The entries [from, to) of a row, with the place of the event that was counted.
 * @param place of the event, which is not the row's own where the row is a retraction
 */
export function entriesOf(
  batch: EventBatch,
  targets: MeterTargets,
  from: number,
  to: number,
  { sequence, index }: FirstPlace,
): TakenEntry[] {
  const entries: TakenEntry[] = [];
  for (let entry = from; entry < to; entry++) {
    const meter = targets.meters[targets.meter[entry] ?? 0];
    if (meter === undefined) throw new RangeError("an entry without a meter");
    const timeMs = batch.timeMs[targets.row[entry] ?? 0] ?? 0;
    const value = targets.large.get(entry) ?? BigInt(targets.value[entry] ?? 0);
    const member = targets.member.get(entry) ?? "";
    entries.push({
      series: targets.series[entry] ?? 0,
      meter,
      event: { timeMs, sequence, index, value, member },
    });
  }
  return entries;
}
