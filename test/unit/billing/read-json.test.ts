import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FaultList } from "../../../src/billing/catalog/faults.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { readJson } from "../../../src/billing/catalog/read-json.ts";
import { readYaml } from "../../../src/billing/catalog/read-yaml.ts";
import { BASE_FILES, filesWith } from "./catalog-fixture.ts";

function asYaml(text: string): unknown {
  const faults = new FaultList();
  const value = readYaml("x.json", text, faults);
  expect(faults.faults).toEqual([]);
  return value;
}

/** A number as JSON writes it, with more digits than a binary float keeps. */
const numberText = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.bigInt({ min: 0n, max: 10n ** 30n }),
    fc.option(fc.stringMatching(/^\d{1,25}$/), { nil: undefined }),
    fc.option(fc.stringMatching(/^[eE][+-]?\d{1,3}$/), { nil: undefined }),
  )
  .map(
    ([sign, whole, places, power]) =>
      `${sign}${whole}${places === undefined ? "" : `.${places}`}${power ?? ""}`,
  );
const blank = fc.constantFrom("", "", "", " ", "\n", "\r\n", "\t", "  \n  ");
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("", "1", "-0", "true", "null", "a: b", "#x", "---", "\\", '"', "{", "]", "__proto__", "~"),
);
const quoted = fc.oneof(
  text.map((of) => JSON.stringify(of)),
  fc.constantFrom(
    '"\\/"',
    '"\\u0041"',
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\u2028\u0085"',
    '"\\b\\f\\n\\r\\t"',
  ),
);

/** Any JSON, in any layout; keys may stand twice. */
const json: fc.Arbitrary<string> = fc.letrec<{ value: string; list: string; map: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(numberText, quoted, fc.constantFrom("true", "false", "null")),
    tie("list"),
    tie("map"),
  ),
  list: fc
    .array(fc.tuple(blank, tie("value"), blank), { maxLength: 4 })
    .map((items) => `[${items.map((item) => item.join("")).join(",")}]`),
  map: fc
    .array(fc.tuple(blank, quoted, fc.constantFrom("", " "), blank, tie("value"), blank), { maxLength: 4 })
    .map(
      (entries) =>
        `{${entries.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(",")}}`,
    ),
})).value;

describe("the fast reader of JSON", () => {
  test("gives what the reader of YAML gives, or leaves the text to it", () => {
    let read = 0;
    fc.assert(
      fc.property(json, blank, (of, end) => {
        const value = readJson(of + end);
        if (value === undefined) return;
        read += 1;
        expect(value).toEqual(asYaml(of + end));
      }),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(1_500);
  });

  test("takes nothing that is no JSON", () => {
    fc.assert(
      fc.property(
        json,
        fc.nat(),
        fc.constantFrom("", ",", ":", "-", "1", "{", "]", '"', "\\", "x"),
        (of, at, put) => {
          const place = at % (of.length + 1);
          const broken = of.slice(0, place) + put + of.slice(put === "" ? place + 1 : place);
          let isJson = true;
          try {
            JSON.parse(broken);
          } catch {
            isJson = false;
          }
          expect(isJson || readJson(broken) === undefined).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["nothing", ""],
    ["null", "null"],
    ["a number as a key", "{1: 2}"],
    ["a number that begins with 0", "[01]"],
    ["a key twice", '{"a": 1, "b": {}, "a": 1}'],
    ["a key twice, once escaped", '{"a": 1, "\\u0061": 1}'],
    ["a key twice, with more in it", '{"a": {"b": 1}, "a": 2}'],
    ["a key twice in a list's member", '[{"a": 1}, {"a": 1, "a": 1}]'],
    ["a key that is no field", '{"__proto__": {"a": 1}}'],
    ["a text without its end", '{"a": "b'],
    ["a comment", '{"a": 1} # one'],
    ["a text of two lines", '"a\nb"'],
    ["lists in lists without end", "[".repeat(100) + "]".repeat(100)],
    ["a very long key", `{"${"k".repeat(1_100)}": 1}`],
  ])("leaves %s to the reader of YAML", (_name, of) => {
    expect(readJson(of)).toBeUndefined();
  });

  test("keeps all digits", () => {
    expect(readJson('{"a": [0.10, 1e400, -0, 123456789012345678901234567890.5]}')).toEqual({
      a: ["0.10", "1e400", "-0", "123456789012345678901234567890.5"],
    });
  });
});

describe("JSON files of a catalog", () => {
  const PLAN = BASE_FILES["plans/api.yaml"] ?? "";
  const faultsOf = (text: string): string[] => {
    const load = loadCatalog(filesWith({ "meters/x.json": text }));
    return load.ok ? [] : load.faults.map(({ file, path, message }) => `${file}: ${path}: ${message}`);
  };

  test("are the same as YAML, to the digit", () => {
    const asJson = JSON.stringify(asYaml(PLAN)).replaceAll(/"(\d+(?:\.\d+)?)"/gu, "$1");
    expect(asJson).toContain("0.333");
    const yaml = loadCatalog(filesWith());
    const fromJson = loadCatalog(filesWith({ "plans/api.yaml": undefined, "plans/api.json": asJson }));
    expect(fromJson.ok && fromJson.canonical).toBe(yaml.ok && yaml.canonical);
  });

  test.each([
    [
      "a key twice",
      '{"key": "x",\n "key": "y", "event_type": "e", "aggregation": "count"}',
      "meters/x.json: : Map keys must be unique at line 2, column 2",
    ],
    [
      "a bracket that is not closed",
      '{"key": "x"',
      "meters/x.json: : Flow map must end with a } at line 1, column 12",
    ],
    ["nothing", "null", "meters/x.json: : is empty"],
    [
      "a number with places where a whole one belongs",
      '{"key": "x", "event_type": "e", "aggregation": "sum", "value_property": "v", "scale": 2.0}',
      "meters/x.json: scale: must be a whole number",
    ],
    [
      "an unknown field",
      '[{"key": "x", "event_type": "e", "aggregation": "count", "kind": 1}]',
      "meters/x.json: [0].kind: is not a known field",
    ],
  ])("have the faults of YAML: %s", (_name, text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
  });
});
