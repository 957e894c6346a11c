import { describe, expect, test } from "vitest";
import { gather, ok } from "../../../src/cli/doctor/finding.ts";
import {
  clockFinding,
  consumerFindings,
  mappingFindings,
  storageFindings,
  syncFinding,
  versionFinding,
} from "../../../src/cli/doctor/server-findings.ts";
import { differenceFindings, streamFindings } from "../../../src/cli/doctor/stream-findings.ts";

const DAY_MS = 86_400_000;
const NEEDS = { dedupeHorizonMs: 37 * DAY_MS, pullBytes: 4 * 1024 * 1024 };
const usage = {
  name: "USAGE_0",
  kind: "usage",
  replicas: 3,
  maxAgeMs: undefined,
  maxBytes: undefined,
  maxMessages: undefined,
  maxMessageBytes: 1024 * 1024,
  discardsOld: false,
  duplicateWindowMs: 120_000,
  inMemory: false,
  bytes: 0,
} as const;

describe("doctor", () => {
  test("names the versions that lose streams, and other old ones", () => {
    for (const version of ["2.10.20", "2.10.22"]) {
      expect(versionFinding(version)).toMatchObject({
        severity: "critical",
        why: expect.stringMatching(/lose a whole stream/),
      });
    }
    expect(versionFinding("2.9.25")).toMatchObject({
      severity: "critical",
      why: expect.stringMatching(/older than/),
    });
    expect(versionFinding("2.10.23").severity).toBe("ok");
  });

  test("judges the time that data waits for the disk by the replicas", () => {
    const monitor = {
      syncIntervalMs: 120_000,
      syncAlways: false,
      storageBytes: 0,
      storageLimitBytes: undefined,
    };
    expect(syncFinding(undefined, 1).severity).toBe("warn");
    expect(syncFinding(monitor, 1)).toMatchObject({
      severity: "critical",
      seen: expect.stringMatching(/2m/),
    });
    expect(syncFinding(monitor, 3).severity).toBe("warn");
    expect(syncFinding({ ...monitor, syncAlways: true }, 1).severity).toBe("ok");
  });

  test("warns when storage fills, and is critical before it is full", () => {
    const at = (storageBytes: number): string[] =>
      storageFindings({ storageBytes, storageLimitBytes: 100 }, undefined).map(({ severity }) => severity);
    expect([at(74), at(75), at(89), at(90)]).toEqual([["ok"], ["warn"], ["warn"], ["critical"]]);
    expect(storageFindings({ storageBytes: 5, storageLimitBytes: undefined }, undefined)).toEqual([]);
  });

  test("judges clocks beyond what the measurement can't tell", () => {
    expect(clockFinding(1_500, 600).severity).toBe("ok");
    expect(clockFinding(-1_500, 100)).toMatchObject({
      severity: "warn",
      seen: expect.stringMatching(/1500 ms behind/),
    });
    expect(clockFinding(61_000, 100)).toMatchObject({
      severity: "critical",
      seen: expect.stringMatching(/ahead/),
    });
  });

  test("tells a partition that nobody reads from one that is read", () => {
    const consumer = { partition: 0, exists: true, pending: 9, waitingPulls: 0 };
    const of = (change: Partial<typeof consumer>): string[] =>
      consumerFindings([{ ...consumer, ...change }], [0]).map(({ severity }) => severity);
    expect(of({})).toEqual(["warn"]);
    expect(of({ waitingPulls: 2 })).toEqual(["ok"]);
    expect(of({ pending: 0 })).toEqual(["ok"]);
    expect(of({ exists: false })).toEqual(["warn"]);
    expect(of({ partition: 7 })).toEqual([]);
  });

  test("holds retention to the deduplication horizon, and to a worker's absence", () => {
    const retention = (maxAgeMs: number): string | undefined =>
      streamFindings([{ ...usage, maxAgeMs }], NEEDS).find(({ check }) => check === "retention")?.severity;
    expect([3, 4, 36, 37].map((days) => retention(days * DAY_MS))).toEqual([
      "critical",
      "warn",
      "warn",
      "ok",
    ]);
  });

  test("finds memory storage, limits that refuse and limits that forget", () => {
    const worst = (change: object, check: string): string | undefined =>
      streamFindings([{ ...usage, ...change }], NEEDS).find((finding) => finding.check === check)?.severity;
    expect(streamFindings([usage], NEEDS).map(({ severity }) => severity)).toEqual([
      "ok",
      "ok",
      "ok",
      "ok",
      "ok",
    ]);
    expect(worst({ inMemory: true }, "storage")).toBe("critical");
    expect(worst({ maxBytes: 10 }, "discard")).toBe("warn");
    expect(worst({ maxBytes: 10, discardsOld: true }, "discard")).toBe("critical");
    expect(worst({ discardsOld: true }, "discard")).toBe("warn");
    expect(worst({ kind: "control", maxMessages: 10 }, "control-limits")).toBe("critical");
    expect(worst({ maxMessageBytes: undefined }, "message-size")).toBe("warn");
  });

  test("reports each other difference once, with the ones that change what is stored as critical", () => {
    const differences = [
      { stream: "USAGE_0", setting: "deny_purge", expected: true, actual: false },
      { stream: "USAGE_0", setting: "subjects", expected: ["usage.0.*"], actual: ["other"] },
      { stream: "USAGE_0", setting: "max_age", expected: 0, actual: 5 },
    ];
    expect(differenceFindings(differences).map(({ severity, seen }) => `${severity} ${seen}`)).toEqual([
      "warn deny_purge is false, expected true",
      'critical subjects is ["other"], expected ["usage.0.*"]',
    ]);
  });

  test("quotes the mapping to install where probes go astray", () => {
    const probe = { token: "a", expectedStream: "USAGE_1", actualStream: "USAGE_0" };
    expect(mappingFindings([{ ...probe, actualStream: "USAGE_1" }], 2)[0]?.severity).toBe("ok");
    expect(mappingFindings([probe], 2)[0]).toMatchObject({
      severity: "critical",
      action: expect.stringMatching(/partition\(2,1\)/),
    });
  });

  test("gathers what is the same, the worst first", () => {
    const bad = { severity: "critical", check: "a", of: ["x"], seen: "s", why: "w", action: "d" } as const;
    expect(gather([ok("b", "fine", ["p"]), bad, ok("b", "fine", ["q"])])).toEqual([
      bad,
      { ...ok("b", "fine"), of: ["p", "q"] },
    ]);
  });
});
