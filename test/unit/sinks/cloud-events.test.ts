import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ratedEvent } from "../../../src/sinks/cloud-events.ts";
import { rawTexts } from "../../../src/sinks/raw-members.ts";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom('"', "\\", '\\"', 'a","end":"x', "}", "{[", "\u0000", "\ud800", "é"),
);
const body = fc.record({
  kind: fc.constantFrom("window", "refinement", "adjustment", "reversal", "period"),
  account: text,
  meter: text,
  group: fc.dictionary(fc.oneof(text, fc.constantFrom("end", "account", "kind")), text),
  start: fc.constant("2026-11-02T00:00:00.000Z"),
  end: text,
  value: text,
  events: fc.nat(),
});

test("the envelope of a rated aggregate is the one that reading its body gives, whatever texts are in it", () => {
  fc.assert(
    fc.property(body, (members) => {
      const { kind, account, end } = members;
      const event = ratedEvent(3, { channel: "rated", ordinal: 17, body: JSON.stringify(members) });
      const envelope = {
        specversion: "1.0",
        id: "3-17",
        source: "tributary/partition/3",
        type: `io.tributary.rated.${kind}.v1`,
        subject: account,
        time: end,
        datacontenttype: "application/json",
        data: members,
      };
      expect(event).toBe(JSON.stringify(envelope));
    }),
    { numRuns: 2_000 },
  );
});

test("a body in another form is read whole, and what is none is a fault", () => {
  const event = (text: string): string => ratedEvent(0, { channel: "rated", ordinal: 1, body: text });
  const members = '"end": "e", "kind" :"window","account":"a"';
  expect(JSON.parse(event(`{ ${members} }`))).toMatchObject({ subject: "a", time: "e" });
  expect(() => event("")).toThrow("JSON");
  expect(() => event("[]")).toThrow("the body is not an object");
  expect(() => event('{"kind":1}')).toThrow("kind is not text");
  expect(() => event('{"kind":"window","account":"a"}')).toThrow("end is not text");
});

test("raw texts are found behind values of every kind, and nowhere else", () => {
  const names = ["a", "b"];
  expect(
    rawTexts('{"x":{"a":"no","y":["}",{}]},"a":"1","z":[[],"]"],"t":true,"n":-1.5,"b":"2"}', names),
  ).toEqual(['"1"', '"2"']);
  for (const text of [
    "",
    "{",
    "{}",
    '{"a"',
    '{"a":',
    '{"a":"',
    '{"a":1,"b":"2"}',
    '{"b":"2","a":"1"}',
    '{"x":{',
  ])
    expect([text, rawTexts(text, names)]).toEqual([text, undefined]);
});
