import type { MonoTypeOperatorFunction } from "rxjs";
import { decide, type EventBatch, type MessageDecoder } from "../../model/event-batch.ts";
import { Outcome, reasonCode } from "../../model/outcome.ts";
import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CompiledCatalog, CompiledSettings } from "../../billing/catalog/compiled.ts";
import type { Journal } from "../journal.ts";
import type { Rater } from "../rate/rate-operator.ts";
import type { SeriesTable } from "../series-table.ts";
import { inSlices, type ItemSlices } from "../slices/item-slices.ts";
import {
  Aggregation,
  type ControlItem,
  type MeterTargets,
  type PipelineItem,
  type UsageItem,
} from "../stage.ts";
import type { CellTable } from "./cell-table.ts";
import type { EventCharges } from "./event-charges.ts";
import { DueWindows } from "./due-windows.ts";
import { CellPhase } from "./window-cells.ts";
import { carryLevelForward } from "./carry-level.ts";
import { CellLookAhead } from "./cell-look-ahead.ts";
import { PlainRun } from "./plain-run.ts";
import { SeriesContracts } from "./series-contracts.ts";
import { tumbling } from "./window-assigner.ts";
import { WindowLifecycle } from "./window-lifecycle.ts";
import { WatermarkTracker } from "./watermark.ts";
import type { UsageWatch } from "../watch/usage-watch.ts";
import { Retractor, type RowEntries } from "../retract/retractor.ts";
import { MeterFacts } from "./meter-facts.ts";
import type { MeterTotals } from "./meter-totals.ts";
import type { WindowArchive } from "./window-archive.ts";

const WATERMARK_SPACE = "watermark";
const TOO_OLD = reasonCode("too-old");

export interface WindowStageOptions {
  readonly series: SeriesTable;
  readonly cells: CellTable;
  readonly rater: Rater;
  readonly journal: Journal;
  readonly archive: WindowArchive;
  readonly totals: MeterTotals;
  readonly watch: UsageWatch;
  readonly eventCharges: EventCharges;
  /** Reads the texts of retractions that wait for their event. */
  readonly decoder: Pick<MessageDecoder, "eventText">;
  readonly budget: SliceBudget;
}

/** An item's rows, and how far they are processed. */
interface RowsUnderWay {
  readonly item: UsageItem;
  /** Index in the watermark by the batch's regions. */
  readonly regions: readonly number[];
  row: number;
  /** The next entry of the item's targets. */
  entry: number;
}

/**
 * Adds each accepted event to its cells, moves the watermark event by event, and emits what becomes due: windows that
 * are complete, refinements, closed periods. Everything is decided per event in log order, never per batch.
 */
export function window(stage: WindowStage, slices: ItemSlices): MonoTypeOperatorFunction<PipelineItem> {
  return inSlices(slices, (item) => (item.kind === "usage" ? stage.add(item) : stage.control(item)));
}

export class WindowStage implements CheckpointParticipant {
  readonly #cells: CellTable;
  readonly #rater: Rater;
  readonly #watch: UsageWatch;
  readonly #eventCharges: EventCharges;
  readonly #watermark = new WatermarkTracker();
  readonly retractor: Retractor;
  /** Rates what is due. */
  readonly due: DueWindows;
  readonly #budget: SliceBudget;
  readonly #contracts: SeriesContracts;
  #lifecycle: WindowLifecycle | undefined;
  #savedWatermark: Uint8Array | undefined;
  readonly #slots = new Int32Array(1);
  readonly #ahead: CellLookAhead;
  readonly #plain: PlainRun;
  readonly #meters: MeterFacts;

