import { describe, expect, it } from "vitest";
import { isLoopbackHost } from "../../../src/ops/loopback.ts";
import { checkpointAgeLimitMs, readinessOf, type ReadinessInput } from "../../../src/ops/readiness.ts";

const READY: ReadinessInput = {
  workerState: "running",
  brokerConnected: true,
  partitions: [
    { partition: 0, state: "running", checkpointAgeMs: 900, streamsNearLimit: [] },
    { partition: 5, state: "running", checkpointAgeMs: 10_000, streamsNearLimit: [] },
  ],
  checkpointAgeLimitMs: 10_000,
};

describe("readiness", () => {
  it("is given while everything runs", () => {
    expect(readinessOf(READY)).toEqual({ ready: true, reasons: [] });
  });

  it("is given to a worker that has no partition: it stands by", () => {
    expect(readinessOf({ ...READY, partitions: [] })).toEqual({ ready: true, reasons: [] });
  });

  it("names every reason against it", () => {
    const { ready, reasons } = readinessOf({
      ...READY,
      workerState: "draining",
      brokerConnected: false,
      partitions: [
        { partition: 0, state: "failed", checkpointAgeMs: 99_000, streamsNearLimit: [] },
        { partition: 5, state: "running", checkpointAgeMs: 10_001, streamsNearLimit: [] },
        { partition: 6, state: "running", checkpointAgeMs: 0, streamsNearLimit: ["USAGE_6"] },
      ],
    });
    expect(ready).toBe(false);
    expect(reasons.map(({ code, partition }) => [code, partition])).toEqual([
      ["draining", undefined],
      ["broker-disconnected", undefined],
      ["partition-not-running", 0],
      ["checkpoint-stale", 5],
      ["retention-near", 6],
    ]);
  });

  it.each(["starting", "draining", "stopped", "failed"] as const)("is not given when %s", (workerState) => {
    expect(readinessOf({ ...READY, workerState }).ready).toBe(false);
  });

  it("allows for late checkpoints by the interval", () => {
    expect(checkpointAgeLimitMs(100)).toBe(10_000);
    expect(checkpointAgeLimitMs(60_000)).toBe(600_000);
  });
});

it("knows loopback addresses", () => {
  const loopback = ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"];
  expect(loopback.filter((host) => !isLoopbackHost(host))).toEqual([]);
  const others = ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", ""];
  expect(others.filter((host) => isLoopbackHost(host))).toEqual([]);
});
