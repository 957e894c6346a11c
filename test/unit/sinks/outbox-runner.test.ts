import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TributaryError } from "../../../src/model/errors.ts";
import type { OutboxEntry } from "../../../src/model/outputs.ts";
import type { PartitionStore } from "../../../src/model/store.ts";
import { backoffDelayMs } from "../../../src/sinks/backoff.ts";
import type { DeliveryTarget } from "../../../src/sinks/delivery-target.ts";
import { nextChunk, PUBLICATION_CHUNK, type ChunkLimits } from "../../../src/sinks/outbox-chunk.ts";
import { OutboxDelivery } from "../../../src/sinks/outbox-delivery.ts";
import { OutboxRunner } from "../../../src/sinks/outbox-runner.ts";
import { ratedTarget } from "../../../src/sinks/publication-target.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { checkpointAt, ratedEntries } from "../../support/checkpoints.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryPublicationLog } from "../../support/memory-publication-log.ts";

let store: PartitionStore;
let clock: ManualClock;
let runners: OutboxRunner[];
let failed: TributaryError[];

beforeEach(() => {
  store = openPartitionStore(":memory:", { partition: 3, partitionCount: 16 });
  clock = new ManualClock();
  runners = [];
  failed = [];
});
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.stop()));
  store.close();
});

async function commit(entries: readonly OutboxEntry[]): Promise<void> {
  const sequence = (store.load()?.position.usageSequence ?? 0) + 1;
  await store.commit(checkpointAt(sequence, { outbox: entries }));
}

function runnerOf(target: DeliveryTarget, limits: ChunkLimits = PUBLICATION_CHUNK): OutboxRunner {
  const runner = new OutboxRunner({
    store,
    target,
    limits,
    clock,
    random: () => 0.5,
    onFailed: (error) => failed.push(error),
  });
  runners.push(runner);
  return runner;
}

/** Remembers what it was given; fails as told. */
class RecordingTarget implements DeliveryTarget {
  readonly name = "recording";
  readonly channel = "rated";
  provesDelivery = true;
  proven = 0;
  failures = 0;
  readonly attempts: number[][] = [];
  readonly delivered: number[][] = [];
  readonly cursorsSeen: number[] = [];

  lastDelivered(): Promise<number> {
    return Promise.resolve(this.proven);
  }
  async deliver(entries: readonly OutboxEntry[]): Promise<void> {
    const ordinals = entries.map((entry) => entry.ordinal);
    this.attempts.push(ordinals);
    this.cursorsSeen.push(store.deliveredOrdinal(this.name));
    await Promise.resolve();
    if (this.failures > 0) {
      this.failures -= 1;
      throw new TributaryError("sink-failed", "down");
    }
    this.delivered.push(ordinals);
  }
}

