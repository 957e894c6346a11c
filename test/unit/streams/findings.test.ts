import { describe, expect, test } from "vitest";
import { regionFindings } from "../../../src/cli/doctor/region-findings.ts";
import { retentionFindings } from "../../../src/cli/doctor/retention-findings.ts";
import { streamFindings } from "../../../src/cli/doctor/stream-findings.ts";
import type { RegionReport } from "../../../src/ingest/jetstream/regional-streams.ts";
import type { RegionSource } from "../../../src/model/stream-condition.ts";

const DAY_MS = 86_400_000;
const HORIZON_MS = 37 * DAY_MS;
const EU: RegionReport = {
  region: "eu",
  stream: "USAGE_IN_eu",
  state: "present",
  reason: "",
  settings: { isAsExpected: true, maxAgeMs: 30 * DAY_MS, removesForRoom: false },
};
const SOURCE: RegionSource = { region: "eu", lagMessages: 4, silentMs: 900 };

function regions(report: Partial<RegionReport>, source: Partial<RegionSource> = {}): string[] {
  const sources = new Map([
    [0, [{ ...SOURCE, ...source }]],
    [1, [SOURCE, { region: "us", lagMessages: 100, silentMs: undefined }]],
  ]);
  return regionFindings([{ ...EU, ...report }], sources, HORIZON_MS).map(
    ({ severity, check, seen }) => `${severity} ${check}: ${seen}`,
  );
}

describe("doctor about regions", () => {
  test("says what waits in one that is in order", () => {
    expect(regions({})).toEqual(["ok region-source: 8 messages wait in the region"]);
  });

  test("is critical about one that can't be reached, or has no stream", () => {
    expect(regions({ state: "unreachable", reason: "timeout", settings: undefined })).toEqual([
      "critical region-source: the region's broker does not answer (timeout)",
    ]);
    expect(regions({}, { silentMs: 60_000 })).toEqual([
      "critical region-source: 1 partitions have no connection to the region",
    ]);
    expect(regions({ state: "missing", settings: undefined }, { silentMs: undefined })).toEqual([
      "critical region-source: the region's stream does not exist",
    ]);
  });

  test("finds streams that lose usage, or keep it for longer than ids are remembered", () => {
    const settings = { isAsExpected: true, maxAgeMs: 30 * DAY_MS, removesForRoom: false };
    const worst = (changed: Partial<typeof settings> & { maxAgeMs?: number | undefined }): string[] =>
      regions({ settings: { ...settings, ...changed } }).slice(1);
    expect(worst({ isAsExpected: false })).toEqual([expect.stringMatching(/^critical region-stream/)]);
    expect(worst({ removesForRoom: true })).toEqual([expect.stringMatching(/^critical region-stream/)]);
    expect(worst({ maxAgeMs: HORIZON_MS })).toEqual(["warn region-stream: messages are kept for 37d"]);
    expect(regions({ settings: { ...settings, maxAgeMs: undefined } }).slice(1)).toEqual([
      "warn region-stream: messages are kept for ever",
    ]);
  });

  test("wants a short duplicate window where regions are sourced", () => {
    const stream = {
      name: "USAGE_0",
      kind: "usage",
      replicas: 3,
      maxAgeMs: undefined,
      maxBytes: undefined,
      maxMessages: undefined,
      maxMessageBytes: 1,
      discardsOld: false,
      inMemory: false,
      bytes: 0,
    } as const;
    const window = (duplicateWindowMs: number, hasSources: boolean) =>
      streamFindings([{ ...stream, duplicateWindowMs }], {
        dedupeHorizonMs: 0,
        pullBytes: 10,
        hasSources,
      }).find(({ check }) => check === "duplicate-window")?.severity;
    expect([window(100, true), window(120_000, true), window(100, false), window(120_000, false)]).toEqual([
      "ok",
      "warn",
      "warn",
      "ok",
    ]);
  });
});

test("doctor tells how near streams are to removing what has to stay", () => {
  const condition = {
    name: "USAGE_0",
    firstSequence: 1,
    lastSequence: 600,
    firstArrivalMs: 0,
    messages: 600,
    bytes: 600,
    maxAgeMs: DAY_MS,
    maxBytes: undefined,
    maxMessages: 1_000,
  };
  const findings = (neededSequence: number, ageMs: number) =>
    retentionFindings([{ condition, neededSequence, neededSinceMs: 0 }], ageMs).map(
      ({ severity, of, seen }) => `${severity} ${of.join()} ${seen}`,
    );
  expect(findings(501, DAY_MS / 4)).toEqual([
    "ok USAGE_0 25 % of a limit is taken by what has to stay; left: 18h, 900 messages",
  ]);
  expect(findings(1, DAY_MS / 4)[0]).toMatch(/^warn USAGE_0 60 %/);
  expect(findings(501, 0.9 * DAY_MS)[0]).toMatch(/^critical USAGE_0 90 %/);
  const unlimited = { ...condition, maxAgeMs: undefined, maxMessages: undefined };
  expect(retentionFindings([{ condition: unlimited, neededSequence: 1, neededSinceMs: 0 }], 0)).toEqual([]);
});
