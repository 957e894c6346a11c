import type { DecodedRun, EventBatch } from "../../../src/model/event-batch.ts";
import { decimalText } from "../../../src/model/decimal.ts";
import { PropertyKind } from "../../../src/model/event-batch.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import { OUTCOME_NAMES, reasonOf } from "../../../src/model/outcome.ts";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";

export const KEY = "000102030405060708090a0b0c0d0e0f";
export const ARRIVAL_MS = Date.UTC(2026, 10, 20);
export const SINGLE = "application/cloudevents+json";
export const BATCH = "application/cloudevents-batch+json";
export const COLUMNAR = "application/vnd.tributary.usage+msgpack";

const encoder = new TextEncoder();

export function message(
  contentType: string,
  body: string | Uint8Array,
  more: Partial<LogMessage> = {},
): LogMessage {
  return {
    sequence: 1,
    subject: "usage.3.eu-west",
    contentType,
    arrivalMs: ARRIVAL_MS,
    data: typeof body === "string" ? encoder.encode(body) : body,
    ...more,
  };
}

/** A CloudEvent with everything it needs, and what `more` changes (undefined: taken away). */
export function cloudEvent(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    specversion: "1.0",
    id: "a-1",
    source: "gateway",
    type: "api.request",
    subject: "acme",
    time: "2026-11-19T12:00:00Z",
    data: { requests: 3 },
    ...more,
  };
}

export function decode(...messages: LogMessage[]): DecodedRun {
  return createDecoder(KEY).decode(messages);
}

/** Decodes one CloudEvent given as JSON text. */
export function decodeText(text: string): EventBatch {
  return decode(message(SINGLE, text)).batch;
}

const KIND_NAMES = new Map<number, string>(Object.entries(PropertyKind).map(([name, kind]) => [kind, name]));

/** Properties of a row as "kind value", sorted by name. */
export function propertiesOf(batch: EventBatch, row: number): Record<string, string> {
  const properties: [string, string][] = [];
  for (const column of batch.properties.values()) {
    const kind = column.kind[row]!;
    if (kind === PropertyKind.missing) continue;
    let value = KIND_NAMES.get(kind) ?? "unknown";
    if (kind === PropertyKind.number)
      value += ` ${decimalText(column.coefficient[row]!, column.scale[row]!)}`;
    if (kind === PropertyKind.largeNumber)
      value += ` ${decimalText(column.large.get(row) ?? Number.NaN, column.scale[row]!)}`;
    if (kind === PropertyKind.text || kind === PropertyKind.opaque)
      value += ` ${batch.texts[column.text[row]!]}`;
    properties.push([column.name, value]);
  }
  return Object.fromEntries(properties.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Everything that a row says, independent of dictionary indices. */
export function rowOf(batch: EventBatch, row: number): Record<string, unknown> {
  return {
    key: [...batch.key.subarray(row * 4, row * 4 + 4)],
    checksum: [...batch.checksum.subarray(row * 2, row * 2 + 2)],
    timeMs: batch.timeMs[row],
    account: batch.accounts[batch.account[row]!],
    type: batch.types[batch.type[row]!],
    region: batch.regions[batch.region[row]!],
    verdict: verdictOf(batch, row),
    properties: propertiesOf(batch, row),
  };
}

/** "pending", or the outcome and its reason. */
export function verdictOf(batch: EventBatch, row: number): string {
  const outcome = OUTCOME_NAMES[batch.outcome[row]!];
  return outcome === "pending" ? "pending" : `${outcome} ${reasonOf(batch.reason[row]!).name}`;
}
