import { DiscardPolicy } from "nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { usageStream, usageSubject } from "../../../src/ingest/jetstream/names.ts";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { TributaryError } from "../../../src/model/errors.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import type { TestServer } from "../../support/nats-server.ts";
import { Reading, numbered, publishNumbered, testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

describe("reading a usage log", () => {
  let server: TestServer;
  let connection: BrokerConnection;

  beforeAll(async () => {
    server = await startNatsServer({ partitionCount: 8, maxPayload: 8 * 1024 * 1024 });
    connection = await testConnection(server.url);
    await ensureTopology(connection, { partitionCount: 8 });
  });
  afterAll(async () => {
    await connection.close();
    await server.stop();
  });

  test("200,000 messages come in order, in large runs, none lost, none twice", async () => {
    await publishNumbered(connection, 0, 1, 200_000);
    const log = openUsageLog(connection, 0);
    const reader = await log.openReader(1);
    expect(reader.pendingCount).toBe(200_000);
    expect(reader.caughtUp).toBe(false);
    const reading = new Reading(reader);
    await reading.upTo(200_000);
    expect(reading.faults).toEqual([]);
    expect(reading.count).toBe(200_000);
    expect(reading.largestRun).toBeGreaterThan(100);
    await waitUntil("caught up", () => reader.caughtUp);
    expect(reader.pendingCount).toBe(0);
    reader.acknowledge(200_000);
    await waitUntil("the acknowledgement floor follows", async () => {
      const info = await connection.manager.consumers.info(log.name, "tributary-0");
      return info.ack_floor.stream_seq === 200_000;
    });
    await reader.stop();
    await reader.ended;
  });

  test("a delivered message equals the stored one, whatever its content type looks like", async () => {
    const types = [
      "Application/CloudEvents+JSON; charset=utf-8",
      "application/vnd.tributary.usage+msgpack",
      "",
    ];
    for (const contentType of types)
      await publishAll(connection, [
        { subject: usageSubject(1, "eu-west"), data: new Uint8Array([1, 2, 3]), contentType },
      ]);
    await connection.jetstream.publish(usageSubject(1, "ap"), "no headers");
    const log = openUsageLog(connection, 1);
    const received: LogMessage[] = [];
    const reader = await log.openReader(1);
    reader.start(async (messages) => {
      received.push(...messages);
      await Promise.resolve();
    });
    await waitUntil("four messages", () => received.length === 4);
    expect(received.map((message) => message.contentType)).toEqual([
      "application/cloudevents+json",
      "application/vnd.tributary.usage+msgpack",
      "",
      "",
    ]);
    for (const message of received) {
      const stored = await log.messageAt(message.sequence);
      expect({ ...stored, data: [...(stored?.data ?? [])] }).toEqual({ ...message, data: [...message.data] });
    }
    expect(await log.messageAt(5)).toBeUndefined();
    expect(await log.messageAt(0)).toBeUndefined();
    await reader.stop();
  });

  test("the byte budget bounds what is under way, and the largest message that the stream takes is read", async () => {
    const largest = 4 * 1024 * 1024 - 200;
    await publishNumbered(connection, 2, 1, 10, 300_000);
    await publishNumbered(connection, 2, 11, 12, largest);
    await publishNumbered(connection, 2, 13, 40, 300_000);
    await expect(publishNumbered(connection, 2, 41, 41, 4 * 1024 * 1024 + 1)).rejects.toMatchObject({
      code: "publish-failed",
    });
    // Asked for far less than the stream's largest message: the budget is raised to it.
    const reader = await openUsageLog(connection, 2, { pullBytes: 1000 }).openReader(1);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reading = new Reading(reader, { eachRun: async () => await held });
    await waitUntil("the first run", () => reading.runs === 1);
    // While the first run is held, no more than the two pulls come: their bytes, not the whole stream.
    const info = async (): Promise<number> =>
      (await connection.manager.consumers.info(usageStream(2), "tributary-2")).delivered.stream_seq;
    let before = -1;
    await waitUntil("the pulls are filled", async () => {
      const now = await info();
      const settled = now === before;
      before = now;
      return settled && now > 0;
    });
    expect(before).toBeLessThan(40);
    release();
    await reading.upTo(40);
    expect(reading.faults).toEqual([]);
    expect(reading.count).toBe(40);
    await reader.stop();
  });

  test("a reader starts exactly where it is told, whatever was acknowledged before", async () => {
    await publishNumbered(connection, 3, 1, 5000);
    const log = openUsageLog(connection, 3);
    const before = await log.openReader(1);
    const first = new Reading(before);
    await first.upTo(5000);
    before.acknowledge(5000);
    await before.stop();
    for (const start of [1, 2500, 5000]) {
      const reader = await log.openReader(start);
      const reading = new Reading(reader);
      await reading.upTo(5000);
      expect(reading.first).toBe(start);
      expect(reading.count).toBe(5001 - start);
      expect(reading.faults).toEqual([]);
      await reader.stop();
    }
    const reader = await log.openReader(5001);
    const reading = new Reading(reader);
    await waitUntil("caught up", () => reader.caughtUp);
    await publishNumbered(connection, 3, 5001, 5001);
    await reading.upTo(5001);
    expect(reading.first).toBe(5001);
    await reader.stop();
    await expect(log.openReader(5003)).rejects.toMatchObject({ code: "stream-rolled-back" });
  });

  test("what the pipeline throws ends the reader with that fault, and nothing else breaks", async () => {
    const log = openUsageLog(connection, 3);
    const plain = await log.openReader(1);
    plain.start(() => {
      throw new RangeError("poison");
    });
    await expect(plain.ended).rejects.toMatchObject({ code: "internal-fault", message: "poison" });
    const coded = await log.openReader(1);
    coded.start(async () => {
      await Promise.resolve();
      throw new TributaryError("books-unbalanced", "off by one");
    });
    await expect(coded.ended).rejects.toMatchObject({ code: "books-unbalanced" });
    const healthy = new Reading(await log.openReader(1));
    await healthy.upTo(5001);
    expect(healthy.count).toBe(5001);
    await healthy.reader.stop();
  });

  test("stop finishes the run under delivery and delivers no other", async () => {
    const reader = await openUsageLog(connection, 0).openReader(1);
    let running = 0;
    let finished = 0;
    reader.start(async () => {
      running += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      finished += 1;
    });
    await waitUntil("a run is under delivery", () => running > finished);
    await reader.stop();
    expect(running).toBe(finished);
    await reader.ended;
    const after = running;
    await publishNumbered(connection, 0, 200_001, 200_001);
    expect(running).toBe(after);
  });

  test("deleted by an outsider, the consumer is made again once; twice is a stall", async () => {
    await publishNumbered(connection, 4, 1, 1000);
    const reader = await openUsageLog(connection, 4).openReader(1);
    const reading = new Reading(reader);
    await reading.upTo(1000);
    await connection.manager.consumers.delete(usageStream(4), "tributary-4");
    await publishNumbered(connection, 4, 1001, 2000);
    await reading.upTo(2000);
    expect(reading.count).toBe(2000);
    expect(reading.faults).toEqual([]);
    await connection.manager.consumers.delete(usageStream(4), "tributary-4");
    expect(await reading.fault).toMatchObject({ code: "consumer-stalled" });
  });

  // The broker serves waiting pulls in turn: two of the reader, then the thief's. With three messages the last one is
  // missing and only the end of the stream tells of it; with six the reader sees a gap.
  test.each([3, 6])(
    "of %i messages, those that somebody else pulls away come nevertheless",
    async (count) => {
      const log = openUsageLog(connection, 5, { stallTimeoutMs: 500 });
      const first = (await log.identity()).lastSequence + 1;
      const reader = await log.openReader(first);
      const reading = new Reading(reader);
      const thief = await testConnection(server.url, "thief");
      let stolen = 0;
      thief.client.subscribe("thief.inbox", {
        callback: () => {
          stolen += 1;
        },
      });
      const waiting = async (pulls: number): Promise<void> => {
        await waitUntil(`${pulls} pulls wait`, async () => {
          const info = await connection.manager.consumers.info(log.name, "tributary-5");
          return info.num_waiting === pulls;
        });
      };
      await waiting(2);
      const pull = JSON.stringify({ batch: 50, expires: 30_000_000_000 });
      thief.client.publish("$JS.API.CONSUMER.MSG.NEXT.USAGE_5.tributary-5", pull, { reply: "thief.inbox" });
      await waiting(3);
      await publishNumbered(connection, 5, first, first + count - 1);
      await reading.upTo(first + count - 1, 30_000);
      expect(reading.faults).toEqual([]);
      expect(reading.count).toBe(count);
      expect(stolen).toBeGreaterThan(0);
      await thief.close();
      await reader.stop();
    },
  );

  test("messages that retention removed before they were read are a hole", async () => {
    await publishNumbered(connection, 6, 1, 1000);
    const log = openUsageLog(connection, 6);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reader = await log.openReader(1);
    const reading = new Reading(reader, { eachRun: async () => await held });
    await waitUntil("the first run", () => reading.runs === 1);
    release();
    await reading.upTo(1000);
    await reader.stop();
    // Rolled: the first 500 are gone, and a reader that needs the 300th finds the 501st.
    await connection.manager.streams.update(usageStream(6), { max_msgs: 500, discard: DiscardPolicy.Old });
    await waitUntil("rolled", async () => (await log.identity()).firstSequence === 501);
    const late = new Reading(await log.openReader(300));
    expect(await late.fault).toMatchObject({ code: "sequence-hole", details: { expected: 300 } });
    expect(late.count).toBe(0);
  });

  test("a stream that was made anew under the reader ends it", async () => {
    await publishNumbered(connection, 7, 1, 100);
    const reader = await openUsageLog(connection, 7).openReader(1);
    const reading = new Reading(reader);
    await reading.upTo(100);
    await connection.manager.streams.delete(usageStream(7));
    await ensureTopology(connection, { partitionCount: 8 });
    await publishAll(connection, numbered(7, 1, 200));
    expect(await reading.fault).toMatchObject({ code: "stream-recreated" });
    expect(reading.count).toBe(100);
  });
});
