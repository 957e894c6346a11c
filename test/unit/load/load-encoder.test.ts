import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { regionOf } from "../../../src/model/content-types.ts";
import { partitionOf } from "../../../src/model/partition.ts";
import { usageStream } from "../../../src/ingest/jetstream/names.ts";
import { encodeColumnarBatch, encodeNumberedBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { ColumnarPlanEncoder } from "../../../src/load/encode/columnar-plan-encoder.ts";
import { InstantText } from "../../../src/load/encode/instant-text.ts";
import { LOAD_FORMS, LoadEncoder, type LoadForm } from "../../../src/load/encode/load-encoder.ts";
import { OpenBatch } from "../../../src/load/encode/open-batch.ts";
import { planBlocks, type LoadShape } from "../../../src/load/event-plan.ts";
import { accountName, eventId, eventSource, eventType } from "../../../src/load/names.ts";
import { KEY, message } from "../wire/messages.ts";

const SHAPE: LoadShape = {
  seed: 3,
  events: 5_000,
  accounts: 300,
  meters: 3,
  regions: ["eu", "us-east"],
  skew: 1,
  duplicateRatio: 0.1,
  disorderMs: 60_000,
  lateRatio: 0.05,
  startMs: Date.UTC(2026, 10, 1),
  spanMs: 3 * 3_600_000,
};
const PARTITIONS = 4;
/** Forms in which single events are repeated. */
const EVENT_FORMS = LOAD_FORMS.filter((form) => form !== "numbered");
const BATCH_SIZE = 100;

/** Everything that is published, in order. */
function encoded(form: LoadForm, shape = SHAPE) {
  const encoder = new LoadEncoder(shape, { form, batchSize: BATCH_SIZE, partitionCount: PARTITIONS });
  const messages = [];
  for (const block of planBlocks(shape, 333)) messages.push(...encoder.encode(block));
  messages.push(...encoder.flush());
  expect([...encoder.flush()]).toEqual([]);
  return messages;
}

/** What the real decoder reads: identity hash, checksum and columns of every event, sorted. */
function decodedRows(form: LoadForm): string[] {
  const decoder = createDecoder(KEY);
  return encoded(form)
    .flatMap(({ subject, contentType, data, events, stream }) => {
      const { batch, undecodable } = decoder.decode([message(contentType, data, { subject })]);
      expect(undecodable).toEqual([]);
      expect(batch.count).toBe(events);
      expect(events).toBeLessThanOrEqual(form === "event" ? 1 : BATCH_SIZE);
      const values = batch.properties.get("value");
      return Array.from({ length: batch.count }, (_, row) => {
        expect(batch.outcome[row]).toBe(0);
        expect(values?.scale[row]).toBe(0);
        const account = batch.accounts[batch.account[row]!]!;
        const partition = partitionOf(account, PARTITIONS);
        expect(subject).toBe(`usage.${partition}.${regionOf(subject)}`);
        expect(stream).toBe(usageStream(partition));
        return JSON.stringify({
          key: Array.from(batch.key.subarray(row * 4, row * 4 + 4)),
          checksum: Array.from(batch.checksum.subarray(row * 2, row * 2 + 2)),
          account,
          type: batch.types[batch.type[row]!],
          region: regionOf(subject),
          timeMs: batch.timeMs[row],
          value: values?.coefficient[row],
        });
      });
    })
    .sort();
}

describe("LoadEncoder", () => {
  const singles = decodedRows("event");

  test("writes what was planned", () => {
    const planned = [...planBlocks(SHAPE, SHAPE.events)].flatMap((block) =>
      Array.from({ length: block.count }, (_, row) =>
        JSON.stringify([
          accountName(block.account[row]!),
          eventType(block.meter[row]!),
          SHAPE.regions[block.region[row]!],
          block.timeMs[row],
          block.value[row],
        ]),
      ),
    );
    const read = singles.map((text) => {
      const { account, type, region, timeMs, value } = JSON.parse(text);
      return JSON.stringify([account, type, region, timeMs, value]);
    });
    expect(read.sort()).toEqual(planned.sort());
    const keys = new Set(singles.map((text) => JSON.stringify(JSON.parse(text).key)));
    const first = [...planBlocks(SHAPE, SHAPE.events)].flatMap((block) => [...block.id]);
    expect(keys.size).toBe(new Set(first).size);
  });

  test.each(["batch", "columnar"] as const)("form %s gives the events of single messages", (form) => {
    expect(decodedRows(form)).toEqual(singles);
  });

  test.each(EVENT_FORMS)("form %s keeps a repetition behind what it repeats", (form) => {
    const decoder = createDecoder(KEY);
    const shape = { ...SHAPE, events: 500, duplicateRatio: 0.5 };
    const published: string[] = [];
    for (const { contentType, data, subject } of encoded(form, shape)) {
      const stored = message(contentType, data, { subject });
      const { count } = decoder.decode([stored]).batch;
      for (let row = 0; row < count; row++) {
        const event = JSON.parse(decoder.eventText(stored, row));
        published.push(`${event.subject} ${event.source} ${event.id}`);
      }
    }
    const planned = [...planBlocks(shape, 500)].flatMap((block) =>
      Array.from(
        block.id,
        (id, row) =>
          `${accountName(block.account[row]!)} ${eventSource(SHAPE.regions[block.region[row]!]!)} ${eventId(id)}`,
      ),
    );
    // A stable sort by account and region keeps the order within each.
    const lane = (text: string): string => text.slice(0, text.lastIndexOf(" "));
    const byLane = (a: string, b: string): number => (lane(a) < lane(b) ? -1 : lane(a) > lane(b) ? 1 : 0);
    expect(published.toSorted(byLane)).toEqual(planned.toSorted(byLane));
  });

  test.each([0, 1.5, 65_537])("refuses batches of %d", (batchSize) => {
    expect(() => new LoadEncoder(SHAPE, { form: "batch", batchSize, partitionCount: 1 })).toThrow(
      /batch size/,
    );
  });
});

test("columnar batches are, byte for byte, those of encodeColumnarBatch", () => {
  const shape = { regions: ["eu", "us"], meters: 20, accounts: 70_000 };
  const row = fc.record({
    id: fc.oneof(fc.nat(12), fc.nat(), fc.constant(2 ** 53 - 1)),
    account: fc.nat(shape.accounts - 1),
    meter: fc.oneof(fc.constant(3), fc.nat(shape.meters - 1)),
    timeMs: fc.integer({ min: 0, max: 2_000_000_000_000 }),
    value: fc.integer({ min: 1, max: 1_000 }),
  });
  const encoder = new ColumnarPlanEncoder(shape, 40_000);
  type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;
  const check = (region: number, rows: readonly Row[]): void => {
    const batch = new OpenBatch(0, region, 40_000);
    for (const { id, account, meter, timeMs, value } of rows) {
      batch.id[batch.count] = id;
      batch.account[batch.count] = account;
      batch.meter[batch.count] = meter;
      batch.timeMs[batch.count] = timeMs;
      batch.value[batch.count++] = value;
    }
    const expected = encodeColumnarBatch(
      rows.map(({ id, account, meter, timeMs, value }) => ({
        id: eventId(id),
        source: eventSource(shape.regions[region]!),
        type: eventType(meter),
        account: accountName(account),
        timeMs,
        data: { value },
      })),
    );
    expect(Buffer.from(encoder.encode(batch)).equals(expected)).toBe(true);
  };
  fc.assert(fc.property(fc.nat(1), fc.array(row, { minLength: 1, maxLength: 300 }), check), { numRuns: 50 });
  // Lengths on both sides of every header.
  for (const count of [1, 15, 16, 31, 32, 127, 128, 255, 256, 8_191, 8_192, 16_384, 40_000])
    check(
      0,
      Array.from({ length: count }, (_, n) => ({ id: n, account: n, meter: n % 20, timeMs: n, value: 1 })),
    );
});

test("numbered batches are those of encodeNumberedBatch, some of them sent again as they are", () => {
  const decoder = createDecoder(KEY);
  const shape = { ...SHAPE, duplicateRatio: 0.3 };
  const { duplicateRatio: _, ...rest } = shape;
  const encoder = new LoadEncoder(shape, { form: "numbered", batchSize: 20, partitionCount: PARTITIONS });
  const messages = [];
  for (const block of planBlocks({ ...rest, duplicateRatio: 0 }, 333))
    messages.push(...encoder.encode(block));
  messages.push(...encoder.flush());
  const first = new Map<string, Uint8Array>();
  let [events, repeated] = [0, 0];
  for (const { subject, contentType, data, isRepetition, partition, events: count } of messages) {
    const { batch, undecodable } = decoder.decode([message(contentType, data, { subject })]);
    expect([undecodable, batch.count]).toEqual([[], count]);
    expect(subject).toBe(`usage.${partition}.${regionOf(subject)}`);
    const [{ producer, epoch, sequence } = { producer: "", epoch: 0, sequence: 0 }] = batch.numbered;
    expect([producer, epoch]).toEqual([`load-3/${regionOf(subject)}`, 1]);
    const key = `${subject} ${sequence}`;
    expect(first.has(key)).toBe(isRepetition);
    // The next number of its lane, or the bytes that came under it.
    expect(first.has(`${subject} ${sequence - 1}`)).toBe(sequence > 1);
    expect(Buffer.compare(first.get(key) ?? data, data)).toBe(0);
    first.set(key, data);
    if (isRepetition) repeated += count;
    else events += count;
    const values = batch.properties.get("value")?.coefficient ?? [];
    expect(
      Buffer.from(data).equals(
        encodeNumberedBatch(
          { producer, epoch, sequence },
          Array.from({ length: count }, (_, row) => ({
            source: `load/${regionOf(subject)}`,
            type: batch.types[batch.type[row]!]!,
            account: batch.accounts[batch.account[row]!]!,
            timeMs: batch.timeMs[row]!,
            data: { value: values[row]! },
          })),
        ),
      ),
    ).toBe(true);
  }
  expect(events).toBe(SHAPE.events);
  expect(repeated / (events + repeated)).toBeCloseTo(0.3, 1);
  expect(
    () =>
      new LoadEncoder(
        { ...shape, duplicateRatio: 0.95 },
        { form: "numbered", batchSize: 1, partitionCount: 1 },
      ),
  ).toThrow(/0.9/);
});

test("times are written as Date writes them", () => {
  const instants = new InstantText();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (timeMs) => {
      expect(instants.of(timeMs)).toBe(new Date(timeMs).toISOString());
    }),
  );
});
