import { Buffer } from "node:buffer";
import { decimalText, isJsonNumber, parseDecimal } from "../../model/decimal.ts";
import type { BatchIdentity } from "../../model/numbered-batch.ts";
import { copyFloats, isPresent, type ColumnarBody, type ColumnarProperty } from "./columnar-body.ts";
import { MAX_TIME_MS, MIN_TIME_MS } from "./limits.ts";

/**
 * One row of a columnar batch as a CloudEvent in JSON: the event that would have given the same columns. What JSON or
 * CloudEvents can't express (a time or number that is not finite) is written as a string, so that people can see it.
 * An event of a numbered batch is identified by its place: its own id, where it has one, becomes an extension attribute.
 * `partition`: of the message, in decimal.
 */
export function columnarRowText(body: ColumnarBody, row: number, partition: string): string {
  const { identity } = body;
  const own = ownId(body, row);
  const id = identity === undefined ? own : numberedEventId(identity, partition, row);
  const data = body.properties
    .filter((property) => isPresent(property.present, row))
    .map((property) => `${JSON.stringify(property.name)}:${valueText(property, row)}`);
  return (
    `{"id":${JSON.stringify(id)}` +
    (identity === undefined || own === "" ? "" : `,"${OWN_ID_ATTRIBUTE}":${JSON.stringify(own)}`) +
    `,"source":${JSON.stringify(body.sources.text(body.source?.[row] ?? 0))}` +
    `,"specversion":"1.0"` +
    `,"type":${JSON.stringify(body.types.text(body.type?.[row] ?? 0))}` +
    `,"subject":${JSON.stringify(body.accounts.text(body.account[row]!))}` +
    `,"time":${timeText(floatAt(body.time, row))}` +
    `,"data":{${data.join(",")}}}`
  );
}

/** Extension attribute that holds the id which a producer of numbered batches gave an event. */
export const OWN_ID_ATTRIBUTE = "eventid";

/** Unique wherever the event goes: sequences are of one partition, so the partition takes part. */
function numberedEventId(
  { producer, epoch, sequence }: BatchIdentity,
  partition: string,
  row: number,
): string {
  return `${partition}/${producer}/${epoch}/${sequence}/${row}`;
}

function ownId({ hasIds, ids, idWidth, idEnds }: ColumnarBody, row: number): string {
  if (!hasIds) return "";
  const start = idWidth > 0 ? row * idWidth : row === 0 ? 0 : idEnds[row - 1]!;
  const end = idWidth > 0 ? start + idWidth : idEnds[row]!;
  return Buffer.from(ids.subarray(start, end)).toString("utf8");
}

function timeText(timeMs: number): string {
  const sound = timeMs >= MIN_TIME_MS && timeMs <= MAX_TIME_MS && Number.isInteger(timeMs);
  return JSON.stringify(sound ? new Date(timeMs).toISOString() : String(timeMs));
}

function valueText(property: ColumnarProperty, row: number): string {
  if (property.kind === "text") return JSON.stringify(property.dictionary.text(property.values[row]!));
  if (property.kind === "boolean") return String(((property.values[row >> 3]! >> (row & 7)) & 1) === 1);
  const large = property.large.get(row);
  if (large !== undefined) return isJsonNumber(large) ? large : JSON.stringify(large);
  const value = floatAt(property.values, row);
  const shifted = Number.isSafeInteger(value) ? decimalText(value, property.scale) : "";
  const decimal = parseDecimal(shifted);
  if (decimal !== undefined) return decimalText(decimal.coefficient, decimal.scale);
  return JSON.stringify(`${value} with scale ${property.scale}`);
}

function floatAt(bytes: Uint8Array, row: number): number {
  const float = new Float64Array(1);
  copyFloats(bytes.subarray(row * 8, row * 8 + 8), float, 0);
  return float[0]!;
}
