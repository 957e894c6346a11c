import type { StateRow } from "../../model/store.ts";
import { Aggregation } from "../stage.ts";
import { SeriesTable } from "../series-table.ts";
import { CELL_EXTRAS_SPACE, slotOfExtra } from "../window/cell-extras.ts";
import {
  AGGREGATION_SHIFT,
  PAGE_RECORDS,
  RECORD_DOUBLES,
  RecordField,
  RecordWord,
  TAKEN,
} from "../window/cell-record.ts";
import { CELLS_SPACE } from "../window/cell-table.ts";
import { EVENT_CHARGES_SPACE } from "../window/event-charges.ts";
import { joinPair } from "../window/exact-pair.ts";
import { METER_TOTALS_SPACE, readTotal, writeTotal } from "../window/meter-totals.ts";
import { ARCHIVE_SPACE, archivedCells, archivedRow } from "../window/window-archive.ts";
import type { AccountShare } from "./account-share.ts";
import { keptRows, type RowSource } from "./kept-rows.ts";
import { uncoveredName, UsageSums } from "./usage-sums.ts";

/** Series of a state, by the number that they have there. */
interface SeriesShare {
  readonly account: string;
  readonly meter: string;
  /** Number in the part; −1 where it is another partition's. */
  readonly number: number;
}

/** What is known behind the cells of a part. */
export interface SplitUsage {
  /** Number that a series has in the part; −1 where it is another partition's. */
  readonly seriesOf: (series: number) => number;
  /** Of windows that no contract covers (`uncoveredName`): events and values as they were emitted. */
  readonly uncovered: UsageSums;
}

/** Aggregations whose accepted values add up to those of the cells. */
const ADDED_UP: ReadonlySet<string> = new Set(["sum", "count"]);

/**
 * Series, cells and what stands beside them, of one partition: series numbered anew in their order, cells in the slots that
 * they have. Freed slots are used again.
 * @param uncovered names of windows without a contract whose figures are wanted
 */
export function* splitCells(
  source: RowSource,
  share: AccountShare,
  uncovered: ReadonlySet<string>,
): Generator<StateRow, SplitUsage> {
  const series: SeriesShare[] = [];
  const all = new SeriesTable();
  all.restore(source);
  const part = new SeriesTable();
  for (let each = 0; each < all.count; each++) {
    const { account, meter, groupValues } = all.get(each);
    const number = share.ownsAccount(account) ? part.idOf(account, meter, groupValues) : -1;
    series.push({ account, meter, number });
  }
  yield* part.freezeChanges([]);
  const totals = new UsageSums();
  const emitted = new UsageSums();
  const count = (
    { account, meter, number }: SeriesShare,
    startMs: number,
    accepted: { readonly events: number; readonly value: bigint },
    sent: { readonly events: number; readonly value: bigint },
  ): void => {
    const isAddedUp = ADDED_UP.has(share.catalog.meters.get(meter)?.aggregation ?? "");
    totals.add(meter, number >= 0, accepted.events, isAddedUp ? accepted.value : 0n);
    const name = uncoveredName(meter, startMs);
    if (uncovered.has(name) && share.isUncovered(account, startMs))
      emitted.add(name, number >= 0, sent.events, sent.value);
  };
  const keptSlots = new Set<number>();
  yield* splitPages(source, series, count, keptSlots);
  yield* keptRows(source, CELL_EXTRAS_SPACE, (key) => keptSlots.has(slotOfExtra(key)));
  yield* keptRows(source, EVENT_CHARGES_SPACE, (key) => keptSlots.has(key));
  let archived = 0;
  for (const cell of archivedCells(source)) {
    const of = series[cell.series];
    if (of === undefined)
      throw new RangeError(`an archived cell of series ${cell.series}, which there is not`);
    count(of, cell.startMs, cell, cell);
    if (of.number < 0) continue;
    yield { space: ARCHIVE_SPACE, key: archived++, value: archivedRow({ ...cell, series: of.number }) };
  }
  for (const { key, value } of source.rows(METER_TOTALS_SPACE)) {
    const { meter, events, sum } = readTotal(value);
    const part = totals.partOf(meter, { events, value: sum }, share.isFormer);
    const row = writeTotal({ meter, events: part.events, sum: part.value });
    if (share.isFormer || part.events > 0) yield { space: METER_TOTALS_SPACE, key, value: row };
  }
  return { seriesOf: (number) => series[number]?.number ?? -1, uncovered: emitted };
}

type CountCell = (
  series: SeriesShare,
  startMs: number,
  accepted: { readonly events: number; readonly value: bigint },
  emitted: { readonly events: number; readonly value: bigint },
) => void;

/**
 * Pages with the cells of other partitions taken out: their records are zeroed, as those of removed cells are.
 * @param keptSlots takes the slots of kept cells that have rows beside them
 */
function* splitPages(
  source: RowSource,
  series: readonly SeriesShare[],
  count: CountCell,
  keptSlots: Set<number>,
): Generator<StateRow> {
  const besideSlots = new Set<number>();
  for (const { key } of source.rows(CELL_EXTRAS_SPACE)) besideSlots.add(slotOfExtra(key));
  for (const { key } of source.rows(EVENT_CHARGES_SPACE)) besideSlots.add(key);
  for (const { key, value } of source.rows(CELLS_SPACE)) {
    // A copy begins where doubles may.
    const page = value.slice();
    const doubles = new Float64Array(page.buffer);
    const words = new Uint32Array(page.buffer);
    let isUsed = false;
    for (let record = 0; record < PAGE_RECORDS; record++) {
      const at = record * RECORD_DOUBLES;
      const flags = words[at * 2 + RecordWord.flags]!;
      if ((flags & TAKEN) === 0) continue;
      const number = words[at * 2 + RecordWord.series]!;
      const of = series[number];
      if (of === undefined) throw new RangeError(`a cell of series ${number}, which there is not`);
      const events = doubles[at + RecordField.events]!;
      const isCount = flags >>> AGGREGATION_SHIFT === Aggregation.count;
      const pair = joinPair(doubles[at + RecordField.high]!, doubles[at + RecordField.low]!);
      const sent = joinPair(doubles[at + RecordField.emittedHigh]!, doubles[at + RecordField.emittedLow]!);
      count(
        of,
        doubles[at + RecordField.start]!,
        { events, value: isCount ? BigInt(events) : pair },
        { events: doubles[at + RecordField.emittedEvents]!, value: sent },
      );
      if (of.number < 0) {
        doubles.fill(0, at, at + RECORD_DOUBLES);
        continue;
      }
      words[at * 2 + RecordWord.series] = of.number;
      isUsed = true;
      const slot = key * PAGE_RECORDS + record;
      if (besideSlots.has(slot)) keptSlots.add(slot);
    }
    if (isUsed) yield { space: CELLS_SPACE, key, value: page };
  }
}
