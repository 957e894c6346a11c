import * as fc from "fast-check";
import { expect, test } from "vitest";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import {
  encodeColumnarBatch,
  type ColumnarRow,
  type ColumnarValue,
} from "../../../src/ingest/wire/columnar-encoder.ts";
import { BATCH, COLUMNAR, decode, decodeText, KEY, message, rowOf, SINGLE, verdictOf } from "./messages.ts";

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("eu", "us", "1", "true", ""),
);
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
  .filter((value) => !value.includes("\0"));

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.nat(30))
  .map(([digits, exponent]) => ({ decimal: `${digits}e-${exponent}` }));

const value: fc.Arbitrary<ColumnarValue> = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger().map((integer) => BigInt(integer)),
  fc.integer({ min: -99_999_999, max: 99_999_999 }).map((cents) => cents / 100),
  decimal,
);

const row: fc.Arbitrary<ColumnarRow> = fc.record({
  id: name,
  source: fc.oneof(fc.constantFrom("gateway", "billing"), name),
  type: fc.constantFrom("api.request", "storage"),
  account: fc.oneof(fc.constantFrom("acme", "zeta"), name),
  timeMs: fc.integer({ min: -10_000_000_000_000, max: 100_000_000_000_000 }),
  data: fc.dictionary(fc.oneof(fc.constantFrom("n", "size", "region", "__proto__"), text), value, {
    maxKeys: 6,
  }),
});

/** The event as JSON, members in the order that `reversed` says. */
function jsonOf(event: ColumnarRow, reversed: boolean): string {
  const members = Object.entries(event.data).map(([key, member]) => {
    if (typeof member === "object") return `${JSON.stringify(key)}: ${member.decimal}`;
    return `${JSON.stringify(key)}:${typeof member === "bigint" ? String(member) : JSON.stringify(member)}`;
  });
  const fields = [
    `"specversion":"1.0"`,
    `"id":${JSON.stringify(event.id)}`,
    `"source":${JSON.stringify(event.source)}`,
    `"type":${JSON.stringify(event.type)}`,
    `"subject":${JSON.stringify(event.account)}`,
    `"time":${JSON.stringify(new Date(event.timeMs).toISOString())}`,
    `"data":{${(reversed ? members.toReversed() : members).join(", ")}}`,
  ];
  return `{${(reversed ? fields.toReversed() : fields).join(",")}}`;
}

test("the same events give the same rows in all three forms", () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (events) => {
      const columnar = message(COLUMNAR, encodeColumnarBatch(events));
      const forms = [
        decode(columnar),
        decode(message(BATCH, `[${events.map((event) => jsonOf(event, true)).join(",")}]`)),
        decode(...events.map((event, at) => message(SINGLE, jsonOf(event, false), { sequence: at + 1 }))),
      ];
      const [expected, ...others] = forms.map(({ batch, undecodable }) => {
        expect([batch.count, undecodable]).toEqual([events.length, []]);
        return events.map((_, at) => rowOf(batch, at));
      });
      for (const rows of others) expect(rows).toEqual(expected);
      const decoder = new WireDecoder(KEY);
      events.forEach((event, at) => {
        expect(verdictOf(forms[0]!.batch, at)).toBe("pending");
        expect(forms[0]!.batch.accounts[forms[0]!.batch.account[at]!]).toBe(event.account);
        // A row as JSON text is the same event again.
        expect(rowOf(decodeText(decoder.eventText(columnar, at)), 0)).toEqual(expected?.[at]);
      });
    }),
    { numRuns: 1000 },
  );
});

test("rows do not depend on how a log is cut into runs", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(row, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
      fc.nat(5),
      (batches, cut) => {
        const messages = batches.map((events, at) =>
          at % 2 === 0
            ? message(COLUMNAR, encodeColumnarBatch(events), { sequence: at + 1 })
            : message(BATCH, `[${events.map((event) => jsonOf(event, false)).join(",")}]`, {
                sequence: at + 1,
              }),
        );
        const rowsOf = (...parts: (typeof messages)[]) =>
          parts.flatMap((part) => {
            const { batch } = decode(...part);
            return Array.from({ length: batch.count }, (_, at) => rowOf(batch, at));
          });
        expect(rowsOf(messages.slice(0, cut), messages.slice(cut))).toEqual(rowsOf(messages));
      },
    ),
    { numRuns: 300 },
  );
});

test("a decoder that reuses its memory gives what one with fresh memory gives", () => {
  const run = fc.array(
    fc.record({
      events: fc.array(row, { maxLength: 6 }),
      form: fc.constantFrom(COLUMNAR, BATCH),
      /** A byte to be spoilt, of that many of the body; beyond its end: none. */
      spoilt: fc.nat(400),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 6 }), (runs) => {
      const reusing = new WireDecoder(KEY, { reusesMemory: true });
      const fresh = new WireDecoder(KEY);
      for (const parts of runs) {
        const messages = parts.map(({ events, form, spoilt }) => {
          const body =
            form === COLUMNAR
              ? encodeColumnarBatch(events)
              : new TextEncoder().encode(`[${events.map((event) => jsonOf(event, false)).join(",")}]`);
          const bytes = Uint8Array.from(body);
          if (spoilt < bytes.length) bytes[spoilt]! ^= 0x11;
          return message(form, bytes);
        });
        expect(reusing.decode(messages)).toEqual(fresh.decode(messages));
      }
    }),
    { numRuns: 300 },
  );
});
