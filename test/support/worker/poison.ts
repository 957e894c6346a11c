import { Packr, Unpackr } from "msgpackr";
import {
  CLOUD_EVENT_BATCH_TYPE,
  CLOUD_EVENT_TYPE,
  COLUMNAR_TYPE,
  PROBE_TYPE,
} from "../../../src/model/content-types.ts";
import type { UndecodableReason } from "../../../src/model/event-batch.ts";
import type { Refusal } from "./faulty-events.ts";
import { encodeEvents, eventJson, type UsageEvent } from "./usage-event.ts";

/** Below the 4 MiB that a usage stream takes, headers included. */
export const HUGE_BYTES = 4 * 1024 * 1024 - 2_048;

/** A message that no event can be read from. */
export interface PoisonMessage {
  readonly name: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly reason: UndecodableReason;
}

const encoder = new TextEncoder();
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

function unpackMap(data: Uint8Array): Record<string, unknown> {
  const map: Record<string, unknown> = unpackr.unpack(data);
  return map;
}

/** Every class of message that can't be read; `event` is a sound one that they are made from. */
export function poisonMessages(event: UsageEvent): readonly PoisonMessage[] {
  const json = encoder.encode(eventJson(event));
  const columnar = encodeEvents([event], "columnar").data;
  const make = (
    name: string,
    contentType: string,
    data: Uint8Array | string,
    reason: UndecodableReason,
  ): PoisonMessage => ({
    name,
    contentType,
    data: typeof data === "string" ? encoder.encode(data) : data,
    reason,
  });
  return [
    make("JSON that ends early", CLOUD_EVENT_TYPE, json.slice(0, -1), "json-invalid"),
    make("an empty body", CLOUD_EVENT_TYPE, "", "json-invalid"),
    make("NaN, which is no JSON", CLOUD_EVENT_TYPE, `{"id":NaN}`, "json-invalid"),
    make("bytes that are no UTF-8", CLOUD_EVENT_TYPE, Uint8Array.of(0x22, 0xff, 0xfe, 0x22), "json-invalid"),
    make(
      "a byte order mark",
      CLOUD_EVENT_BATCH_TYPE,
      Uint8Array.of(0xef, 0xbb, 0xbf, 0x5b, 0x5d),
      "json-invalid",
    ),
    make("one event where a batch is announced", CLOUD_EVENT_BATCH_TYPE, json, "batch-malformed"),
    make("too many events", CLOUD_EVENT_BATCH_TYPE, `[${"0,".repeat(65_536)}0]`, "too-many-events"),
    make("msgpack that ends early", COLUMNAR_TYPE, columnar.slice(0, -3), "msgpack-invalid"),
    make("a byte that msgpack never uses", COLUMNAR_TYPE, Uint8Array.of(0xc1, 0xc1), "msgpack-invalid"),
    make("a msgpack extension", COLUMNAR_TYPE, Uint8Array.of(0xd4, 0x01, 0x00), "msgpack-invalid"),
    make("bytes behind the map", COLUMNAR_TYPE, Uint8Array.of(...columnar, 0xc0), "msgpack-invalid"),
    make("an unknown key", COLUMNAR_TYPE, packr.pack({ ...unpackMap(columnar), more: 1 }), "batch-malformed"),
    make(
      "a column that is too short",
      COLUMNAR_TYPE,
      packr.pack({ ...unpackMap(columnar), time: new Uint8Array(7) }),
      "batch-malformed",
    ),
    make("a form nobody knows", "text/plain", "usage: 7", "content-type-unknown"),
    make("no form at all", "", json, "content-type-unknown"),
    make("a huge body", CLOUD_EVENT_TYPE, `{"id":"${"x".repeat(HUGE_BYTES)}`, "json-invalid"),
  ];
}

/** A probe by `tributary doctor`: counted, otherwise ignored. */
export const PROBE = { contentType: PROBE_TYPE, data: new Uint8Array(0) };

/** A columnar batch of sound rows in which one has NaN for a value, and one for its time. */
export function columnarWithNaN(
  rows: readonly UsageEvent[],
  property: string,
  valueRow: number,
  timeRow: number,
): {
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly refusals: ReadonlyMap<number, Refusal>;
} {
  const body = unpackMap(encodeEvents(rows, "columnar").data);
  const columns: unknown = body["properties"];
  if (!Array.isArray(columns)) throw new TypeError("a batch has columns");
  const column: unknown = columns.find((one: object) => Reflect.get(one, "name") === property);
  if (typeof column !== "object" || column === null) throw new RangeError(`no column ${property}`);
  setNaN(Reflect.get(column, "values"), valueRow);
  setNaN(body["time"], timeRow);
  return {
    contentType: COLUMNAR_TYPE,
    data: packr.pack(body),
    refusals: new Map([
      [valueRow, { stage: "decode", reason: "number-invalid" }],
      [timeRow, { stage: "decode", reason: "time-invalid" }],
    ]),
  };
}

function setNaN(binary: unknown, row: number): void {
  if (!(binary instanceof Uint8Array)) throw new TypeError("a column is a binary");
  new DataView(binary.buffer, binary.byteOffset, binary.byteLength).setFloat64(row * 8, Number.NaN, true);
}
