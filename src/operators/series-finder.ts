import { PropertyKind, type EventBatch, type PropertyColumn } from "../model/event-batch.ts";
import type { CompiledMeter } from "../billing/catalog/compiled.ts";
import { propertyText } from "./meter-reading.ts";
import type { SeriesTable } from "./series-table.ts";

/**
 * Finds the series of a batch's events. Account, meter and dimensions are indices into the batch's dictionaries, so
 * they make one number by which a series is found again: names are put together once a series and batch, not once an
 * event.
 */
export class SeriesFinder {
  readonly #batch: EventBatch;
  readonly #meters: readonly CompiledMeter[];
  readonly #series: SeriesTable;
  /** Columns of the meters' dimensions, by meter. */
  readonly #columns: readonly (readonly (PropertyColumn | undefined)[])[];
  /** By meter: meters have different dimensions, and so keys that mean different things. */
  readonly #found: readonly Map<number, number>[];

  constructor(batch: EventBatch, meters: readonly CompiledMeter[], series: SeriesTable) {
    this.#batch = batch;
    this.#meters = meters;
    this.#series = series;
    this.#found = meters.map(() => new Map());
    this.#columns = meters.map((meter) =>
      meter.groupBy.map((dimension) => batch.properties.get(dimension.property)),
    );
  }

  /** Number of the series that a row counts in by a meter (an index into the meters given). */
  find(row: number, meterIndex: number): number {
    const key = this.#keyOf(row, meterIndex);
    const found = this.#found[meterIndex];
    const known = key < 0 ? undefined : found?.get(key);
    if (known !== undefined) return known;
    const id = this.#idOf(row, meterIndex);
    if (key >= 0) found?.set(key, id);
    return id;
  }

  /** One number for (account, dimensions) of a meter; −1 where a dimension is no text, or the number would not be exact. */
  #keyOf(row: number, meterIndex: number): number {
    const { account, texts } = this.#batch;
    const radix = texts.length + 1;
    let key = account[row] ?? 0;
    for (const column of this.#columns[meterIndex] ?? []) {
      const kind = column === undefined ? PropertyKind.missing : column.kind[row];
      // 0 stands for a dimension that is missing.
      if (kind === PropertyKind.text) key = key * radix + (column?.text[row] ?? 0) + 1;
      else if (kind === PropertyKind.missing) key *= radix;
      else return -1;
    }
    return key <= Number.MAX_SAFE_INTEGER ? key : -1;
  }

  #idOf(row: number, meterIndex: number): number {
    const meter = this.#meters[meterIndex];
    if (meter === undefined) throw new RangeError("an entry without a meter");
    const account = this.#batch.accounts[this.#batch.account[row] ?? 0] ?? "";
    const values = (this.#columns[meterIndex] ?? []).map(
      (column) => propertyText(this.#batch, column, row) ?? "",
    );
    return this.#series.idOf(account, meter.key, values);
  }
}