function ordinals(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe("a runner", () => {
  test("delivers in order and in chunks; the cursor follows the delivery", async () => {
    const target = new RecordingTarget();
    await commit(ratedEntries(1, 1_234));
    const runner = runnerOf(target);
    runner.start();
    await clock.settle();
    expect(target.delivered).toEqual([ordinals(1, 500), ordinals(501, 1_000), ordinals(1_001, 1_234)]);
    expect(target.cursorsSeen).toEqual([0, 500, 1_000]);
    expect(store.deliveredOrdinal("recording")).toBe(1_234);
    await commit(ratedEntries(1_235, 1_236));
    runner.kick();
    await clock.settle();
    expect(target.delivered.at(-1)).toEqual([1_235, 1_236]);
    expect(runner.state()).toMatchObject({ phase: "idle", pending: 0, failures: 0, deliveredOrdinal: 1_236 });
  });

  test("tries again for as long as it takes, shows why, and moves no cursor meanwhile", async () => {
    const target = new RecordingTarget();
    target.failures = 3;
    await commit(ratedEntries(1, 2));
    const runner = runnerOf(target);
    runner.start();
    await clock.settle();
    const sinceMs = clock.nowMs();
    const delays: (number | undefined)[] = [];
    for (let failure = 1; failure <= 3; failure++) {
      expect(runner.state()).toMatchObject({
        phase: "backing-off",
        pending: 1 + failure,
        failures: failure,
        lastErrorCode: "sink-failed",
        lastErrorMessage: "down",
        failingSinceMs: sinceMs,
        deliveredOrdinal: 0,
      });
      expect(store.deliveredOrdinal("recording")).toBe(0);
      // A commit does not cut the wait short, and does not change the chunk that is tried.
      await commit(ratedEntries(2 + failure, 2 + failure));
      store.pruneOutbox("rated", ["recording"]);
      runner.kick();
      await clock.settle();
      expect(target.attempts).toHaveLength(failure);
      delays.push(clock.nextDelayMs());
      await clock.advance(clock.nextDelayMs() ?? 0);
    }
    expect(delays).toEqual([150, 300, 600]);
    expect(target.attempts.slice(0, 4)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(target.delivered).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(runner.state()).toMatchObject({ pending: 0, failures: 0, lastErrorCode: undefined });
  });

  test("begins behind the later of its cursor and what the target proves", async () => {
    await commit(ratedEntries(1, 20));
    const ahead = new RecordingTarget();
    ahead.proven = 12;
    store.setDeliveredOrdinal("recording", "rated", 5);
    const first = runnerOf(ahead);
    first.start();
    await clock.settle();
    expect(ahead.delivered).toEqual([ordinals(13, 20)]);
    expect(first.state().missingAtTarget).toBe(0);
    await first.stop();

    // Files that were moved away are not written again, but it shows.
    await commit(ratedEntries(21, 22));
    const behind = new RecordingTarget();
    behind.proven = 12;
    const second = runnerOf(behind);
    second.start();
    await clock.settle();
    expect(behind.delivered).toEqual([[21, 22]]);
    expect(second.state().missingAtTarget).toBe(8);
  });

  test("a target ahead of a state that is built again gets only what it lacks", async () => {
    const target = new RecordingTarget();
    target.proven = 30;
    await commit(ratedEntries(1, 20));
    const runner = runnerOf(target);
    runner.start();
    await clock.settle();
    expect(runner.state()).toMatchObject({ pending: 0, deliveredOrdinal: 30 });
    await commit(ratedEntries(21, 33));
    runner.kick();
    await clock.settle();
    expect(target.delivered).toEqual([[31, 32, 33]]);
  });

  test("lingers for a fuller chunk, not when it is full, and not while it drains", async () => {
    const target = new RecordingTarget();
    const runner = runnerOf(target, { entriesMax: 10, bytesMax: 1e6, lingerMs: 5_000 });
    runner.start();
    await commit(ratedEntries(1, 3));
    runner.kick();
    await clock.advance(3_000);
    expect(target.delivered).toEqual([]);
    await commit(ratedEntries(4, 5));
    runner.kick();
    await clock.advance(1_999);
    expect(target.delivered).toEqual([]);
    await clock.advance(1);
    expect(target.delivered).toEqual([ordinals(1, 5)]);
    await commit(ratedEntries(6, 17));
    runner.kick();
    await clock.settle();
    expect(target.delivered.at(-1)).toEqual(ordinals(6, 15));
    expect(await runner.drain(1_000)).toBe(true);
    expect(target.delivered.at(-1)).toEqual([16, 17]);
  });

  test("drains by its deadline or says that it did not; tries at once when asked to drain", async () => {
    const target = new RecordingTarget();
    target.failures = 2;
    await commit(ratedEntries(1, 2));
    const runner = runnerOf(target);
    runner.start();
    await clock.settle();
    expect(target.attempts).toHaveLength(1);
    const drained = runner.drain(250);
    await clock.settle();
    expect(target.attempts).toHaveLength(2);
    await clock.advance(250);
    expect(await drained).toBe(false);
    const again = runner.drain(10_000);
    await clock.settle();
    expect(await again).toBe(true);
    expect(store.deliveredOrdinal("recording")).toBe(2);
  });

  test("stops while it waits, and after what is under delivery", async () => {
    const target = new RecordingTarget();
    target.failures = 1;
    await commit(ratedEntries(1, 2));
    const runner = runnerOf(target);
    runner.start();
    await clock.settle();
    await runner.stop();
    expect(runner.state()).toMatchObject({ phase: "stopped", pending: 2 });
    expect(clock.nextDelayMs()).toBeUndefined();
    expect(await runner.drain(1_000)).toBe(false);
  });

  test("ends when another owner has published, and says so once", async () => {
    const log = new MemoryPublicationLog();
    await commit(ratedEntries(1, 2));
    const runner = runnerOf(ratedTarget({ partition: 3, log }));
    runner.start();
    await clock.settle();
    await log.publish("rated.3", Buffer.from("[]"), {
      contentType: "",
      messageId: "successor",
      firstOrdinal: 3,
      lastOrdinal: 9,
      expectedSequence: 1,
    });
    await commit(ratedEntries(3, 4));
    runner.kick();
    await clock.settle();
    expect(failed.map((error) => error.code)).toEqual(["publication-fenced"]);
    expect(runner.state()).toMatchObject({ phase: "failed", pending: 2, deliveredOrdinal: 2 });
    await clock.advance(120_000);
    expect(log.attempts).toBe(3);
    expect(await runner.drain(1_000)).toBe(false);
    expect(failed).toHaveLength(1);
  });
});

describe("chunks", () => {
  test("end at the byte limit; an entry above it goes alone", async () => {
    const bodies = [10, 60, 30, 250, 20, 100].map((size) => JSON.stringify("x".repeat(size - 2)));
    await commit(bodies.map((body, index) => ({ channel: "rated", ordinal: index + 1, body })));
    const chunks: number[][] = [];
    for (let position = 0; position < 6;) {
      const limits = { entriesMax: 100, bytesMax: 100, lingerMs: 0 };
      const { entries, full } = nextChunk(store, { channel: "rated" }, position, limits);
      chunks.push(entries.map((entry) => entry.ordinal));
      position = entries.at(-1)?.ordinal ?? 99;
      expect(full).toBe(position < 6);
    }
    expect(chunks).toEqual([[1, 2, 3], [4], [5], [6]]);
  });

  test("are bounded by entries across reads", async () => {
    await commit(ratedEntries(1, 450));
    const limits = { entriesMax: 250, bytesMax: 1e9, lingerMs: 0 };
    const { entries, full } = nextChunk(store, { channel: "rated" }, 0, limits);
    expect(entries.map((entry) => entry.ordinal)).toEqual(ordinals(1, 250));
    expect(full).toBe(true);
    expect(nextChunk(store, { channel: "rated" }, 250, limits).full).toBe(false);
  });
});

test("waits double up to half a minute, the upper half by chance", () => {
  const bounds = Array.from({ length: 12 }, (_, index) => [
    backoffDelayMs(index + 1, () => 0),
    backoffDelayMs(index + 1, () => 1),
  ]);
  expect(bounds.slice(0, 3)).toEqual([
    [100, 200],
    [200, 400],
    [400, 800],
  ]);
  expect(bounds.at(-1)).toEqual([15_000, 30_000]);
  expect(backoffDelayMs(100_000, () => 1)).toBe(30_000);
});

test("what every target of a channel has is pruned; a channel without a target keeps its entries", async () => {
  const log = new MemoryPublicationLog();
  const slow = new RecordingTarget();
  slow.failures = 1;
  const delivery = new OutboxDelivery(store, [runnerOf(ratedTarget({ partition: 3, log })), runnerOf(slow)]);
  await commit([...ratedEntries(1, 5), { channel: "reroute", ordinal: 1, body: "{}" }]);
  delivery.start();
  await clock.settle();
  delivery.kick();
  expect(store.outboxAfter("rated", 0, 10)).toHaveLength(5);
  const drained = delivery.drain(1_000);
  await clock.settle();
  expect(await drained).toBe(true);
  expect(store.outboxAfter("rated", 0, 10)).toEqual([]);
  expect(store.outboxAfter("reroute", 0, 10)).toHaveLength(1);
  expect(delivery.states().map((state) => state.pending)).toEqual([0, 0]);
  await delivery.stop();
});
