import { describe, expect, test } from "vitest";
import { KeyHasher } from "../../../src/model/hash.ts";
import {
  ARRIVAL_MS,
  BATCH,
  cloudEvent,
  decode,
  decodeText,
  KEY,
  message,
  propertiesOf,
  rowOf,
  SINGLE,
  verdictOf,
} from "./messages.ts";

function verdict(event: unknown): string {
  const { batch, undecodable } = decode(message(SINGLE, JSON.stringify(event)));
  expect([batch.count, undecodable.length]).toEqual([1, 0]);
  return verdictOf(batch, 0);
}

/** Properties of an event whose `data` is written as this text. */
function dataOf(data: string): Record<string, string> {
  const batch = decodeText(JSON.stringify(cloudEvent({ data: null })).replace("null", () => data));
  expect(verdictOf(batch, 0)).toBe("pending");
  return propertiesOf(batch, 0);
}

function verdictOfData(data: string): string {
  return verdictOf(decodeText(JSON.stringify(cloudEvent({ data: null })).replace("null", () => data)), 0);
}

describe("a CloudEvent", () => {
  test("becomes a row", () => {
    const { batch, undecodable, probes } = decode(
      message(SINGLE, JSON.stringify(cloudEvent({ arrival: "x" }))),
    );
    const key = new Uint32Array(4);
    const identity = new TextEncoder().encode("gateway\0a-1");
    new KeyHasher(KEY).hash(identity, 0, identity.length, key, 0);
    expect([undecodable, probes, batch.count]).toEqual([[], 0, 1]);
    expect(rowOf(batch, 0)).toEqual({
      key: [...key],
      checksum: expect.any(Array),
      timeMs: Date.UTC(2026, 10, 19, 12),
      account: "acme",
      type: "api.request",
      region: "eu-west",
      verdict: "pending",
      properties: { requests: "number 3" },
    });
    expect([...batch.checksum].every((word) => word !== 0)).toBe(true);
  });

  test.each([
    [[], "rejected not-an-object"],
    ["text", "rejected not-an-object"],
    [7, "rejected not-an-object"],
    [null, "rejected not-an-object"],
    [cloudEvent({ id: undefined }), "rejected id-missing"],
    [cloudEvent({ id: "" }), "rejected id-missing"],
    [cloudEvent({ id: 7 }), "rejected id-missing"],
    [cloudEvent({ source: undefined }), "rejected source-missing"],
    [cloudEvent({ source: "a\0b" }), "rejected source-missing"],
    [cloudEvent({ id: "i".repeat(1018) }), "rejected id-too-long"],
    [cloudEvent({ id: "é".repeat(509) }), "rejected id-too-long"],
    [cloudEvent({ id: "i".repeat(1017) }), "pending"],
    [cloudEvent({ id: `i${"é".repeat(508)}` }), "pending"],
    [cloudEvent({ specversion: "0.3" }), "rejected specversion-unsupported"],
    [cloudEvent({ specversion: undefined }), "rejected specversion-unsupported"],
    [cloudEvent({ specversion: 1 }), "rejected specversion-unsupported"],
    [cloudEvent({ type: undefined }), "rejected type-missing"],
    [cloudEvent({ subject: undefined }), "rejected subject-missing"],
    [cloudEvent({ subject: ["acme"] }), "rejected subject-missing"],
    [cloudEvent({ subject: "a".repeat(257) }), "rejected subject-too-long"],
    [cloudEvent({ time: undefined }), "rejected time-invalid"],
    [cloudEvent({ time: 1_763_000_000 }), "rejected time-invalid"],
    [cloudEvent({ time: "2026-02-30T00:00:00Z" }), "rejected time-invalid"],
    [cloudEvent({ data: undefined }), "pending"],
    [cloudEvent({ data: null }), "rejected data-invalid"],
    [cloudEvent({ data: [1] }), "rejected data-invalid"],
    [cloudEvent({ data: "7" }), "rejected data-invalid"],
    [cloudEvent({ data_base64: "AA==" }), "rejected data-invalid"],
    [cloudEvent({ datacontenttype: "application/json" }), "pending"],
    [cloudEvent({ datacontenttype: "application/json; charset=utf-8" }), "pending"],
    [cloudEvent({ datacontenttype: "text/plain" }), "rejected data-invalid"],
  ])("%j is %s", (event, expected) => {
    expect(verdict(event)).toBe(expected);
  });

  test("keeps its key and what can be read when it has a fault", () => {
    const good = decodeText(JSON.stringify(cloudEvent()));
    const bad = decodeText(JSON.stringify(cloudEvent({ time: "soon", data: { requests: 1, plan: "x" } })));
    expect(rowOf(bad, 0)).toEqual({
      ...rowOf(good, 0),
      checksum: [0, 0],
      timeMs: ARRIVAL_MS,
      verdict: "rejected time-invalid",
      properties: {},
    });
    expect(rowOf(decodeText(JSON.stringify(cloudEvent({ id: 1, subject: 2, type: 3 }))), 0)).toMatchObject({
      key: [0, 0, 0, 0],
      account: "",
      type: "",
    });
  });

  test("with half a surrogate pair has no UTF-8 form and is refused", () => {
    const text = JSON.stringify(cloudEvent());
    expect(verdictOf(decodeText(text.replace("a-1", "\\ud800")), 0)).toBe("rejected id-missing");
    expect(verdictOf(decodeText(text.replace("acme", "\\uDC00")), 0)).toBe("rejected subject-missing");
    expect(verdictOf(decodeText(text.replace("requests", "\\ud800")), 0)).toBe("rejected data-invalid");
    expect(verdictOf(decodeText(text.replace("a-1", "\\ud83d\\ude00")), 0)).toBe("pending");
    expect(rowOf(decodeText(text.replace("a-1", "\\ud83d\\ude00")), 0)).toEqual(
      rowOf(decodeText(text.replace("a-1", "😀")), 0),
    );
  });

  test("is read through prototypes' names without harm", () => {
    expect(dataOf('{"__proto__":{"a":1},"constructor":2,"toString":3}')).toEqual({
      "__proto__.a": "number 1",
      constructor: "number 2",
      toString: "number 3",
    });
    const text = JSON.stringify(cloudEvent({ id: undefined })).replace("{", '{"__proto__":{"id":"a-1"},');
    expect(verdictOf(decodeText(text), 0)).toBe("rejected id-missing");
  });
});

