import {
  decide,
  MAX_COLUMN_INTEGER,
  PropertyKind,
  type EventBatch,
  type PropertyColumn,
} from "../model/event-batch.ts";
import { decimalText, rescale } from "../model/decimal.ts";
import { Outcome, reasonCode } from "../model/outcome.ts";
import type { CompiledCatalog, CompiledFilter, CompiledMeter } from "../billing/catalog/compiled.ts";
import { addTarget, type MeterTargets } from "./stage.ts";
import { fitsCell } from "./window/exact-pair.ts";

const VALUE_MISSING = reasonCode("value-missing");
const VALUE_NOT_NUMERIC = reasonCode("value-not-numeric");
const VALUE_TOO_PRECISE = reasonCode("value-too-precise");
const VALUE_OUT_OF_RANGE = reasonCode("value-out-of-range");

/**
 * The text of a scalar property: what filters, group-by dimensions and `unique` compare. Numbers in canonical decimal
 * form; undefined where the property is missing, null or an array.
 */
export function propertyText(
  batch: EventBatch,
  column: PropertyColumn | undefined,
  row: number,
): string | undefined {
  if (column === undefined) return undefined;
  switch (column.kind[row] ?? PropertyKind.missing) {
    case PropertyKind.text:
      return batch.texts[column.text[row] ?? 0];
    case PropertyKind.number:
      return decimalText(column.coefficient[row] ?? 0, column.scale[row] ?? 0);
    case PropertyKind.largeNumber:
      return decimalText(column.large.get(row) ?? 0n, column.scale[row] ?? 0);
    case PropertyKind.true:
      return "true";
    case PropertyKind.false:
      return "false";
    default:
      return undefined;
  }
}

/** What a meter reads of the present batch. */
interface BatchMeter {
  readonly meter: CompiledMeter;
  readonly takesEvents: boolean;
  readonly isUnique: boolean;
  readonly filters: readonly CompiledFilter[];
  /** Columns of the filters' properties. */
  readonly filterColumns: (PropertyColumn | undefined)[];
  /** Column of the value; undefined where no row has it. */
  column: PropertyColumn | undefined;
}

/**
 * Reads the values that meters find in events. What depends on the catalog and the types is found once, columns once a
 * batch; the loop over events looks nothing up by name.
 */
export class MeterReader {
  #catalog: CompiledCatalog | undefined;
  #types: readonly string[] = [];
  /** Meters of the types so far: what `targets.meters` is. */
  #compiled: CompiledMeter[] = [];
  #meters: BatchMeter[] = [];
  /** By type: its meters are `#meters` from here up to the next type's. */
  #first: number[] = [0];

  /** Adds an entry for each meter that an event feeds; rejects, whole, those in which one finds no value it can hold. */
  read(batch: EventBatch, catalog: CompiledCatalog, targets: MeterTargets): void {
    this.#begin(batch, catalog);
    targets.meters = this.#compiled;
    const first = this.#first;
    const { outcome, type } = batch;
    let lastType = -1;
    let from = 0;
    let to = 0;
    for (let row = 0; row < batch.count; row++) {
      if (outcome[row] !== Outcome.pending) continue;
      if (type[row] !== lastType) {
        lastType = type[row]!;
        from = first[lastType] ?? 0;
        to = first[lastType + 1] ?? 0;
      }
      const reason = this.#readRow(batch, row, from, to, targets);
      if (reason !== 0) decide(batch, row, Outcome.rejected, reason);
    }
  }

  /** Reads one event: 0, or the reason code for which it must be rejected whole. */
  readOne(batch: EventBatch, row: number, catalog: CompiledCatalog, targets: MeterTargets): number {
    this.#begin(batch, catalog);
    targets.meters = this.#compiled;
    const type = batch.type[row] ?? 0;
    return this.#readRow(batch, row, this.#first[type] ?? 0, this.#first[type + 1] ?? 0, targets);
  }

