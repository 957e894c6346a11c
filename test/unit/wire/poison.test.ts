import * as fc from "fast-check";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import type { LogMessage } from "../../../src/model/log.ts";
import { encodeColumnarBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { BATCH, cloudEvent, COLUMNAR, KEY, message, propertiesOf, SINGLE, verdictOf } from "./messages.ts";

const packr = new Packr({ useRecords: false });
const encoder = new TextEncoder();

const sound = {
  [SINGLE]: encoder.encode(
    JSON.stringify(cloudEvent({ data: { n: 1.5, t: "x", a: [1, "é"], o: { b: true } } })),
  ),
  [BATCH]: encoder.encode(JSON.stringify([cloudEvent(), cloudEvent({ id: "a-2", data: { n: 1e-7 } })])),
  [COLUMNAR]: encodeColumnarBatch(
    Array.from({ length: 9 }, (_, i) => ({
      id: `é${i}`,
      source: i % 2 ? "a" : "b",
      type: "t",
      account: `c${i % 3}`,
      timeMs: 1_700_000_000_000 + i,
      data: { n: i / 4, t: `x${i}`, b: i > 3, big: 10n ** 20n, ...(i > 4 ? { some: i } : {}) },
    })),
  ),
};

/** A sound body with some bytes changed, taken out or put in. */
const damaged = fc
  .tuple(
    fc.constantFrom(SINGLE, BATCH, COLUMNAR),
    fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "insert", "remove", "cut")), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([contentType, edits]): LogMessage => {
    const bytes = [...sound[contentType]];
    for (const [place, byte, edit] of edits) {
      const at = place % (bytes.length + 1);
      if (edit === "set") bytes[at] = byte;
      else if (edit === "insert") bytes.splice(at, 0, byte);
      else if (edit === "remove") bytes.splice(at, 1);
      else if (place % 5 === 0) bytes.length = at;
    }
    return message(contentType, Uint8Array.from(bytes));
  });

const contentType = fc.constantFrom(
  SINGLE,
  BATCH,
  COLUMNAR,
  "application/vnd.tributary.probe",
  "",
  "text/plain",
);
const anyBytes = fc
  .tuple(contentType, fc.uint8Array({ maxLength: 200 }))
  .map(([type, bytes]) => message(type, bytes));
const anyJson = fc
  .tuple(fc.constantFrom(SINGLE, BATCH), fc.jsonValue())
  .map(([type, value]) => message(type, JSON.stringify(value)));
const anyMsgpack = fc
  .anything({ withBigInt: true, withTypedArray: true, withDate: true, withMap: true, withSet: true })
  .map((value) => {
    try {
      return message(COLUMNAR, packr.pack(value));
    } catch {
      return message(COLUMNAR, new Uint8Array(0));
    }
  });
/** The right members with anything in them. */
const wrongTypes = fc
  .record(
    Object.fromEntries(
      ["specversion", "id", "source", "type", "subject", "time", "data", "datacontenttype"].map((field) => [
        field,
        fc.oneof(
          { weight: 3, arbitrary: fc.constant(cloudEvent()[field]) },
          { weight: 1, arbitrary: fc.jsonValue() },
        ),
      ]),
    ),
  )
  .map((event) => message(SINGLE, JSON.stringify(event)));

/** True for `[]` and for a columnar batch of no rows. */
function isEmptyBatch({ contentType, data }: LogMessage): boolean {
  if (contentType === BATCH) return /^\s*\[\s*\]\s*$/.test(Buffer.from(data).toString());
  return contentType === COLUMNAR && Buffer.from(data).includes(Buffer.from([0xa1, 0x6e, 0x00]));
}

test("whatever comes, decode does not throw, and every message is accounted for", () => {
  const decoder = new WireDecoder(KEY);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyBytes, anyJson, anyMsgpack, wrongTypes, damaged), { minLength: 1, maxLength: 6 }),
      (made) => {
        const messages = made.map((one, at) => ({ ...one, sequence: at + 1 }));
        const { batch, undecodable, probes } = decoder.decode(messages);
        const withRows = new Set(Array.from(batch.message, (at) => batch.messages[at]!.sequence));
        expect(withRows.size).toBe(batch.messages.length);
        const faulty = new Set(undecodable.map(({ message }) => message.sequence));
        const probed = messages.filter((one) => one.contentType === "application/vnd.tributary.probe");
        expect(probes).toBe(probed.length);
        for (const one of messages) {
          const homes = [withRows.has(one.sequence), faulty.has(one.sequence), probed.includes(one)];
          // A message with no events in it has no home, and nothing to lose.
          const empty = isEmptyBatch(one) && !faulty.has(one.sequence);
          expect(homes.filter(Boolean)).toHaveLength(empty ? 0 : 1);
        }
        for (let row = 0; row < batch.count; row++) {
          expect(verdictOf(batch, row)).toMatch(/^pending$|^rejected (?!none)/);
          expect(Number.isInteger(batch.timeMs[row])).toBe(true);
          for (const [indices, names] of [
            [batch.account, batch.accounts],
            [batch.type, batch.types],
            [batch.region, batch.regions],
          ] as const)
            expect(names[indices[row]!]).toBeTypeOf("string");
          const properties = propertiesOf(batch, row);
          expect(batch.outcome[row] === 0 || Object.keys(properties).length === 0).toBe(true);
          for (const shown of Object.values(properties)) expect(shown).not.toMatch(/undefined|NaN|unknown/);
          const from = batch.messages[batch.message[row]!]!;
          expect(JSON.parse(decoder.eventText(from, batch.index[row]!))).toBeDefined();
        }
      },
    ),
    { numRuns: 4000 },
  );
});

test.each([
  ["empty", ""],
  ["blank", " "],
  ["cut off", '{"id":'],
  ["two values", "{}{}"],
  ["byte order mark", "\ufeff{}"],
  ["NaN", '{"data":{"n":NaN}}'],
  ["leading zero", '{"data":{"n":012345678901234567890}}'],
  ["two points", '{"data":{"n":1.2.345678901234567890}}'],
  ["long number without end", "12345678901234567890e"],
  ["comment", "{/**/}"],
  ["single quotes", "{'a':1}"],
  ["control character in a string", '{"a":"\n"}'],
  ["a million brackets", "[".repeat(1_000_000)],
])("is no JSON: %s", (_, text) => {
  for (const type of [SINGLE, BATCH])
    expect(new WireDecoder(KEY).decode([message(type, text)]).undecodable[0]?.reason).toBe("json-invalid");
});

test.each([
  ["lone continuation", [0x22, 0x80, 0x22]],
  ["overlong", [0x22, 0xc0, 0x80, 0x22]],
  ["surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ["UTF-16", [0x22, 0, 0x61, 0, 0x22, 0]],
])("is no UTF-8: %s", (_, bytes) => {
  const { undecodable } = new WireDecoder(KEY).decode([message(SINGLE, Uint8Array.from(bytes))]);
  expect(undecodable[0]?.reason).toBe("json-invalid");
});

test("a huge sound message decodes", () => {
  const events = Array.from({ length: 20_000 }, (_, i) =>
    cloudEvent({ id: `id-${i}`, data: { n: i, t: "x".repeat(100) } }),
  );
  const { batch } = new WireDecoder(KEY).decode([message(BATCH, JSON.stringify(events))]);
  expect(batch.count).toBe(20_000);
  expect(batch.reason.every((reason) => reason === 0)).toBe(true);
});
