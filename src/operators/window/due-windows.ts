import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { CompiledMeter } from "../../billing/catalog/compiled.ts";
import type { Journal } from "../journal.ts";
import { NO_CONTRACT } from "../rate/no-contract.ts";
import type { Rater } from "../rate/rate-operator.ts";
import { ratingException } from "../rate/rating-exception.ts";
import type { SeriesInfo, TouchedPeriod, WindowFiring } from "../rate/series-info.ts";
import { Aggregation } from "../stage.ts";
import { carryLevelForward } from "./carry-level.ts";
import type { CellTable } from "./cell-table.ts";
import type { EventCharges } from "./event-charges.ts";
import { foldPeriodOf } from "./fold-period-of.ts";
import type { SeriesContracts } from "./series-contracts.ts";
import type { WindowArchive } from "./window-archive.ts";
import type { FireReason, WindowLifecycle, WindowListener } from "./window-lifecycle.ts";

/** Units of `SliceBudget` that rating a window, looking at a window or a member for a fold, and letting a cell go cost. */
const RATE_UNITS = 100;
const FOLD_UNITS = 1;
const EVICT_UNITS = 4;

export interface DueWindowsOptions {
  readonly cells: CellTable;
  readonly contracts: SeriesContracts;
  readonly rater: Rater;
  readonly journal: Journal;
  readonly archive: WindowArchive;
  readonly eventCharges: EventCharges;
  readonly budget: SliceBudget;
}

/** Rates windows that are due, closes periods and archives cells, in slices: at a month's end they are as many as series. */
export class DueWindows implements WindowListener {
  readonly #cells: CellTable;
  readonly #contracts: SeriesContracts;
  readonly #rater: Rater;
  readonly #journal: Journal;
  readonly #archive: WindowArchive;
  readonly #eventCharges: EventCharges;
  readonly #budget: SliceBudget;
  #lifecycle: WindowLifecycle | undefined;

  constructor(options: DueWindowsOptions) {
    this.#cells = options.cells;
    this.#contracts = options.contracts;
    this.#rater = options.rater;
    this.#journal = options.journal;
    this.#archive = options.archive;
    this.#eventCharges = options.eventCharges;
    this.#budget = options.budget;
  }

  /** The lifecycle that tells what is due: another one behind each catalog. */
  setLifecycle(lifecycle: WindowLifecycle): void {
    this.#lifecycle = lifecycle;
  }

  *fire(slots: readonly number[], reason: FireReason): SlicedWork {
    for (const slot of slots) if (this.#budget.spend(this.#rate(slot, reason))) yield;
  }

  *close(closeAtMs: number, slots: readonly number[]): SlicedWork {
    yield* this.#rater.closePeriods(closeAtMs, this.#coveredBy(slots), this.#budget, (aggregate) => {
      this.#journal.rated(aggregate);
    });
  }

  *evict(slots: readonly number[]): SlicedWork {
    const cells = this.#cells;
    for (const slot of slots) {
      this.#eventCharges.remove(slot);
      const series = cells.seriesOf(slot);
      const meter = this.#contracts.meterOfSeries(series);
      this.#archive.add({
        series,
        startMs: cells.startOf(slot),
        value: cells.value(slot, Aggregation[meter.aggregation]),
        events: cells.events(slot),
      });
      if (this.#budget.spend(EVICT_UNITS)) yield;
    }
  }

  /** Series of the cell in a slot, with the contract at its start. */
  seriesAt(slot: number): SeriesInfo {
    return this.#contracts.infoOf(this.#cells.seriesOf(slot), this.#cells.startOf(slot));
  }

  /** What the cell of a slot would be rated as, if it and the open windows of its series were due now. */
  openFiring(slot: number): WindowFiring {
    return this.#firingOf(slot, this.seriesAt(slot), "window", true).firing;
  }

  /** Returns the units that it took. */
  #rate(slot: number, reason: FireReason): number {
    const cells = this.#cells;
    const info = this.seriesAt(slot);
    if (reason === "complete" && info.meter.aggregation === "time_weighted" && this.#lifecycle !== undefined)
      carryLevelForward(slot, cells, this.#lifecycle, this.#contracts);
    const kind = reason === "complete" ? "window" : reason;
    const { firing, looked } = this.#firingOf(slot, info, kind, false);
    const aggregate = this.#rater.rate(firing);
    cells.markEmitted(slot);
    this.#eventCharges.markEmitted(slot);
    this.#journal.rated(aggregate);
    if (info.contract.id === NO_CONTRACT) ratingException(this.#journal, "no-contract", info, aggregate);
    else if (this.#eventCharges.isIncomplete(slot, info, cells.events(slot)))
      ratingException(this.#journal, "event-amounts-missing", info, aggregate);
    return RATE_UNITS + looked * FOLD_UNITS;
  }

  #firingOf(
    slot: number,
    info: SeriesInfo,
    kind: WindowFiring["kind"],
    withOpen: boolean,
  ): { readonly firing: WindowFiring; readonly looked: number } {
    const cells = this.#cells;
    const { cellMs } = this.#contracts.settings;
    const startMs = cells.startOf(slot);
    const fold = isAdditive(info.meter) ? undefined : foldPeriodOf(cells, slot, info, cellMs, withOpen);
    const firing: WindowFiring = {
      series: info,
      startMs,
      endMs: startMs + cellMs,
      kind,
      value: cells.value(slot, Aggregation[info.meter.aggregation]),
      emittedValue: cells.emittedValue(slot),
      events: cells.events(slot),
      emittedEvents: cells.emittedEvents(slot),
      revision: cells.emittedRevision(slot) + 1,
      periodQuantity: fold?.quantity,
      eventCharges: this.#eventCharges.of(slot),
    };
    return { firing, looked: fold?.looked ?? 0 };
  }

  *#coveredBy(slots: readonly number[]): Generator<TouchedPeriod> {
    for (const slot of slots) {
      const series = this.seriesAt(slot);
      if (series.contract.id !== NO_CONTRACT) yield { series, startMs: this.#cells.startOf(slot) };
    }
  }
}

/** Whether the period's quantity is the sum of its windows'. */
function isAdditive(meter: CompiledMeter): boolean {
  return (
    meter.aggregation === "sum" || meter.aggregation === "count" || meter.aggregation === "time_weighted"
  );
}