  #begin(batch: EventBatch, catalog: CompiledCatalog): void {
    const { types, properties } = batch;
    if (catalog !== this.#catalog || types !== this.#types) {
      this.#catalog = catalog;
      this.#types = types;
      this.#compiled = [];
      this.#meters = [];
      this.#first = [0];
    }
    for (let at = this.#first.length - 1; at < types.length; at++) {
      for (const meter of catalog.metersOfType(types[at] ?? "") ?? []) {
        this.#compiled.push(meter);
        this.#meters.push(batchMeter(meter));
      }
      this.#first.push(this.#meters.length);
    }
    for (const each of this.#meters) {
      const { meter, filters, filterColumns } = each;
      each.column = meter.valueProperty === undefined ? undefined : properties.get(meter.valueProperty);
      for (let i = 0; i < filters.length; i++) filterColumns[i] = properties.get(filters[i]?.property ?? "");
    }
  }

  /** Returns 0, or the reason code for which the event must be rejected whole; then no entry of it is left. */
  #readRow(batch: EventBatch, row: number, from: number, to: number, targets: MeterTargets): number {
    const start = targets.count;
    for (let i = from; i < to; i++) {
      const each = this.#meters[i]!;
      if (each.filters.length > 0 && !passes(batch, each, row)) continue;
      const reason = readMeter(batch, row, each, i, targets);
      if (reason === 0) continue;
      for (let entry = start; entry < targets.count; entry++) {
        targets.large.delete(entry);
        targets.member.delete(entry);
      }
      targets.count = start;
      return reason;
    }
    return 0;
  }
}

function batchMeter(meter: CompiledMeter): BatchMeter {
  return {
    meter,
    takesEvents: meter.aggregation === "count" || meter.valueProperty === undefined,
    isUnique: meter.aggregation === "unique",
    filters: meter.filters,
    filterColumns: meter.filters.map(() => undefined),
    column: undefined,
  };
}

function passes(batch: EventBatch, { filters, filterColumns }: BatchMeter, row: number): boolean {
  for (let i = 0; i < filters.length; i++) {
    const text = propertyText(batch, filterColumns[i], row);
    if (text === undefined || filters[i]?.anyOf.has(text) !== true) return false;
  }
  return true;
}

function readMeter(
  batch: EventBatch,
  row: number,
  { meter, takesEvents, isUnique, column }: BatchMeter,
  meterIndex: number,
  targets: MeterTargets,
): number {
  if (takesEvents) {
    addTarget(targets, row, meterIndex, 1);
    return 0;
  }
  const kind = column === undefined ? PropertyKind.missing : column.kind[row]!;
  if (column === undefined || kind === PropertyKind.missing) return VALUE_MISSING;
  if (isUnique) {
    const member = propertyText(batch, column, row);
    if (member === undefined) return VALUE_MISSING;
    targets.member.set(addTarget(targets, row, meterIndex, 0), member);
    return 0;
  }
  const scale = column.scale[row]!;
  if (kind === PropertyKind.number) {
    const coefficient = column.coefficient[row]!;
    // The common case without a call: an integer meter, or a value written at the meter's own scale.
    if (scale === meter.scale) {
      addTarget(targets, row, meterIndex, coefficient);
      return 0;
    }
    return addScaled(rescale(coefficient, scale, meter.scale), row, meterIndex, targets);
  }
  if (kind === PropertyKind.largeNumber) {
    return addScaled(rescale(column.large.get(row) ?? 0n, scale, meter.scale), row, meterIndex, targets);
  }
  return VALUE_NOT_NUMERIC;
}

function addScaled(
  scaled: number | bigint | "too-precise" | "out-of-range",
  row: number,
  meterIndex: number,
  targets: MeterTargets,
): number {
  if (scaled === "too-precise") return VALUE_TOO_PRECISE;
  if (scaled === "out-of-range") return VALUE_OUT_OF_RANGE;
  if (typeof scaled === "number") addTarget(targets, row, meterIndex, scaled);
  else if (scaled <= BigInt(MAX_COLUMN_INTEGER) && scaled >= -BigInt(MAX_COLUMN_INTEGER)) {
    addTarget(targets, row, meterIndex, Number(scaled));
  } else if (fitsCell(scaled)) targets.large.set(addTarget(targets, row, meterIndex, 0), scaled);
  else return VALUE_OUT_OF_RANGE;
  return 0;
}
