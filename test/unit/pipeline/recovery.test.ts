import { describe, expect, test } from "vitest";
import { TributaryError, type ErrorCode } from "../../../src/model/errors.ts";
import type { LogMessage, UsageLog } from "../../../src/model/log.ts";
import { hexOfBytes } from "../../../src/pipeline/accepted-gaps.ts";
import { fingerprint, NO_POSITION } from "../../../src/pipeline/positions.ts";
import { gapRecord, proposeGap } from "../../../src/pipeline/recovery.ts";
import { renumberedLog } from "../../../src/pipeline/renumbered-log.ts";
import type { LogVerification, ReadRecord } from "../../../src/pipeline/verify-logs.ts";
import { createEngine, sha256, testCatalog } from "../../support/engine-fixture.ts";

const CREATED_AT = "2026-01-01T00:00:00Z";

function message(sequence: number): LogMessage {
  return {
    sequence,
    subject: "usage.0.eu",
    contentType: "",
    arrivalMs: sequence,
    data: new Uint8Array([sequence]),
  };
}

/** Messages first … last, as a stream holds them. */
function storedLog(first: number, last: number): UsageLog & { readonly acknowledged: number[] } {
  const acknowledged: number[] = [];
  const at = (sequence: number): LogMessage | undefined =>
    sequence >= first && sequence <= last ? message(sequence) : undefined;
  return {
    acknowledged,
    name: "USAGE_0",
    identity: () => Promise.resolve({ createdAt: CREATED_AT, firstSequence: first, lastSequence: last }),
    messageAt: (sequence) => Promise.resolve(at(sequence)),
    async *readRange(from, to) {
      for (let sequence = from; sequence <= to; sequence++) {
        const found = await Promise.resolve(at(sequence));
        if (found !== undefined) yield found;
      }
    },
    openReader: (from) =>
      Promise.resolve({
        start: (deliver) => void deliver([message(from)]),
        ended: Promise.resolve(),
        stop: () => Promise.resolve(),
        acknowledge: (sequence) => void acknowledged.push(sequence),
        caughtUp: true,
        pendingCount: last - from,
      }),
  };
}

function damaged(
  code: ErrorCode | undefined,
  stream: { first: number; last: number },
  more: Partial<LogVerification> = {},
): LogVerification {
  const offset = more.numberingOffset ?? 0;
  return {
    position: { ...NO_POSITION, usageSequence: 100, controlSequence: 1 },
    hasCheckpoint: true,
    resumeAt: 101,
    decidedUpTo: 100,
    numberingOffset: offset,
    usage: {
      createdAt: CREATED_AT,
      firstSequence: stream.first + offset,
      lastSequence: stream.last + offset,
    },
    control: { createdAt: CREATED_AT, firstSequence: 1, lastSequence: 1 },
    records: [],
    pending: [],
    pendingGaps: [],
    controlFaults: [],
    usageFaults: code === undefined ? [] : [new TributaryError(code, "found")],
    ...more,
  };
}

const decision = { sha256, actor: "ops", reason: "test", decidedAt: CREATED_AT };

describe("a proposal", () => {
  test("goes on with the first message behind a gap, and counts what is between", () => {
    const proposal = proposeGap(damaged("stream-gap", { first: 150, last: 200 }));
    expect(proposal).toMatchObject({ resumeAt: 150, lostMessages: 49, messagesToRead: 51 });
    expect(proposal.refusal).toBeUndefined();
  });

  test("goes on behind the end of a stream that lost it, and at the first of a new one", () => {
    expect(proposeGap(damaged("stream-rolled-back", { first: 1, last: 80 }))).toMatchObject({
      resumeAt: 81,
      lostMessages: 0,
      messagesToRead: 0,
    });
    expect(proposeGap(damaged("stream-recreated", { first: 1, last: 8 }))).toMatchObject({
      resumeAt: 1,
      lostMessages: 0,
      messagesToRead: 8,
    });
  });

  test("leaves the place in a refilled stream to the operator, within the stream", () => {
    const verification = damaged("stream-refilled", { first: 20, last: 120 });
    expect(proposeGap(verification)).toMatchObject({ resumeAt: undefined, lostMessages: undefined });
    expect(proposeGap(verification, 90)).toMatchObject({ lostMessages: 0, messagesToRead: 31 });
    // Leaving out stored messages is counted too.
    expect(proposeGap(verification, 111)).toMatchObject({ lostMessages: 10, messagesToRead: 10 });
    for (const outside of [19, 122])
      expect(proposeGap(verification, outside).refusal).toContain("--resume-at");
    expect(proposeGap(verification, 121).refusal).toBeUndefined();
  });

  test("is refused where a gap is not what is wrong", () => {
    const stream = { first: 1, last: 200 };
    const found = new TributaryError("stream-recreated", "control");
    const ahead: ReadRecord = {
      placed: { sequence: 2, record: { kind: "idle", region: "eu", appliesAfter: 140, decidedAt: "" } },
      data: new Uint8Array(0),
    };
    expect(proposeGap(damaged(undefined, stream)).refusal).toContain("Nothing is wrong");
    expect(proposeGap(damaged("state-mismatch", stream)).refusal).toContain("backup");
    const foreign = { controlFaults: [found], records: [ahead] };
    expect(proposeGap(damaged("stream-gap", stream, foreign)).refusal).toContain("another worker");
    const refilled = { controlFaults: [new TributaryError("stream-refilled", "control")] };
    expect(proposeGap(damaged(undefined, stream, refilled)).refusal).toContain("another worker");
    expect(proposeGap(damaged("stream-gap", stream, { pending: [ahead] })).refusal).toContain("newer state");
  });

  test("goes on where usage stands when only the control log lost its end", () => {
    const lost = { controlFaults: [new TributaryError("stream-rolled-back", "control")] };
    const proposal = proposeGap(damaged(undefined, { first: 1, last: 130 }, lost));
    expect(proposal).toMatchObject({ resumeAt: 101, lostMessages: 0, messagesToRead: 30 });
    expect(proposal.refusal).toBeUndefined();
    expect(proposal.explanation).toContain("Decisions of the control log are lost");
  });
});

