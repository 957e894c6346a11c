import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseTimestamp } from "../../../src/ingest/wire/timestamp.ts";

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["1970-01-01t00:00:00z", 0],
  ["1970-01-01T01:30:00+01:30", 0],
  ["1969-12-31T23:00:00-01:00", 0],
  ["1970-01-01T00:00:00-00:00", 0],
  ["1970-01-01T00:00:00.1Z", 100],
  ["1970-01-01T00:00:00.12Z", 120],
  ["1970-01-01T00:00:00.1239999999Z", 123],
  ["1969-12-31T23:59:59.9999Z", -1],
  ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
  ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29)],
  ["2016-12-31T23:59:60Z", Date.UTC(2016, 11, 31, 23, 59, 59, 999)],
  ["2016-12-31T23:59:60.5Z", Date.UTC(2016, 11, 31, 23, 59, 59, 999)],
  ["2017-01-01T08:59:60+09:00", Date.UTC(2016, 11, 31, 23, 59, 59, 999)],
  ["0000-01-01T00:00:00Z", -62_167_219_200_000],
  ["9999-12-31T23:59:59.999Z", 253_402_300_799_999],
])("reads %s", (text, expected) => {
  expect(parseTimestamp(text)).toBe(expected);
});

test.each([
  "",
  "2026-11-19",
  "2026-11-19T12:00:00",
  "2026-11-19 12:00:00Z",
  "2026-11-19T12:00Z",
  "2026-11-19T24:00:00Z",
  "2026-11-19T12:60:00Z",
  "2026-11-19T12:00:61Z",
  "2026-11-19T12:00:60Z",
  "2026-02-30T00:00:00Z",
  "2026-02-29T00:00:00Z",
  "2100-02-29T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-00-10T00:00:00Z",
  "2026-13-10T00:00:00Z",
  "2026-01-00T00:00:00Z",
  "2026-11-19T12:00:00.Z",
  "2026-11-19T12:00:00,5Z",
  "2026-11-19T12:00:00+1:00",
  "2026-11-19T12:00:00+0100",
  "2026-11-19T12:00:00+24:00",
  "2026-11-19T12:00:00+01:60",
  "2026-11-19T12:00:00Zx",
  "2026-11-19T12:00:00Z ",
  " 2026-11-19T12:00:00Z",
  "+02026-11-19T12:00:00Z",
  "2026-11-19T12:00:00+-1:00",
  "-026-11-19T12:00:00Z",
  "2026-11-19T1a:00:00Z",
  "0000-01-01T00:00:00+00:01",
  "9999-12-31T23:59:59-00:01",
  `2026-11-19T12:00:00.${"0".repeat(60)}Z`,
  "٢٠٢٦-11-19T12:00:00Z",
])("refuses %s", (text) => {
  expect(parseTimestamp(text)).toBeNaN();
});

test("reads every millisecond back from its ISO form, under any offset", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -62_167_000_000_000, max: 253_402_000_000_000 }),
      fc.integer({ min: -1439, max: 1439 }),
      (timeMs, offset) => {
        expect(parseTimestamp(new Date(timeMs).toISOString())).toBe(timeMs);
        const local = new Date(timeMs + offset * 60_000).toISOString().slice(0, -1);
        if (local.length !== 23) return;
        const two = (value: number) => String(value).padStart(2, "0");
        const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
        expect(parseTimestamp(local + zone)).toBe(timeMs);
      },
    ),
    { numRuns: 3000 },
  );
});