  constructor(options: WindowStageOptions) {
    this.#contracts = new SeriesContracts(options.series);
    this.#cells = options.cells;
    this.#ahead = new CellLookAhead(options.cells);
    this.#plain = new PlainRun(this.#ahead, this.#watermark);
    this.#rater = options.rater;
    this.#budget = options.budget;
    this.#watch = options.watch;
    this.#eventCharges = options.eventCharges;
    this.#meters = new MeterFacts(options.totals, options.eventCharges);
    const parts = { ...options, contracts: this.#contracts };
    this.retractor = new Retractor(parts);
    this.due = new DueWindows(parts);
  }

  /** No event at or before this time (milliseconds) is expected any more; −Infinity at the beginning. */
  get watermarkMs(): number {
    return this.#watermark.watermark;
  }

  /**
   * Up to where windows have been told what became due; behind the watermark only while they are told. What is decided
   * then goes by this time, so that it does not depend on how far the watermark went at once.
   */
  get processedMs(): number {
    return this.#lifecycle?.watermark ?? Number.NEGATIVE_INFINITY;
  }

  get watermark(): WatermarkTracker {
    return this.#watermark;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.retractor.restore(store);
    for (const { value } of store.rows(WATERMARK_SPACE)) {
      this.#watermark.restore(value);
      this.#savedWatermark = value;
    }
  }

  collectChanges(rows: StateRow[]): void {
    this.retractor.collectChanges(rows);
    const snapshot = this.#watermark.snapshot();
    if (this.#savedWatermark !== undefined && Buffer.compare(snapshot, this.#savedWatermark) === 0) return;
    rows.push({ space: WATERMARK_SPACE, key: 0, value: snapshot });
    this.#savedWatermark = snapshot;
  }

  /** A catalog version takes effect (also the one that was in effect at the checkpoint, after `restore`). */
  *#useCatalog(catalog: CompiledCatalog, appliesAfter: number): SlicedWork {
    this.#contracts.setCatalog(catalog);
    this.#ahead.setCellMs(catalog.settings.cellMs);
    yield* this.#rater.useCatalog(catalog, this.#budget);
    yield* this.#watch.useCatalog(catalog, this.#budget);
    this.#eventCharges.setCatalog(catalog);
    this.#watermark.configure(catalog.settings.regions, catalog.settings.disorderMs);
    // Contracts decide when windows close: due times are found anew from the cells.
    this.#lifecycle = this.#createLifecycle(catalog.settings);
    this.due.setLifecycle(this.#lifecycle);
    yield* this.#lifecycle.takeUp(this.#watermark.watermark);
    this.retractor.useCatalog(catalog, appliesAfter, this.#lifecycle);
  }

  *control(item: ControlItem): SlicedWork {
    const { record } = item.placed;
    if (item.catalog !== undefined) yield* this.#useCatalog(item.catalog, record.appliesAfter);
    if (record.kind === "idle") this.#watermark.markIdle(record.region);
    else if (record.kind === "close") this.#watermark.advanceTo(record.upToMs - 1);
    const watermarkMs = this.#watermark.watermark;
    this.#watch.setPlace({
      sequence: record.appliesAfter,
      index: -1,
      arrivalMs: Number.isFinite(watermarkMs) ? watermarkMs : 0,
    });
    yield* this.#advance();
  }

  *add(item: UsageItem): SlicedWork {
    const { batch } = item.run;
    if (item.complete !== undefined) {
      this.#watch.setMessage(item.complete.message);
      this.#watermark.completeRegion(item.complete);
    }
    const lifecycle = this.#requireLifecycle();
    this.#meters.begin(item.targets.meters);
    this.#ahead.begin();
    const regions = batch.regions.map((region) => this.#watermark.indexOf(region));
    const rows: RowsUnderWay = { item, regions, row: 0, entry: 0 };
    while (!this.#addRows(rows, lifecycle)) yield* this.#advance();
    yield* this.#advance();
  }

  /** False behind a row whose watermark makes something due: that is done before the next row is added. */
  #addRows(rows: RowsUnderWay, lifecycle: WindowLifecycle): boolean {
    const { item, regions } = rows;
    const { batch } = item.run;
    const { targets } = item;
    const { outcome, timeMs, message, messages, retractions } = batch;
    const isWatching = this.#watch.isActive;
    const { retractor } = this;
    if (!isWatching && !item.unparked && retractions.size === 0 && retractor.waiting.size === 0)
      return this.#addPlain(rows, lifecycle);
    let { entry } = rows;
    for (let row = rows.row; row < batch.count; row++) {
      const verdict = outcome[row];
      if (isWatching) this.#placeWatch(batch, row);
      if (retractor.waiting.size > 0 && !item.unparked) retractor.expire(item, row);
      if (verdict === Outcome.accepted) {
        const from = entry;
        if (retractions.size > 0 && retractions.has(row)) {
          for (; entry < targets.count && targets.row[entry] === row;) entry++;
          this.#retract(item, { row, from, to: entry });
          continue;
        }
        let gone = false;
        for (; entry < targets.count && targets.row[entry] === row; entry++)
          gone ||= !this.#addEntry(batch, targets, entry, lifecycle);
        if (gone) decide(batch, row, Outcome.rejected, TOO_OLD);
        if (gone) retractor.notCounted(item, row, false);
        else if (item.unparked || retractor.waiting.size > 0)
          retractor.accepted(item, { row, from, to: entry });
      } else if (verdict === Outcome.parked) {
        if (!item.unparked) retractor.notCounted(item, row, true);
      } else {
        if (item.unparked) retractor.notCounted(item, row, false);
        continue;
      }
      if (item.unparked) continue;
      const arrivalMs = messages[message[row] ?? 0]?.arrivalMs ?? 0;
      const region = regions[batch.region[row] ?? 0] ?? -1;
      if (region < 0) continue;
      const watermark = this.#watermark.observe(region, Math.min(timeMs[row] ?? 0, arrivalMs));
      if (watermark <= lifecycle.watermark) continue;
      if (lifecycle.isDue(watermark)) {
        rows.row = row + 1;
        rows.entry = entry;
        return false;
      }
      lifecycle.advanceTo(watermark);
    }
    return true;
  }

  #addPlain(rows: RowsUnderWay, lifecycle: WindowLifecycle): boolean {
    const { item, regions } = rows;
    const { batch } = item.run;
    const { targets } = item;
    const sums = targets.large.size > 0 ? [] : this.#meters.plainSums;
    return this.#plain.add(batch, targets, regions, sums, rows, {
      addEntry: (entry) => this.#addEntry(batch, targets, entry, lifecycle),
      gone: (row) => {
        decide(batch, row, Outcome.rejected, TOO_OLD);
        this.retractor.notCounted(item, row, false);
      },
      parked: (row) => {
        this.retractor.notCounted(item, row, true);
      },
      advanced: (watermarkMs) => {
        if (watermarkMs <= lifecycle.watermark) return true;
        if (lifecycle.isDue(watermarkMs)) return false;
        lifecycle.advanceTo(watermarkMs);
        return true;
      },
    });
  }

  /** One that waits for its event is settled with that; it says nothing of how far its region has come. */
  #retract(item: UsageItem, entries: RowEntries): void {
    if (item.unparked) decide(item.run.batch, entries.row, Outcome.parked, 0);
    else this.retractor.retract(item, entries);
  }

  #placeWatch(batch: EventBatch, row: number): void {
    const source = batch.messages[batch.message[row] ?? 0];
    this.#watch.setPlace({
      sequence: source?.sequence ?? 0,
      index: batch.index[row] ?? 0,
      arrivalMs: source?.arrivalMs ?? 0,
    });
  }

  *#advance(): SlicedWork {
    if (this.#lifecycle !== undefined) yield* this.#lifecycle.advance(this.#watermark.watermark);
  }

  /**
   * False, and nothing added, where the window's state is gone: an event that was parked for longer than its window is
   * kept. All windows of an event are of one account and one hour, so they are gone together.
   */
  #addEntry(batch: EventBatch, targets: MeterTargets, entry: number, lifecycle: WindowLifecycle): boolean {
    const row = targets.row[entry]!;
    const series = targets.series[entry]!;
    const timeMs = batch.timeMs[row]!;
    const facts = this.#meters.of(targets.meter[entry]!);
    let slot = this.#ahead.find(batch, targets, entry);
    if (slot < 0) {
      if (lifecycle.place(series, timeMs, this.#slots) === 0) return false;
      slot = this.#slots[0]!;
    }
    const isOpen = this.#cells.phaseOf(slot) === CellPhase.open;
    if (!isOpen) batch.late[row] = 1;
    const { meter, aggregation } = facts;
    const sequence = batch.messages[batch.message[row]!]?.sequence ?? 0;
    const index = batch.index[row]!;
    const large = targets.large.size > 0 ? targets.large.get(entry) : undefined;
    const value = large ?? targets.value[entry]!;
    if (aggregation === Aggregation.unique) this.#cells.addMember(slot, targets.member.get(entry) ?? "");
    else if (typeof value === "bigint")
      this.#cells.addLarge(slot, aggregation, value, timeMs, sequence, index);
    else this.#cells.add(slot, aggregation, value, timeMs, sequence, index);
    if (meter.retractable) {
      const member = targets.member.get(entry) ?? "";
      const kept = { timeMs, sequence, index, value: BigInt(value), member };
      this.#cells.retractable.keep(slot, aggregation, kept);
    }
    facts.total.add(value);
    if (this.#watch.isActive) this.#watch.added(series, timeMs, meter, value);
    if (facts.hasEventCharges)
      this.#eventCharges.add(slot, this.#contracts.contractOf(series, timeMs), meter, value);
    if (isOpen) return true;
    lifecycle.updated(slot);
    if (aggregation === Aggregation.time_weighted && this.#cells.phaseOf(slot) !== CellPhase.open)
      carryLevelForward(slot, this.#cells, lifecycle, this.#contracts);
    return true;
  }

  #createLifecycle(settings: CompiledSettings): WindowLifecycle {
    return new WindowLifecycle({
      assigner: tumbling(settings.cellMs, 0),
      cells: this.#cells,
      closeAt: (series, startMs, endMs) => {
        const contract = this.#contracts.contractOf(series, startMs);
        return (
          (contract === undefined ? endMs : contract.periodAt(startMs).endMs) +
          this.#contracts.settings.graceMs
        );
      },
      retainMs: settings.maxAgeMs,
      lateFiring: "next-boundary",
      listener: this.due,
      budget: this.#budget,
    });
  }

  #requireLifecycle(): WindowLifecycle {
    if (this.#lifecycle === undefined) throw new Error("usage before the first catalog record");
    return this.#lifecycle;
  }
}