describe("the record of an accepted gap", () => {
  test("leads forward from the position, and names the message before the place", async () => {
    const usageLog = storedLog(1, 80);
    const record = await gapRecord(damaged("stream-rolled-back", { first: 1, last: 80 }), {
      usageLog,
      ...decision,
    });
    expect(record).toMatchObject({
      appliesAfter: 100,
      resumeAt: 101,
      numberingOffset: 20,
      lostMessages: 0,
      usageCreatedAt: CREATED_AT,
      fingerprint: hexOfBytes(fingerprint({ ...message(80), sequence: 100 }, sha256)),
    });
  });

  test("adds to the offset of a gap before", async () => {
    const verification = damaged("stream-recreated", { first: 1, last: 3 }, { numberingOffset: 40 });
    const record = await gapRecord(verification, { usageLog: storedLog(1, 3), ...decision });
    expect(record).toMatchObject({ resumeAt: 101, numberingOffset: 100, fingerprint: "" });
  });

  test("is refused without a place", async () => {
    const refilled = damaged("stream-refilled", { first: 1, last: 120 });
    await expect(gapRecord(refilled, { usageLog: storedLog(1, 120), ...decision })).rejects.toMatchObject({
      code: "usage-invalid",
    });
  });

  test("moves an engine forward and never back", () => {
    const engine = createEngine(testCatalog(["a"]));
    const gap = {
      kind: "gap-accepted",
      appliesAfter: 0,
      decidedAt: "",
      resumeAt: 8,
      lostMessages: 7,
      numberingOffset: 0,
      controlBefore: { sequence: 0, fingerprint: "" },
      usageCreatedAt: CREATED_AT,
      fingerprint: "0aff",
      actor: "ops",
      reason: "test",
    } as const;
    const apply = (
      record:
        | typeof gap
        | (Omit<typeof gap, "resumeAt" | "lostMessages"> & { resumeAt: number; lostMessages: number }),
    ): void => {
      engine.apply({ sequence: 1, record }, new Uint8Array(0), undefined, []);
    };
    for (const wrong of [
      { ...gap, lostMessages: 6 },
      { ...gap, resumeAt: -2, lostMessages: -3 },
    ]) {
      expect(() => {
        apply(wrong);
      }).toThrow(expect.objectContaining({ code: "control-record-misplaced" }));
    }
    apply(gap);
    expect(engine.position).toMatchObject({ usageSequence: 7, usageFingerprint: new Uint8Array([10, 255]) });
    expect(engine.gaps).toMatchObject([{ resumeAt: 8, lostMessages: 7 }]);
  });
});

describe("a renumbered log", () => {
  test("shows every message, place and acknowledgement under the partition's numbers", async () => {
    const stored = storedLog(1, 9);
    const log = renumberedLog(stored, 100);
    expect(await log.identity()).toMatchObject({ firstSequence: 101, lastSequence: 109 });
    expect(await log.messageAt(105)).toEqual({ ...message(5), sequence: 105 });
    expect(await log.messageAt(100)).toBeUndefined();
    const range: number[] = [];
    for await (const { sequence } of log.readRange(103, 105)) range.push(sequence);
    expect(range).toEqual([103, 104, 105]);
    const reader = await log.openReader(104);
    const delivered = await new Promise<readonly LogMessage[]>((resolve) => {
      reader.start((messages) => {
        resolve(messages);
        return Promise.resolve();
      });
    });
    expect(delivered).toEqual([{ ...message(4), sequence: 104 }]);
    expect(reader.pendingCount).toBe(5);
    reader.acknowledge(107);
    // The position before the first message read is none of the stream's sequences.
    reader.acknowledge(100);
    expect(stored.acknowledged).toEqual([7]);
    expect(renumberedLog(stored, 0)).toBe(stored);
  });
});
