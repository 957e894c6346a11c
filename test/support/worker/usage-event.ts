import { CLOUD_EVENT_BATCH_TYPE, CLOUD_EVENT_TYPE, COLUMNAR_TYPE } from "../../../src/model/content-types.ts";
import { encodeColumnarBatch, type ColumnarRow } from "../../../src/ingest/wire/columnar-encoder.ts";
import type { Random } from "./random.ts";

/** A number by its digits, so that none is lost on the way to the expected figures. */
export interface DecimalText {
  readonly decimal: string;
}
export type PropertyValue = string | boolean | DecimalText;

/** A usage event as its producer means it; properties by their flattened names. */
export interface UsageEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly account: string;
  readonly timeMs: number;
  readonly data: Readonly<Record<string, PropertyValue>>;
}

export type WireForm = "single" | "batch" | "columnar";

const encoder = new TextEncoder();

/** The event as CloudEvents JSON. Order of members and the writing of numbers vary: none of it is payload. */
export function eventJson(event: UsageEvent, random?: Random): string {
  const nested = new Map<string, string[]>();
  const members: string[] = [];
  const value = (of: PropertyValue): string =>
    typeof of === "object" ? respelt(of.decimal, random) : JSON.stringify(of);
  for (const [name, of] of Object.entries(event.data)) {
    const [outer = "", inner] = name.split(".");
    if (inner === undefined) members.push(`${JSON.stringify(name)}:${value(of)}`);
    else nested.set(outer, [...(nested.get(outer) ?? []), `${JSON.stringify(inner)}:${value(of)}`]);
  }
  for (const [outer, inner] of nested) members.push(`${JSON.stringify(outer)}:{${inner.join(",")}}`);
  if (random?.chance(0.5) === true) members.reverse();
  const attributes = [
    `"specversion":"1.0"`,
    `"id":${JSON.stringify(event.id)}`,
    `"source":${JSON.stringify(event.source)}`,
    `"type":${JSON.stringify(event.type)}`,
    `"subject":${JSON.stringify(event.account)}`,
    `"time":"${new Date(event.timeMs).toISOString()}"`,
    `"data":{${members.join(",")}}`,
  ];
  if (random?.chance(0.3) === true) attributes.reverse();
  return `{${attributes.join(",")}}`;
}

/** The same number written in another way now and then. */
function respelt(digits: string, random: Random | undefined): string {
  if (random?.chance(0.2) !== true) return digits;
  return digits.includes(".") ? `${digits}0` : `${digits}.0`;
}

function columnarRow(event: UsageEvent): ColumnarRow {
  const { id, source, type, account, timeMs, data } = event;
  return { id, source, type, account, timeMs, data };
}

/** The body of a message with these events. */
export function encodeEvents(
  events: readonly UsageEvent[],
  form: WireForm,
  random?: Random,
): { readonly contentType: string; readonly data: Uint8Array } {
  if (form === "columnar")
    return { contentType: COLUMNAR_TYPE, data: encodeColumnarBatch(events.map(columnarRow)) };
  const texts = events.map((event) => eventJson(event, random));
  if (form === "batch")
    return { contentType: CLOUD_EVENT_BATCH_TYPE, data: encoder.encode(`[${texts.join(",")}]`) };
  const [text] = texts;
  if (text === undefined || texts.length > 1) throw new RangeError("a single event is one event");
  return { contentType: `${CLOUD_EVENT_TYPE}; charset=UTF-8`, data: encoder.encode(text) };
}
