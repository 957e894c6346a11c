import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { encodeColumnarBatch, type ColumnarRow } from "../../../src/ingest/wire/columnar-encoder.ts";
import {
  ARRIVAL_MS,
  cloudEvent,
  COLUMNAR,
  decode,
  decodeText,
  KEY,
  message,
  propertiesOf,
  rowOf,
  verdictOf,
} from "./messages.ts";

const TIME_MS = Date.UTC(2026, 10, 19, 12);
const packr = new Packr({ useRecords: false, variableMapSize: true });

function floats(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, at) => {
    view.setFloat64(at * 8, value, true);
  });
  return new Uint8Array(view.buffer);
}
function words(...values: number[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]),
  );
}
function shorts(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value & 255, value >> 8]));
}

/** A sound batch of three rows as its map, with what `more` changes. */
function body(more: Record<string, unknown> = {}): Record<string, unknown> {
  const whole: Record<string, unknown> = {
    v: 1,
    n: 3,
    sources: ["gateway"],
    types: ["api.request"],
    accounts: ["acme", "zeta"],
    account: words(0, 1, 0),
    ids: new TextEncoder().encode("a-1a-2a-3"),
    idWidth: 3,
    time: floats(TIME_MS, TIME_MS, TIME_MS),
    properties: [number(3, 4, 5)],
    ...more,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}
function number(...values: number[]): Record<string, unknown> {
  return { name: "n", kind: "number", scale: 0, values: floats(...values) };
}

function decodeBody(value: unknown): ReturnType<typeof decode> {
  return decode(message(COLUMNAR, packr.pack(value)));
}

function verdictsOf(value: unknown): string[] {
  const { batch, undecodable } = decodeBody(value);
  expect([batch.count, undecodable.length]).toEqual([3, 0]);
  return [0, 1, 2].map((row) => verdictOf(batch, row));
}

describe("a columnar batch", () => {
  test("gives the rows of the same CloudEvents", () => {
    const { batch } = decodeBody(body());
    ["acme", "zeta", "acme"].forEach((subject, row) => {
      const event = cloudEvent({ id: `a-${row + 1}`, subject, data: { n: row + 3 } });
      expect(rowOf(batch, row)).toEqual(rowOf(decodeText(JSON.stringify(event)), 0));
    });
  });

  test("has values with a scale, without trailing zeros, and large ones apart", () => {
    const { batch } = decodeBody(
      body({
        properties: [
          { ...number(1500, 0, -1234567890120), scale: 2, large: { 1: "12345678901234567890.50" } },
          {
            name: "t",
            kind: "text",
            dictionary: ["x", "y"],
            values: words(1, 9, 0),
            present: Uint8Array.of(0b101),
          },
          { name: "b", kind: "boolean", values: Uint8Array.of(0b001), present: Uint8Array.of(0b011) },
          { ...number(-0, 1, 2 ** 52), name: "z", present: Uint8Array.of(0b101) },
        ],
      }),
    );
    expect([0, 1, 2].map((row) => propertiesOf(batch, row))).toEqual([
      { n: "number 15", t: "text y", b: "true", z: "number 0" },
      { n: "largeNumber 12345678901234567890.5", b: "false" },
      { n: "number -12345678901.2", t: "text x", z: "number 4503599627370496" },
    ]);
  });

  test("may be empty", () => {
    const empty = encodeColumnarBatch([]);
    expect(decode(message(COLUMNAR, empty))).toMatchObject({ batch: { count: 0 }, undecodable: [] });
  });

  test.each([
    ["time NaN", { time: floats(TIME_MS, Number.NaN, TIME_MS) }, "rejected time-invalid"],
    ["time infinite", { time: floats(TIME_MS, Infinity, TIME_MS) }, "rejected time-invalid"],
    ["time with a fraction", { time: floats(TIME_MS, TIME_MS + 0.5, TIME_MS) }, "rejected time-invalid"],
    [
      "time after year 9999",
      { time: floats(TIME_MS, 253_402_300_800_000, TIME_MS) },
      "rejected time-invalid",
    ],
    ["number NaN", { properties: [number(1, Number.NaN, 2)] }, "rejected number-invalid"],
    ["number infinite", { properties: [number(1, -Infinity, 2)] }, "rejected number-invalid"],
    ["number with a fraction", { properties: [number(1, 0.5, 2)] }, "rejected number-invalid"],
    ["number above 2^52", { properties: [number(1, 2 ** 52 + 1, 2)] }, "rejected number-invalid"],
    [
      "large number of other characters",
      { properties: [{ ...number(1, 2, 3), large: { 1: "1,5" } }] },
      "rejected number-invalid",
    ],
    [
      "large number of 35 digits",
      { properties: [{ ...number(1, 2, 3), large: { 1: "1".repeat(35) } }] },
      "rejected number-invalid",
    ],
    ["no account", { accounts: ["acme", ""] }, "rejected subject-missing"],
    ["long account", { accounts: ["acme", "a".repeat(257)] }, "rejected subject-too-long"],
    ["no type", { types: ["t", ""], type: shorts(0, 1, 0) }, "rejected type-missing"],
    ["no source", { sources: ["t", ""], source: shorts(0, 1, 0) }, "rejected source-missing"],
    ["source with 0 byte", { sources: ["t", "\0"], source: shorts(0, 1, 0) }, "rejected source-missing"],
    ["long source", { sources: ["t", "s".repeat(1022)], source: shorts(0, 1, 0) }, "rejected id-too-long"],
    ["no id", { idWidth: undefined, idEnds: words(3, 3, 9) }, "rejected id-missing"],
    [
      "two values for a name",
      {
        properties: [
          { ...number(1, 2, 3), present: Uint8Array.of(2) },
          { name: "n", kind: "boolean", values: Uint8Array.of(0), present: Uint8Array.of(7) },
        ],
      },
      "rejected data-invalid",
    ],
    [
      "too many properties",
      {
        properties: Array.from({ length: 65 }, (_, i) => ({
          ...number(1, 2, 3),
          name: `n${i}`,
          present: Uint8Array.of(i === 64 ? 2 : 7),
        })),
      },
      "rejected data-invalid",
    ],
  ])("rejects the one row: %s", (_, more, expected) => {
    expect(verdictsOf(body(more))).toEqual(["pending", expected, "pending"]);
    const { batch } = decodeBody(body(more));
    expect(propertiesOf(batch, 1)).toEqual({});
    expect(Number.isInteger(batch.timeMs[1])).toBe(true);
    expect([...batch.checksum.subarray(2, 4)]).toEqual([0, 0]);
  });

  test("keeps key and arrival of a row without a time", () => {
    const good = rowOf(decodeBody(body()).batch, 1);
    const bad = decodeBody(body({ time: floats(TIME_MS, Number.NaN, TIME_MS) })).batch;
    expect(rowOf(bad, 1)).toMatchObject({ key: good["key"], timeMs: ARRIVAL_MS, account: "zeta" });
  });

  test.each([
    ["not a map", [1]],
    ["a string", "x"],
    ["no version", body({ v: undefined })],
    ["version 2", body({ v: 2 })],
    ["no count", body({ n: undefined })],
    ["negative count", body({ n: -1 })],
    ["fractional count", body({ n: 2.5 })],
    ["huge count as bigint", body({ n: 2n ** 60n })],
    ["another count", body({ n: 2 })],
    ["unknown key", body({ extra: 1 })],
    ["prototype key", body({ ["__proto__x"]: 1 })],
    ["sources no array", body({ sources: "gateway" })],
    ["sources with a number", body({ sources: [1] })],
    ["no source at all", body({ sources: [] })],
    ["two sources without indices", body({ sources: ["a", "b"] })],
    ["source index beyond", body({ sources: ["a", "b"], source: shorts(0, 2, 1) })],
    ["source indices short", body({ source: shorts(0, 0) })],
    ["type index beyond", body({ type: shorts(0, 1, 0) })],
    ["account index beyond", body({ account: words(0, 2, 0) })],
    ["account indices short", body({ account: words(0, 1) })],
    ["account indices as an array", body({ account: [0, 1, 0] })],
    ["no ids", body({ ids: undefined })],
    ["id width and ends", body({ idEnds: words(3, 6, 9) })],
    ["neither id width nor ends", body({ idWidth: undefined })],
    ["id width 0", body({ idWidth: 0, ids: new Uint8Array(0) })],
    ["ids short", body({ ids: new Uint8Array(8) })],
    ["id ends going back", body({ idWidth: undefined, idEnds: words(6, 3, 9) })],
    ["id ends beyond", body({ idWidth: undefined, idEnds: words(3, 6, 10) })],
    ["id ends short of the bytes", body({ idWidth: undefined, idEnds: words(3, 6, 8) })],
    ["ids no UTF-8", body({ ids: Uint8Array.of(97, 98, 99, 100, 101, 102, 103, 104, 255) })],
    ["ids cut inside a character", body({ ids: new TextEncoder().encode("abéfghij") })],
    ["times short", body({ time: floats(1, 2) })],
    ["properties no array", body({ properties: {} })],
    [
      "too many columns",
      body({ properties: Array.from({ length: 1025 }, (_, i) => ({ ...number(1, 2, 3), name: `n${i}` })) }),
    ],
    ["property no map", body({ properties: [1] })],
    ["property without kind", body({ properties: [{ name: "n" }] })],
    [
      "property of a prototype's kind",
      body({ properties: [{ name: "n", kind: "constructor", values: floats(1, 2, 3) }] }),
    ],
    ["property without name", body({ properties: [{ ...number(1, 2, 3), name: 5 }] })],
    ["property with long name", body({ properties: [{ ...number(1, 2, 3), name: "n".repeat(257) }] })],
    ["property with unknown key", body({ properties: [{ ...number(1, 2, 3), dictionary: [] }] })],
    ["values short", body({ properties: [number(1, 2)] })],
    ["scale 19", body({ properties: [{ ...number(1, 2, 3), scale: 19 }] })],
    ["no scale", body({ properties: [{ name: "n", kind: "number", values: floats(1, 2, 3) }] })],
    ["presence short", body({ properties: [{ ...number(1, 2, 3), present: new Uint8Array(0) }] })],
    ["presence long", body({ properties: [{ ...number(1, 2, 3), present: new Uint8Array(2) }] })],
    ["large row beyond", body({ properties: [{ ...number(1, 2, 3), large: { 3: "1" } }] })],
    ["large row named otherwise", body({ properties: [{ ...number(1, 2, 3), large: { "01": "1" } }] })],
    [
      "large row absent",
      body({ properties: [{ ...number(1, 2, 3), present: Uint8Array.of(1), large: { 1: "1" } }] }),
    ],
    ["large value no string", body({ properties: [{ ...number(1, 2, 3), large: { 1: 5 } }] })],
    [
      "text index beyond",
      body({ properties: [{ name: "t", kind: "text", dictionary: ["x"], values: words(0, 1, 0) }] }),
    ],
    ["boolean bits short", body({ properties: [{ name: "t", kind: "boolean", values: new Uint8Array(0) }] })],
  ])("is malformed: %s", (_, value) => {
    const { batch, undecodable } = decodeBody(value);
    expect([batch.count, batch.messages.length]).toEqual([0, 0]);
    expect(undecodable.map(({ reason }) => reason)).toEqual(["batch-malformed"]);
  });

  test("with more events than a message may hold is refused by its count", () => {
    expect(decodeBody(body({ n: 65_537 })).undecodable[0]?.reason).toBe("too-many-events");
  });

  test.each([
    ["nothing", []],
    ["never used token", [0xc1]],
    ["extension", [0xd4, 0x72, 0x40]],
    ["timestamp", [0xd6, 0xff, 0, 0, 0, 0]],
    ["float 32", [0xca, 0, 0, 0, 0]],
    ["array of 2^32 - 1", [0xdd, 255, 255, 255, 255]],
    ["map of 2^32 - 1", [0xdf, 255, 255, 255, 255]],
    ["string of 2^32 - 1", [0xdb, 255, 255, 255, 255]],
    ["binary of 2^32 - 1", [0xc6, 255, 255, 255, 255]],
    ["string cut off", [0xa3, 97]],
    ["string no UTF-8", [0xa2, 0xc3, 0x28]],
    ["number key", [0x81, 1, 1]],
    ["same key twice", [0x82, 0xa1, 97, 1, 0xa1, 97, 2]],
    ["same key in two spellings", [0x82, 0xa1, 97, 1, 0xd9, 1, 97, 2]],
    ["bytes behind", [0x80, 0xc0]],
    ["deep", [...Array.from({ length: 100_000 }, () => 0x91), 0xc0]],
  ])("is no plain MessagePack: %s", (_, bytes) => {
    const { undecodable } = decode(message(COLUMNAR, Uint8Array.from(bytes)));
    expect(undecodable.map(({ reason }) => reason)).toEqual(["msgpack-invalid"]);
  });

  test("cut off anywhere is no plain MessagePack", () => {
    const bytes = packr.pack(body());
    for (let length = 0; length < bytes.length; length++)
      expect(decode(message(COLUMNAR, bytes.subarray(0, length))).undecodable[0]?.reason).toBe(
        "msgpack-invalid",
      );
  });

  test("reads from a message that is no aligned view", () => {
    const bytes = packr.pack(body());
    for (let shift = 0; shift < 8; shift++) {
      const shifted = new Uint8Array(bytes.length + 8);
      shifted.set(bytes, shift);
      const { batch } = decode(message(COLUMNAR, shifted.subarray(shift, shift + bytes.length)));
      expect(propertiesOf(batch, 2)).toEqual({ n: "number 5" });
    }
  });

  test("shows faulty rows as text", () => {
    const decoder = new WireDecoder(KEY);
    const faulty = message(
      COLUMNAR,
      packr.pack(
        body({
          time: floats(TIME_MS, Number.NaN, TIME_MS),
          properties: [{ ...number(1, 0.5, Number.NaN), large: { 0: "1,5" } }],
        }),
      ),
    );
    const events = [0, 1, 2].map((row) => JSON.parse(decoder.eventText(faulty, row)) as unknown);
    expect(events).toMatchObject([
      { id: "a-1", time: "2026-11-19T12:00:00.000Z", data: { n: "1,5" } },
      { id: "a-2", time: "NaN", data: { n: "0.5 with scale 0" } },
      { id: "a-3", data: { n: "NaN with scale 0" } },
    ]);
    expect(() => decoder.eventText(faulty, 3)).toThrow(RangeError);
    expect(() => decoder.eventText(faulty, -1)).toThrow(RangeError);
    expect(() => decoder.eventText(message(COLUMNAR, "x"), 0)).toThrow(RangeError);
  });
});

describe("the encoder", () => {
  const row: ColumnarRow = { id: "a", source: "s", type: "t", account: "c", timeMs: 0, data: {} };

  test("refuses what the format can't hold", () => {
    for (const data of [
      { n: Number.NaN },
      { n: Infinity },
      { n: { decimal: "1,5" } },
      { n: { decimal: "1e99" } },
      { n: 10n ** 99n },
    ])
      expect(() => encodeColumnarBatch([{ ...row, data }])).toThrow(RangeError);
    expect(() => encodeColumnarBatch([{ ...row, timeMs: 0.5 }])).toThrow(RangeError);
    expect(() => encodeColumnarBatch([{ ...row, timeMs: Number.NaN }])).toThrow(RangeError);
    expect(() => encodeColumnarBatch(Array.from({ length: 65_537 }, () => row))).toThrow(RangeError);
  });
});
