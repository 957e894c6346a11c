import type { EventBatch } from "../../model/event-batch.ts";
import { Outcome } from "../../model/outcome.ts";
import type { MeterTargets } from "../stage.ts";
import type { CellLookAhead } from "./cell-look-ahead.ts";
import type { MeterTotal } from "./meter-totals.ts";
import type { WatermarkTracker } from "./watermark.ts";

/** What happens to events for which it is not the usual. */
export interface PlainRunEvents {
  /** Adds an entry that can't be added in short; false where its window is gone. */
  readonly addEntry: (entry: number) => boolean;
  /** The window of an accepted event is gone. */
  readonly gone: (row: number) => void;
  /** An event is parked. */
  readonly parked: (row: number) => void;
  /** The partition's watermark has moved to a time. False where something is due, which is done before the next event. */
  readonly advanced: (watermarkMs: number) => boolean;
}

/** How far a run has come: the row and the entry that are next. */
export interface RunPlace {
  row: number;
  entry: number;
}

/**
 * Adds the events of a run, where nothing but cells and the watermark depends on them (no retraction, nothing watched), in a loop
 * as short as possible: an event adds to a sum that is open, and is older than others of its region. What is not so goes by
 * `events`, at its place.
 */
export class PlainRun {
  readonly #ahead: CellLookAhead;
  readonly #watermark: WatermarkTracker;
  /** By region of the batch: events up to this time don't move the watermark. Infinity for a region that is not declared. */
  #quietMs = new Float64Array(0);

  constructor(ahead: CellLookAhead, watermark: WatermarkTracker) {
    this.#ahead = ahead;
    this.#watermark = watermark;
  }

  /**
   * False where it stopped behind an event, at `place`, because something is due.
   * @param regions index in the tracker by region of the batch, −1 where it is not declared
   * @param sums by meter: its total, where entries of it only add to sums
   */
  add(
    batch: EventBatch,
    targets: MeterTargets,
    regions: readonly number[],
    sums: readonly (MeterTotal | undefined)[],
    place: RunPlace,
    events: PlainRunEvents,
  ): boolean {
    const { count, outcome, timeMs, message, messages, region } = batch;
    const { row: rows, meter: meters, value: values } = targets;
    const ahead = this.#ahead;
    this.#readQuiet(regions);
    const quietMs = this.#quietMs;
    let { entry } = place;
    let current = -1;
    let arrivalMs = 0;
    for (let { row } = place; row < count; row++) {
      const verdict = outcome[row];
      if (verdict === Outcome.accepted) {
        let isGone = false;
        for (; entry < targets.count && rows[entry] === row; entry++) {
          const total = sums[meters[entry]!];
          if (total !== undefined && ahead.addToOpenSum(batch, targets, entry)) total.addFrom(values, entry);
          else if (!events.addEntry(entry)) isGone = true;
        }
        if (isGone) events.gone(row);
      } else if (verdict === Outcome.parked) events.parked(row);
      else continue;
      if (message[row] !== current) {
        current = message[row]!;
        arrivalMs = messages[current]?.arrivalMs ?? 0;
      }
      const observedMs = Math.min(timeMs[row]!, arrivalMs);
      if (observedMs <= quietMs[region[row]!]!) continue;
      if (!events.advanced(this.#watermark.observe(regions[region[row]!]!, observedMs))) {
        place.row = row + 1;
        place.entry = entry;
        return false;
      }
      this.#readQuiet(regions);
    }
    return true;
  }

  #readQuiet(regions: readonly number[]): void {
    if (this.#quietMs.length < regions.length) this.#quietMs = new Float64Array(regions.length);
    for (let i = 0; i < regions.length; i++)
      this.#quietMs[i] = regions[i]! < 0 ? Infinity : this.#watermark.quietUpTo(regions[i]!);
  }
}
