import { reasonCode } from "../../model/outcome.ts";
import type { Journal } from "../journal.ts";
import type { Rater } from "../rate/rate-operator.ts";
import { Aggregation } from "../stage.ts";
import type { UsageWatch } from "../watch/usage-watch.ts";
import { carryLevelForward } from "../window/carry-level.ts";
import type { CellTable } from "../window/cell-table.ts";
import type { EventCharges } from "../window/event-charges.ts";
import type { MeterTotals } from "../window/meter-totals.ts";
import type { SeriesContracts } from "../window/series-contracts.ts";
import type { WindowArchive } from "../window/window-archive.ts";
import { CellPhase } from "../window/window-cells.ts";
import type { WindowLifecycle } from "../window/window-lifecycle.ts";
import type { TakenEntry } from "./taken-entries.ts";

const NOT_RETRACTABLE = reasonCode("not-retractable");
const WINDOW_GONE = reasonCode("window-gone");

export interface TakeOutOptions {
  readonly cells: CellTable;
  readonly totals: MeterTotals;
  readonly watch: UsageWatch;
  readonly eventCharges: EventCharges;
  readonly archive: WindowArchive;
  readonly rater: Rater;
  readonly journal: Journal;
  readonly contracts: SeriesContracts;
}

/** Takes what events have added out of cells, totals and charges again. */
export class TakeOut {
  readonly #options: TakeOutOptions;
  #lifecycle: WindowLifecycle | undefined;

  constructor(options: TakeOutOptions) {
    this.#options = options;
  }

  setLifecycle(lifecycle: WindowLifecycle): void {
    this.#lifecycle = lifecycle;
  }

  /** Takes out all entries of an event, or none: then the reason code why, else 0. */
  take(entries: readonly TakenEntry[]): number {
    for (const entry of entries) {
      const reason = this.#reasonAgainst(entry);
      if (reason !== 0) return reason;
    }
    for (const entry of entries) this.#takeOne(entry);
    return 0;
  }

  #reasonAgainst(entry: TakenEntry): number {
    const { cells, eventCharges, contracts } = this.#options;
    const { series, meter, event } = entry;
    const slot = cells.find(series, this.#startOf(entry));
    const contract = contracts.contractOf(series, event.timeMs);
    if (slot < 0) {
      // What has been let go adds up still where quantities are all that is priced.
      const isAdditive = meter.aggregation === "sum" || meter.aggregation === "count";
      const ratedPer = contract?.priceOf(meter.key)?.ratedPer ?? "period";
      return isAdditive && ratedPer === "period" ? 0 : WINDOW_GONE;
    }
    if (!cells.retractable.canRemove(slot, Aggregation[meter.aggregation], event)) return NOT_RETRACTABLE;
    if (!eventCharges.concerns(meter.key)) return 0;
    return eventCharges.canRemove(slot, contract, meter, cells.events(slot)) ? 0 : NOT_RETRACTABLE;
  }

  #takeOne(entry: TakenEntry): void {
    const { cells, totals, watch, eventCharges, contracts } = this.#options;
    const { series, meter, event } = entry;
    const slot = cells.find(series, this.#startOf(entry));
    if (slot < 0) this.#takeFromArchive(entry);
    else {
      const aggregation = Aggregation[meter.aggregation];
      const lifecycle = this.#requireLifecycle();
      cells.retractable.remove(slot, aggregation, event);
      if (eventCharges.concerns(meter.key))
        eventCharges.removeEvent(slot, contracts.contractOf(series, event.timeMs), meter, event.value);
      lifecycle.updated(slot);
      if (aggregation === Aggregation.time_weighted && cells.phaseOf(slot) !== CellPhase.open)
        carryLevelForward(slot, cells, lifecycle, contracts);
    }
    totals.of(meter.key).remove(event.value);
    if (watch.isActive) watch.added(series, event.timeMs, meter, -event.value);
  }

  /** The window's state is gone: the difference is rated by itself and archived beside what was archived before. */
  #takeFromArchive(entry: TakenEntry): void {
    const { archive, rater, journal, contracts } = this.#options;
    const { series, event } = entry;
    const startMs = this.#startOf(entry);
    archive.add({ series, startMs, value: -event.value, events: -1 });
    const aggregate = rater.rate({
      series: contracts.infoOf(series, startMs),
      startMs,
      endMs: startMs + contracts.settings.cellMs,
      kind: "reversal",
      value: -event.value,
      emittedValue: 0n,
      events: -1,
      emittedEvents: 0,
      revision: 1,
      periodQuantity: undefined,
      eventCharges: undefined,
    });
    journal.rated(aggregate);
  }

  #startOf({ event }: TakenEntry): number {
    const { cellMs } = this.#options.contracts.settings;
    return Math.floor(event.timeMs / cellMs) * cellMs;
  }

  #requireLifecycle(): WindowLifecycle {
    if (this.#lifecycle === undefined) throw new Error("usage before the first catalog record");
    return this.#lifecycle;
  }
}
