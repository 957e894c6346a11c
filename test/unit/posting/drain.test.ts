import { describe, expect, test } from "vitest";
import { journalCommand } from "../../support/posting/commands.ts";
import { queueCommands } from "../../support/posting/memory-logs.ts";
import { PostingWorld, type WorldOptions } from "../../support/posting/posting-world.ts";
import type { PostingStore } from "../../../src/model/posting-store.ts";

/** Of the quota while a backlog stands (performance.md, "ERP drain"). */
const TARGET = 0.95;
const LATENCY_MS = 300;
/** A day of virtual time is some thousand requests. */
const TIMEOUT_MS = 120_000;

interface Drain {
  readonly world: PostingWorld;
  readonly store: PostingStore;
  readonly elapsedMs: number;
  /** Requests and milliseconds under way in the time measured. */
  readonly requests: number;
  readonly busyMs: number;
}

/** Drains a backlog of that many documents for a while, after a start that is not measured. */
async function drain(documents: number, measuredMs: number, options: WorldOptions): Promise<Drain> {
  const world = new PostingWorld(options);
  for (let at = 0; at < documents; at += 100)
    queueCommands(
      world.commands,
      Array.from({ length: Math.min(100, documents - at) }, (_, index) => journalCommand(`j${at + index}`)),
    );
  const store = world.store();
  const runner = world.runner(store);
  runner.start();
  const { clock, erp } = world;
  await clock.runUntil(() => erp.requests > 0, clock.nowMs() + 60_000);
  await clock.runUntil(() => false, clock.nowMs() + 2_000);
  const startedMs = clock.nowMs();
  const before = { requests: erp.requests, busyMs: erp.busyMs };
  await clock.runUntil(() => false, startedMs + measuredMs);
  return {
    world,
    store,
    elapsedMs: clock.nowMs() - startedMs,
    requests: erp.requests - before.requests,
    busyMs: erp.busyMs - before.busyMs,
  };
}

function backlogLeft({ store }: Drain): number {
  return store
    .backlog()
    .reduce((sum, { state, documents }) => (state === "planned" ? sum + documents : sum), 0);
}

describe(`while a backlog stands, at ${LATENCY_MS} ms a request, at least ${TARGET * 100} % of the quota is used and never more`, () => {
  test(
    "of a number of requests at a time",
    async () => {
      const maxConcurrent = 5;
      const drained = await drain(500, 20_000, {
        quota: { maxConcurrent },
        erp: { latencyMs: () => LATENCY_MS, limits: { maxConcurrent } },
      });
      expect(backlogLeft(drained)).toBeGreaterThan(0);
      expect(drained.world.erp.violations).toEqual([]);
      const share = drained.busyMs / (maxConcurrent * drained.elapsedMs);
      expect(share).toBeGreaterThanOrEqual(TARGET);
      expect(share).toBeLessThanOrEqual(1);
    },
    TIMEOUT_MS,
  );

  test(
    "of a number of requests a second",
    async () => {
      const quota = { maxConcurrent: 10, rate: { count: 20, windowMs: 1_000 } };
      const drained = await drain(500, 18_000, {
        quota,
        erp: { latencyMs: () => LATENCY_MS, limits: { maxConcurrent: 10, perWindow: 20 } },
      });
      expect(backlogLeft(drained)).toBeGreaterThan(0);
      expect(drained.world.erp.violations).toEqual([]);
      expect(drained.requests / (20 * (drained.elapsedMs / 1_000))).toBeGreaterThanOrEqual(TARGET);
    },
    TIMEOUT_MS,
  );

  test(
    "of a number of requests a day, over restarts and on another machine",
    async () => {
      const perDay = 400;
      const world = new PostingWorld({
        quota: { maxConcurrent: 5, perDay },
        erp: { limits: { maxConcurrent: 5 } },
      });
      for (let at = 0; at < 10; at++)
        queueCommands(
          world.commands,
          Array.from({ length: 100 }, (_, index) => journalCommand(`j${at}-${index}`)),
        );
      const { clock, erp } = world;
      const midnightMs = Date.UTC(2026, 2, 11);
      let store = world.store();
      let runner = world.runner(store);
      runner.start();
      // The second is on the same machine, the third on one that knows the logs alone.
      for (const machine of ["same", "other"]) {
        await clock.runUntil(() => erp.requests >= (machine === "same" ? 100 : 250), midnightMs);
        const stopped = runner.stop();
        await clock.runUntil(() => runner.snapshot().phase === "stopped", midnightMs);
        await stopped;
        if (machine === "other") store = world.store();
        runner = world.runner(store);
        runner.start();
      }
      await clock.runUntil(() => false, midnightMs - 1);
      expect(erp.requests).toBeLessThanOrEqual(perDay);
      // What the third counts is rather too much, and never too little.
      expect(erp.requests).toBeGreaterThanOrEqual(250);
      const first = erp.requests;
      await clock.runUntil(() => false, midnightMs + 12 * 60 * 60_000);
      expect(erp.requests - first).toBe(perDay);
      const { drainMs } = runner.snapshot();
      expect(drainMs).toBeGreaterThan(12 * 60 * 60_000);
    },
    TIMEOUT_MS,
  );
});
