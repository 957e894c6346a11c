import { PropertyKind, type EventBatch, type PropertyColumn } from "../model/event-batch.ts";
import type { CompiledMeter } from "../billing/catalog/compiled.ts";
import { propertyText } from "./meter-reading.ts";
import type { SeriesTable } from "./series-table.ts";
import { TupleIndex } from "./tuple-index.ts";

/** Series of one meter that were found before, by indices into the batches' dictionaries. */
interface FoundSeries {
  readonly meter: CompiledMeter;
  /** Columns of the dimensions in the present batch. */
  readonly columns: (PropertyColumn | undefined)[];
  /** Of a meter without dimensions: number + 1 by account, 0 where it is not known yet. */
  byAccount: Uint32Array;
  /** Of a meter with dimensions: by account and a word a dimension (index of the text + 1, 0 where it is missing). */
  byTuple: TupleIndex;
}

/**
 * Finds the series of events. Account and dimensions are indices into dictionaries that go from batch to batch, so names
 * are put together once a series, not once an event.
 */
export class SeriesFinder {
  readonly #series: SeriesTable;
  #batch: EventBatch | undefined;
  #meters: readonly CompiledMeter[] = [];
  #found: FoundSeries[] = [];

  constructor(series: SeriesTable) {
    this.#series = series;
  }

  /** Begins a batch; `meters` are those that `find` goes by. */
  begin(batch: EventBatch, meters: readonly CompiledMeter[]): void {
    const former = this.#batch;
    if (batch.accounts !== former?.accounts || batch.texts !== former.texts || meters !== this.#meters)
      this.#found = [];
    this.#batch = batch;
    this.#meters = meters;
    for (let at = this.#found.length; at < meters.length; at++) this.#found.push(nothingFound(meters[at]));
    for (const { meter, columns } of this.#found)
      for (let i = 0; i < columns.length; i++)
        columns[i] = batch.properties.get(meter.groupBy[i]?.property ?? "");
  }

  /** Number of the series that a row counts in by a meter (an index into the meters given). */
  find(row: number, meterIndex: number): number {
    const batch = this.#batch;
    const found = this.#found[meterIndex];
    if (batch === undefined || found === undefined) throw new RangeError("an entry without a meter");
    const account = batch.account[row]!;
    if (found.columns.length > 0) return this.#findGroup(batch, found, account, row);
    if (account < found.byAccount.length) {
      const known = found.byAccount[account]!;
      if (known !== 0) return known - 1;
    } else found.byAccount = grown(found.byAccount, batch.accounts.length);
    const id = this.#idOf(batch, found, row);
    found.byAccount[account] = id + 1;
    return id;
  }

  #findGroup(batch: EventBatch, found: FoundSeries, account: number, row: number): number {
    const { columns, byTuple } = found;
    const { tuple } = byTuple;
    tuple[0] = account;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const kind = column === undefined ? PropertyKind.missing : column.kind[row];
      if (kind === PropertyKind.text) tuple[i + 1] = column!.text[row]! + 1;
      else if (kind === PropertyKind.missing) tuple[i + 1] = 0;
      // Numbers and booleans are rare as dimensions: they go by their text.
      else return this.#idOf(batch, found, row);
    }
    const known = byTuple.find();
    if (known !== -1) return known;
    const id = this.#idOf(batch, found, row);
    byTuple.insert(id);
    return id;
  }

  #idOf(batch: EventBatch, { meter, columns }: FoundSeries, row: number): number {
    const account = batch.accounts[batch.account[row] ?? 0] ?? "";
    const values = columns.map((column) => propertyText(batch, column, row) ?? "");
    return this.#series.idOf(account, meter.key, values);
  }
}

function nothingFound(meter: CompiledMeter | undefined): FoundSeries {
  if (meter === undefined) throw new RangeError("a list of meters with a hole");
  return {
    meter,
    columns: meter.groupBy.map(() => undefined),
    byAccount: new Uint32Array(0),
    byTuple: new TupleIndex(meter.groupBy.length + 1),
  };
}

/** A larger copy: at least `length`, and half as much again, so that growing is rare. */
function grown(words: Uint32Array, length: number): Uint32Array {
  const larger = new Uint32Array(Math.ceil(length * 1.5));
  larger.set(words);
  return larger;
}
