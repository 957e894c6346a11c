import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StreamCondition } from "../../../src/model/stream-condition.ts";
import {
  retentionAlarm,
  retentionMargin,
  type RetentionInput,
} from "../../../src/pipeline/retention-margin.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const CONDITION: StreamCondition = {
  name: "USAGE_0",
  firstSequence: 1,
  lastSequence: 1_000,
  firstArrivalMs: NOW_MS - 10 * HOUR_MS,
  messages: 1_000,
  bytes: 200_000,
  maxAgeMs: undefined,
  maxBytes: undefined,
  maxMessages: undefined,
};
const margin = (condition: Partial<StreamCondition>, input: Partial<RetentionInput> = {}) =>
  retentionMargin({
    condition: { ...CONDITION, ...condition },
    neededSequence: 501,
    neededSinceMs: NOW_MS - 2 * HOUR_MS,
    nowMs: NOW_MS,
    arrivalsPerSecond: 10,
    ...input,
  });

describe("the margin of a stream's limits", () => {
  test("is none without a limit that removes messages", () => {
    expect(margin({})).toBeUndefined();
    expect(retentionAlarm(undefined)).toBeUndefined();
  });

  test("counts messages and bytes that may still come, and how long that takes", () => {
    expect(margin({ maxMessages: 2_000 })).toEqual({
      stream: "USAGE_0",
      messages: 1_500,
      bytes: undefined,
      seconds: 150,
      usedRatio: 0.25,
    });
    // 500 messages of 200 bytes have to stay; 2,000 bytes come in a second.
    expect(margin({ maxBytes: 160_000 })).toMatchObject({ bytes: 60_000, seconds: 30, usedRatio: 0.625 });
    expect(margin({ maxMessages: 2_000 }, { arrivalsPerSecond: 0 })?.seconds).toBeUndefined();
    expect(margin({ maxMessages: 2_000 }, { arrivalsPerSecond: undefined })?.seconds).toBeUndefined();
  });

  test("tells by age when the first message that has to stay is removed", () => {
    expect(margin({ maxAgeMs: 8 * HOUR_MS })).toMatchObject({ seconds: 6 * 3_600, usedRatio: 0.25 });
    // The sooner of two limits.
    expect(margin({ maxAgeMs: 8 * HOUR_MS, maxMessages: 2_000 })).toMatchObject({
      seconds: 150,
      usedRatio: 0.25,
    });
  });

  test("is whole where nothing has to stay, however old the stream's messages are", () => {
    const free = { neededSequence: 1_001, neededSinceMs: undefined };
    expect(margin({ maxAgeMs: HOUR_MS, maxMessages: 1_000 }, free)).toMatchObject({
      messages: 1_000,
      seconds: 100,
      usedRatio: 0,
    });
  });

  test("is used up where messages that have to stay are gone", () => {
    expect(margin({ maxMessages: 1_000_000, firstSequence: 600 })).toMatchObject({
      seconds: 0,
      usedRatio: 1,
    });
  });

  test("wakes somebody at half of a limit, and again at four fifths", () => {
    const at = (lastSequence: number) =>
      retentionAlarm(margin({ maxMessages: 1_000, lastSequence, messages: lastSequence }));
    expect([999, 1_000, 1_299, 1_300].map(at)).toEqual([undefined, "warn", "warn", "critical"]);
  });

  test("never grows while messages come and nothing is committed", () => {
    const amounts = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(amounts, amounts, amounts, amounts, (maxMessages, maxBytes, lastSequence, more) => {
        const at = (last: number) =>
          margin({ maxMessages, maxBytes, lastSequence: last, messages: last, bytes: last * 100 });
        const [before, after] = [at(lastSequence), at(lastSequence + more)];
        expect(after?.messages).toBeLessThanOrEqual(before?.messages ?? 0);
        expect(after?.bytes).toBeLessThanOrEqual(before?.bytes ?? 0);
        expect(after?.usedRatio).toBeGreaterThanOrEqual(before?.usedRatio ?? 1);
      }),
    );
  });
});
