import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { MANIFEST_TYPE } from "../../../src/model/content-types.ts";
import { partitionOf } from "../../../src/model/partition.ts";
import { decodeCommit, encodeCommit, type CommittedMessage } from "../../../src/producer/commit.ts";
import type { UsageEvent } from "../../../src/producer/events.ts";
import { OpenBatches } from "../../../src/producer/open-batches.ts";
import { decode, message, propertiesOf } from "../wire/messages.ts";

const PARTITIONS = 3;
const BASE_MS = Date.UTC(2026, 10, 19);
const HOUR_MS = 3_600_000;
const OPTIONS = {
  producer: "p",
  epoch: 5,
  partitionCount: PARTITIONS,
  batchEvents: 4,
  maxMessageBytes: 600,
  manifests: true,
};
const IDENTITY = { producer: "p", region: "eu", partitionCount: PARTITIONS, epoch: 5, position: null };

function event(number: number, hasId = false): UsageEvent {
  return {
    ...(hasId ? { id: `e-${number}` } : {}),
    source: `s-${number % 2}`,
    type: "t",
    account: `a-${number % 7}`,
    timeMs: BASE_MS + number * 60_000,
    data: { number },
  };
}

/** The state as the next process reads it. */
function reopened(
  batches: OpenBatches,
  messages: readonly CommittedMessage[],
  options = OPTIONS,
): OpenBatches {
  const state = { ...IDENTITY, ...batches.state() };
  const commit = { number: 1, state, messages };
  const read = decodeCommit(encodeCommit(commit), "test");
  // Views and arrays of the same bytes are the same.
  const plain = messages.map((each) => ({ ...each, data: Uint8Array.from(each.data) }));
  expect(read).toEqual({ ...commit, messages: plain });
  return new OpenBatches(options, read.state);
}

/** What is in a message by the decoder of a worker. */
function readBack({ partition, sequence, contentType, data }: CommittedMessage) {
  const { batch, undecodable } = decode(message(contentType, data, { subject: `usage.${partition}.eu` }));
  expect(undecodable).toEqual([]);
  expect(batch.numbered).toMatchObject([{ producer: "p", epoch: 5, sequence }]);
  return batch;
}

const steps = fc.array(
  fc.record({
    events: fc.integer({ min: 0, max: 25 }),
    hasId: fc.boolean(),
    announces: fc.boolean(),
    restarts: fc.boolean(),
  }),
  { maxLength: 8 },
);

describe("open batches", () => {
  test("number every partition without a gap, hold each event once, and announce what they hold", () => {
    fc.assert(
      fc.property(steps, (script) => {
        let batches = new OpenBatches(OPTIONS, undefined);
        const sent: CommittedMessage[] = [];
        let next = 0;
        for (const { events, hasId, announces, restarts } of [
          ...script,
          { events: 0, hasId: true, announces: true, restarts: false },
        ]) {
          for (let i = 0; i < events; i++) batches.add(event(next++, hasId));
          expect(batches.size).toBe(events);
          const messages = batches.close(announces ? { completeUpToMs: BASE_MS, isLast: false } : undefined);
          sent.push(...messages);
          const again = reopened(batches, messages);
          if (restarts) batches = again;
        }
        const numbers: number[] = [];
        const announced = new Map<string, number>();
        const sequences = Array.from({ length: PARTITIONS }, () => 0);
        for (const each of sent) {
          const batch = readBack(each);
          expect(each.sequence).toBe(++sequences[each.partition]!);
          expect(each.isBarrier).toBe(each.contentType === MANIFEST_TYPE);
          expect(each.data.length).toBeLessThanOrEqual(
            Math.max(OPTIONS.maxMessageBytes, batch.count <= 1 ? 2_000 : 0),
          );
          for (const { source, hourMs, events } of batch.numbered[0]?.manifest?.counts ?? [])
            announced.set(`${source} ${hourMs}`, (announced.get(`${source} ${hourMs}`) ?? 0) + events);
          expect(batch.count).toBeLessThanOrEqual(OPTIONS.batchEvents);
          const partitions = new Set<number>();
          for (let row = 0; row < batch.count; row++) {
            numbers.push(Number(propertiesOf(batch, row)["number"]?.replace("number ", "")));
            partitions.add(partitionOf(batch.accounts[batch.account[row]!]!, PARTITIONS));
          }
          expect([...partitions]).toEqual(batch.count > 0 ? [each.partition] : []);
        }
        expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, number) => number));
        const expected = new Map<string, number>();
        for (let number = 0; number < next; number++) {
          const { source, timeMs } = event(number);
          const key = `${source} ${Math.floor(timeMs / HOUR_MS) * HOUR_MS}`;
          expected.set(key, (expected.get(key) ?? 0) + 1);
        }
        expect(announced).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test("begin with a manifest where manifests are wanted, also from the middle on", () => {
    const plain = new OpenBatches({ ...OPTIONS, manifests: false }, undefined);
    for (let number = 0; number < 7; number++) plain.add(event(number));
    const first = plain.close(undefined);
    expect(first.some(({ isBarrier }) => isBarrier)).toBe(false);
    const announcing = reopened(plain, first);
    announcing.add(event(7));
    const messages = announcing.close({ completeUpToMs: BASE_MS, isLast: true });
    const manifests = messages
      .filter(({ isBarrier }) => isBarrier)
      .map((each) => readBack(each).numbered[0]?.manifest);
    expect(manifests).toHaveLength(2 * PARTITIONS);
    // Only what came behind the opening manifests is announced.
    expect(manifests.flatMap((manifest) => manifest?.counts ?? [])).toEqual([
      { source: "s-1", hourMs: BASE_MS, events: 1 },
    ]);
    expect(manifests.filter((manifest) => manifest?.isLast === true)).toHaveLength(PARTITIONS);
  });

  test("refuse an event that no message can hold", () => {
    const batches = new OpenBatches({ ...OPTIONS, maxMessageBytes: 50 }, undefined);
    batches.add(event(1));
    expect(() => batches.close(undefined)).toThrow(expect.objectContaining({ code: "usage-invalid" }));
  });
});
