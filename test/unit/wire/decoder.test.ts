import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PropertyKind } from "../../../src/model/event-batch.ts";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import {
  BATCH,
  cloudEvent,
  decode,
  decodeText,
  KEY,
  message,
  propertiesOf,
  rowOf,
  SINGLE,
} from "./messages.ts";

describe("a run of messages", () => {
  test("is one batch in log order; probes are counted, what can't be read is named", () => {
    const messages = [
      message(SINGLE, JSON.stringify(cloudEvent()), { sequence: 1, subject: "usage.3.us" }),
      message("application/vnd.tributary.probe", "anything", { sequence: 2 }),
      message("text/plain", "x", { sequence: 3 }),
      message(SINGLE, "{", { sequence: 4 }),
      message(BATCH, JSON.stringify([cloudEvent(), cloudEvent({ id: "a-9" })]), { sequence: 5 }),
      message(SINGLE, JSON.stringify(cloudEvent()), { sequence: 6, subject: "usage.in.acme.us" }),
      message(SINGLE, JSON.stringify(cloudEvent({ data: { late: "x" } })), {
        sequence: 7,
        subject: "usage.3.us",
      }),
    ];
    const { batch, undecodable, probes } = decode(...messages);
    expect(probes).toBe(1);
    expect(undecodable.map(({ message, reason }) => [message.sequence, reason])).toEqual([
      [3, "content-type-unknown"],
      [4, "json-invalid"],
      [6, "subject-invalid"],
    ]);
    expect(batch.messages.map(({ sequence }) => sequence)).toEqual([1, 5, 7]);
    expect([...batch.message]).toEqual([0, 1, 1, 2]);
    expect([...batch.index]).toEqual([0, 0, 1, 0]);
    expect(Array.from(batch.region, (at) => batch.regions[at])).toEqual(["us", "eu-west", "eu-west", "us"]);
    expect(propertiesOf(batch, 3)).toEqual({ late: "text x" });
    for (const column of batch.properties.values())
      expect([column.kind, column.coefficient, column.scale, column.text].map((lane) => lane.length)).toEqual(
        [4, 4, 4, 4],
      );
  });

  test("keeps all rows through every growth of the columns", () => {
    const messages = Array.from({ length: 30 }, (_, m) =>
      message(
        BATCH,
        JSON.stringify(
          Array.from({ length: 17 }, (_, i) =>
            cloudEvent({ id: `${m}-${i}`, data: { n: m * 100 + i, [`t${m}`]: "x", big: "B" } }),
          ),
        ).replaceAll('"B"', "12345678901234567890"),
        { sequence: m + 1 },
      ),
    );
    const { batch } = decode(...messages);
    expect(batch.count).toBe(510);
    for (let row = 0; row < batch.count; row++) {
      const m = Math.floor(row / 17);
      expect(propertiesOf(batch, row)).toEqual({
        n: `number ${m * 100 + (row % 17)}`,
        [`t${m}`]: "text x",
        big: "largeNumber 12345678901234567890",
      });
    }
    expect(batch.properties.get("t29")?.kind.indexOf(PropertyKind.text)).toBe(29 * 17);
  });

  test.each(["usage.3", "usage.3.", "usage..eu", "usage.x.eu", "usage.3.eu.west", "other.3.eu", ""])(
    "subject %j is invalid",
    (subject) => {
      expect(decode(message(SINGLE, JSON.stringify(cloudEvent()), { subject })).undecodable[0]?.reason).toBe(
        "subject-invalid",
      );
    },
  );
});

describe("eventText", () => {
  const decoder = new WireDecoder(KEY);

  test("gives elements as they stand, numbers as they were written", () => {
    const elements = [
      '{"id":"a","data":{"n":1.00,"big":12345678901234567890.10,"s":"],[\\"}{"}}',
      "5",
      '[1,[2,"]"],{}]',
      '"a,b"',
      "{ }",
    ];
    const batch = message(BATCH, `\n[ ${elements.join(" ,\t")} ] `);
    elements.forEach((element, index) => {
      expect(decoder.eventText(batch, index)).toBe(element);
    });
    expect(() => decoder.eventText(batch, elements.length)).toThrow(RangeError);
    expect(() => decoder.eventText(batch, -1)).toThrow(RangeError);
    expect(() => decoder.eventText(message(BATCH, "[]"), 0)).toThrow(RangeError);
    expect(decoder.eventText(message(SINGLE, ` ${elements[0]}\n`), 0)).toBe(elements[0]);
    expect(() => decoder.eventText(message(SINGLE, elements[0] ?? ""), 1)).toThrow(RangeError);
  });

  test("decodes to the same row again, for any JSON", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), (values) => {
        const events = values.map((data) => cloudEvent({ data }));
        const whole = message(BATCH, JSON.stringify(events, null, 1));
        const { batch } = decode(whole);
        expect(batch.count).toBe(events.length);
        events.forEach((_, row) => {
          expect(rowOf(decodeText(decoder.eventText(whole, row)), 0)).toEqual(rowOf(batch, row));
        });
      }),
      { numRuns: 500 },
    );
  });
});
