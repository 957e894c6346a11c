import {
  MAX_COLUMN_INTEGER,
  PropertyKind,
  type EventBatch,
  type PropertyColumn,
} from "../model/event-batch.ts";
import { decimalText, rescale } from "../model/decimal.ts";
import { reasonCode } from "../model/outcome.ts";
import type { CompiledFilter, CompiledMeter } from "../billing/catalog/compiled.ts";
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

function passes(batch: EventBatch, filters: readonly CompiledFilter[], row: number): boolean {
  for (const filter of filters) {
    const text = propertyText(batch, batch.properties.get(filter.property), row);
    if (text === undefined || !filter.anyOf.has(text)) return false;
  }
  return true;
}

/**
 * Reads the values of all `meters` (those of the event's type) from a row and adds an entry for each that the event
 * feeds. Returns 0, or the reason code for which the event must be rejected whole; then no entry of it is left.
 */
export function readMeters(
  batch: EventBatch,
  row: number,
  meters: readonly CompiledMeter[],
  firstMeter: number,
  targets: MeterTargets,
): number {
  const start = targets.count;
  for (let i = 0; i < meters.length; i++) {
    const meter = meters[i];
    if (meter === undefined || (meter.filters.length > 0 && !passes(batch, meter.filters, row))) continue;
    const reason = readMeter(batch, row, meter, firstMeter + i, targets);
    if (reason !== 0) {
      for (let entry = start; entry < targets.count; entry++) {
        targets.large.delete(entry);
        targets.member.delete(entry);
      }
      targets.count = start;
      return reason;
    }
  }
  return 0;
}

function readMeter(
  batch: EventBatch,
  row: number,
  meter: CompiledMeter,
  meterIndex: number,
  targets: MeterTargets,
): number {
  if (meter.aggregation === "count" || meter.valueProperty === undefined) {
    addTarget(targets, row, meterIndex, 1);
    return 0;
  }
  const column = batch.properties.get(meter.valueProperty);
  const kind = column === undefined ? PropertyKind.missing : column.kind[row];
  if (column === undefined || kind === PropertyKind.missing) return VALUE_MISSING;
  if (meter.aggregation === "unique") {
    const member = propertyText(batch, column, row);
    if (member === undefined) return VALUE_MISSING;
    targets.member.set(addTarget(targets, row, meterIndex, 0), member);
    return 0;
  }
  const scale = column.scale[row] ?? 0;
  if (kind === PropertyKind.number) {
    const coefficient = column.coefficient[row] ?? 0;
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