describe("data", () => {
  test("is flattened, with its kinds", () => {
    expect(dataOf('{"a":{"b":{"c":1.50}},"t":"x","y":true,"n":false,"z":null,"e":{},"s":""}')).toEqual({
      "a.b.c": "number 1.5",
      t: "text x",
      y: "true",
      n: "false",
      z: "null",
      s: "text ",
    });
  });

  test("keeps arrays as canonical text", () => {
    expect(dataOf('{"a":[1.0, 1e2,{"y":"é","x":[true,null,-0,12345678901234567890.50]}],"e":[]}')).toEqual({
      a: 'opaque [1,100,{"x":[true,null,0,12345678901234567890.5],"y":"é"}]',
      e: "opaque []",
    });
  });

  test.each([
    ["-0", "number 0"],
    ["-0.0e5", "number 0"],
    ["1e-7", "number 0.0000001"],
    ["1.5E3", "number 1500"],
    ["0.1", "number 0.1"],
    ["123456789012345", "number 123456789012345"],
    ["0.123456789012345", "number 0.123456789012345"],
    ["4503599627370496", "number 4503599627370496"],
    ["4503599627370497", "largeNumber 4503599627370497"],
    ["9007199254740993", "largeNumber 9007199254740993"],
    ["-9007199254740993.10", "largeNumber -9007199254740993.1"],
    ["0.10000000000000000001", "largeNumber 0.10000000000000000001"],
    ["0.00000000000000000001", "number 0.00000000000000000001"],
    ["1e20", "largeNumber 100000000000000000000"],
    ["1e-64", "number 0.0000000000000000000000000000000000000000000000000000000000000001"],
    ["3e-0000000000000000007", "number 0.0000003"],
    ["1234567890123456789012345678901234", "largeNumber 1234567890123456789012345678901234"],
  ])("number %s is %s", (text, expected) => {
    expect(dataOf(`{"n":${text}}`)).toEqual({ n: expected });
  });

  test.each([
    "1E400",
    "-1e400",
    "1e-400",
    "1e-200",
    "2e-200",
    "1e65",
    "12345678901234567890123456789012345",
    "[1e999]",
  ])("number %s is refused", (text) => {
    expect(verdictOfData(`{"n":${text}}`)).toBe("rejected number-invalid");
  });

  test("numbers stay lossless beside strings full of digits, quotes and escapes", () => {
    expect(
      dataOf(String.raw`{"s":"12345678901234567890","q":"\"1e-400\\","n":98765432109876543210,"k":1e-2}`),
    ).toEqual({
      s: "text 12345678901234567890",
      q: String.raw`text "1e-400\ `.trim(),
      n: "largeNumber 98765432109876543210",
      k: "number 0.01",
    });
  });

  test.each([
    ["{".concat('"a":{'.repeat(7), '"x":1', "}".repeat(8)), "pending"],
    ["{".concat('"a":{'.repeat(8), '"x":1', "}".repeat(9)), "rejected data-invalid"],
    [`{"a":${"[".repeat(7)}${"]".repeat(7)}}`, "pending"],
    [`{"a":${"[".repeat(8)}${"]".repeat(8)}}`, "rejected data-invalid"],
    [`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "rejected data-invalid"],
    [JSON.stringify(Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`p${i}`, i]))), "pending"],
    [
      JSON.stringify(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, i]))),
      "rejected data-invalid",
    ],
    [JSON.stringify({ ["n".repeat(256)]: 1 }), "pending"],
    [JSON.stringify({ ["n".repeat(257)]: 1 }), "rejected data-invalid"],
    ['{"a":{"b":1},"a.b":2}', "rejected data-invalid"],
    ['{"a.b":2,"a":{"b":1}}', "rejected data-invalid"],
  ])("limits case %#", (data, expected) => {
    expect(verdictOfData(data)).toBe(expected);
  });
});

describe("the checksum", () => {
  const checksumOf = (data: string, more: Record<string, unknown> = {}) =>
    rowOf(decodeText(JSON.stringify(cloudEvent({ ...more, data: null })).replace("null", () => data)), 0)[
      "checksum"
    ];

  test("is the same for the same payload", () => {
    const expected = checksumOf('{"a":1,"b":"x","c":{"d":[1,{"p":1,"q":2}]}}');
    for (const same of [
      '{"c":{"d":[1.0,{"q":2,"p":1e0}]},"b":"x","a":1.00}',
      '{"c.d":[1,{"p":1,"q":2}],"b":"\\u0078","a":10e-1}',
    ])
      expect(checksumOf(same)).toEqual(expected);
    expect(
      checksumOf('{"a":1}', {
        id: "other",
        source: "other",
        extension: 5,
        time: "2026-11-19T13:00:00+01:00",
      }),
    ).toEqual(checksumOf('{"a":1}'));
  });

  test("differs with the payload", () => {
    const payloads = [
      "{}",
      '{"a":1}',
      '{"b":1}',
      '{"a":"1"}',
      '{"a":true}',
      '{"a":false}',
      '{"a":null}',
      '{"a":[1]}',
      '{"a":"[1]"}',
      '{"a":-1}',
      '{"a":0.1}',
      '{"a":10}',
      '{"a":4294967297}',
      '{"a":1,"b":2}',
      '{"a":2,"b":1}',
      '{"a":"x","b":"y"}',
      '{"a":"y","b":"x"}',
      '{"a":79228162514264337593543950335}',
      '{"a":-1e30}',
      '{"a":0}',
      '{"a":"a"}',
      '{"a":"a\\u0000"}',
    ];
    const checksums = payloads.map((data) => String(checksumOf(data)));
    for (const more of [{ subject: "acme2" }, { type: "api.requests" }, { time: "2026-11-19T12:00:00.001Z" }])
      checksums.push(String(checksumOf('{"a":1}', more)));
    expect(new Set(checksums).size).toBe(checksums.length);
  });

  test("does not collide over a million payloads' worth of pairs", () => {
    const seen = new Set<string>();
    const events = Array.from({ length: 1500 }, (_, i) =>
      cloudEvent({ data: { a: i % 40, b: Math.floor(i / 40) } }),
    );
    const { batch } = decode(message(BATCH, JSON.stringify(events)));
    for (let row = 0; row < batch.count; row++) seen.add(String(rowOf(batch, row)["checksum"]));
    expect(seen.size).toBe(1500);
  });
});

describe("a batch of CloudEvents", () => {
  test("rejects faulty elements alone", () => {
    const events = [cloudEvent(), 5, cloudEvent({ id: "a-2", time: "x" }), cloudEvent({ id: "a-3" })];
    const { batch } = decode(message(BATCH, JSON.stringify(events)));
    expect([0, 1, 2, 3].map((row) => verdictOf(batch, row))).toEqual([
      "pending",
      "rejected not-an-object",
      "rejected time-invalid",
      "pending",
    ]);
    expect([...batch.index]).toEqual([0, 1, 2, 3]);
  });

  test("gives rows that do not depend on what stands beside them", () => {
    const one = JSON.stringify(cloudEvent({ data: { a: 0.1, b: 1e-7 } }));
    const other = JSON.stringify(cloudEvent({ data: { a: "LONG" } })).replace(
      '"LONG"',
      "12345678901234567890.12",
    );
    const alone = rowOf(decodeText(one), 0);
    const { batch } = decode(message(BATCH, `[${other},${one}]`));
    expect(rowOf(batch, 1)).toEqual(alone);
    expect(rowOf(batch, 0)).toEqual(rowOf(decodeText(other), 0));
  });

  test("may be empty, holds at most 65,536 events, and must be an array", () => {
    expect(decode(message(BATCH, " [ ] "))).toMatchObject({
      batch: { count: 0, messages: [] },
      undecodable: [],
    });
    const full = `[${"0,".repeat(65_535)}0]`;
    expect(decode(message(BATCH, full)).batch.count).toBe(65_536);
    expect(decode(message(BATCH, `[0,${full.slice(1)}`)).undecodable[0]?.reason).toBe("too-many-events");
    expect(decode(message(BATCH, "{}")).undecodable[0]?.reason).toBe("batch-malformed");
  });

  test("takes at most 1,024 property names from a message", () => {
    const events = Array.from({ length: 18 }, (_, i) =>
      cloudEvent({ data: Object.fromEntries(Array.from({ length: 64 }, (_, p) => [`p${i * 64 + p}`, 1])) }),
    );
    events.push(cloudEvent({ data: { p0: 1 } }));
    const before = message(SINGLE, JSON.stringify(cloudEvent({ data: { p1100: 1 } })));
    const { batch } = decode(before, message(BATCH, JSON.stringify(events)));
    const verdicts = Array.from({ length: batch.count }, (_, row) => verdictOf(batch, row));
    expect(verdicts.filter((verdict) => verdict !== "pending")).toEqual([
      "rejected data-invalid",
      "rejected data-invalid",
    ]);
    expect(verdicts.lastIndexOf("rejected data-invalid")).toBe(18);
  });
});
