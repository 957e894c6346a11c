import { createHash, randomBytes } from "node:crypto";
import { nanos } from "nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { openControlLog } from "../../../src/ingest/jetstream/control-log.ts";
import { RATED_STREAM, REFERENCE_STREAM } from "../../../src/ingest/jetstream/names.ts";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { openPublicationLog } from "../../../src/ingest/jetstream/publication-log.ts";
import { openReferenceStore } from "../../../src/ingest/jetstream/reference-store.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { openUsagePublisher } from "../../../src/ingest/jetstream/usage-publisher.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import type { TestServer } from "../../support/nats-server.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

const encoder = new TextEncoder();
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

describe("control, publication and reference logs", () => {
  let server: TestServer;
  let connection: BrokerConnection;
  let other: BrokerConnection;

  beforeAll(async () => {
    server = await startNatsServer({ partitionCount: 4 });
    connection = await testConnection(server.url);
    other = await testConnection(server.url, "other owner");
    await ensureTopology(connection, { partitionCount: 4 });
  });
  afterAll(async () => {
    await other.close();
    await connection.close();
    await server.stop();
  });

  test("of two owners that append at the same place one wins and the other learns of it", async () => {
    const mine = openControlLog(connection, 0);
    const theirs = openControlLog(other, 0);
    expect(await mine.append(encoder.encode("genesis"), 0)).toBe(1);
    expect(await theirs.append(encoder.encode("acquired"), 1)).toBe(2);
    await expect(mine.append(encoder.encode("late"), 1)).rejects.toMatchObject({ code: "control-log-moved" });
    // Equal records of two owners are still two records.
    const outcomes = await Promise.allSettled([
      mine.append(encoder.encode("same"), 2),
      theirs.append(encoder.encode("same"), 2),
    ]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    expect(refused).toMatchObject({ reason: { code: "control-log-moved" } });
    expect((await mine.readFrom(1)).map((message) => text(message.data))).toEqual([
      "genesis",
      "acquired",
      "same",
    ]);
    expect((await mine.readFrom(3)).map((message) => message.sequence)).toEqual([3]);
    expect(await mine.readFrom(4)).toEqual([]);
    expect(await mine.identity()).toMatchObject({ firstSequence: 1, lastSequence: 3 });
  });

  test("an expected end behind or ahead of the log is refused", async () => {
    const log = openControlLog(connection, 1);
    await expect(log.append(encoder.encode("x"), 5)).rejects.toMatchObject({ code: "control-log-moved" });
    await log.append(encoder.encode("x"), 0);
    await expect(log.append(encoder.encode("y"), 0)).rejects.toMatchObject({ code: "control-log-moved" });
  });

  test("a log that does not exist is said to be missing", async () => {
    await expect(openControlLog(connection, 9).identity()).rejects.toMatchObject({ code: "stream-missing" });
  });

  test("a long log is read whole", async () => {
    const log = openControlLog(connection, 2);
    for (let i = 0; i < 300; i++) await log.append(encoder.encode(`${i}`), i);
    const messages = await log.readFrom(1);
    expect(messages.map((message) => text(message.data))).toEqual(
      Array.from({ length: 300 }, (_, i) => `${i}`),
    );
  });

  test("a publication that is repeated long after the duplicate window is stored once", async () => {
    // The window that Nats-Msg-Id works in is made so small that it plays no part.
    await connection.manager.streams.update(RATED_STREAM, { duplicate_window: nanos(100) });
    const log = openPublicationLog(connection, RATED_STREAM);
    const subject = "rated.0.usage";
    expect(await log.last(subject)).toEqual({ ordinal: 0, sequence: 0 });
    const publish = async (first: number, last: number, body: string, expected: number): Promise<number> =>
      await log.publish(subject, encoder.encode(body), {
        contentType: "application/json",
        messageId: `0:${first}-${last}`,
        firstOrdinal: first,
        lastOrdinal: last,
        expectedSequence: expected,
      });
    const one = await publish(1, 10, "one", 0);
    expect(await log.last(subject)).toEqual({ ordinal: 10, sequence: one });
    // Another subject of the stream in between.
    await openPublicationLog(other, RATED_STREAM).publish("rated.1.usage", encoder.encode("x"), {
      contentType: "application/json",
      messageId: "1:1-1",
      firstOrdinal: 1,
      lastOrdinal: 1,
      expectedSequence: 0,
    });
    const two = await publish(11, 12, "two", one);
    await waitUntil("the window is over", async () => {
      const ack = await connection.jetstream.publish("rated.2.usage", "", { msgID: "window" });
      return !ack.duplicate && ack.seq > two + 1;
    });
    const stored = async (): Promise<number> =>
      (await connection.manager.streams.info(RATED_STREAM, { subjects_filter: subject })).state.subjects?.[
        subject
      ] ?? 0;
    // A crash after the publication and before the cursor: the same comes again.
    expect(await publish(11, 12, "two", one)).toBe(two);
    expect(await stored()).toBe(2);
    await expect(publish(11, 12, "another two", one)).rejects.toMatchObject({ code: "publication-fenced" });
    await expect(publish(1, 10, "one", 0)).rejects.toMatchObject({ code: "publication-fenced" });
    expect(await stored()).toBe(2);
    expect(await publish(13, 13, "three", two)).toBeGreaterThan(two);
    expect((await log.last(subject)).ordinal).toBe(13);
  });

  test("within the duplicate window a repetition gives the sequence of the first", async () => {
    const log = openPublicationLog(connection, "DLQ");
    const options = {
      contentType: "application/json",
      messageId: "dead:1-1",
      firstOrdinal: 1,
      lastOrdinal: 1,
      expectedSequence: 0,
    };
    const sequence = await log.publish("dlq.0", encoder.encode("dead"), options);
    expect(await log.publish("dlq.0", encoder.encode("dead"), options)).toBe(sequence);
    expect((await connection.manager.streams.info("DLQ")).state.messages).toBe(1);
  });

  test("a foreign message on the subject is not taken for ours", async () => {
    await connection.jetstream.publish("dlq.1", "foreign");
    await expect(openPublicationLog(connection, "DLQ").last("dlq.1")).rejects.toMatchObject({
      code: "publication-fenced",
    });
  });

  test("reference objects of any size come back as they were put", async () => {
    const store = openReferenceStore(connection);
    const large = new Uint8Array(randomBytes(2_500_000));
    for (const bytes of [new Uint8Array(0), encoder.encode("catalog"), large]) {
      const hash = createHash("sha256").update(bytes).digest("hex");
      expect(await store.get("catalog", hash)).toBeUndefined();
      await store.put("catalog", hash, bytes);
      const before = (await connection.manager.streams.info(REFERENCE_STREAM)).state.messages;
      await store.put("catalog", hash, bytes);
      expect((await connection.manager.streams.info(REFERENCE_STREAM)).state.messages).toBe(before);
      const found = await store.get("catalog", hash);
      expect(found !== undefined && Buffer.compare(found, bytes)).toBe(0);
    }
    // The tail is missing, as after a put that broke off: not there; a repetition completes it.
    const hash = createHash("sha256").update(large).digest("hex");
    const { state } = await connection.manager.streams.info(REFERENCE_STREAM);
    await connection.manager.streams.deleteMessage(REFERENCE_STREAM, state.last_seq);
    expect(await store.get("catalog", hash)).toBeUndefined();
    await store.put("catalog", hash, large);
    expect((await store.get("catalog", hash))?.length).toBe(large.length);
  });

  test("a reference object that is not what its hash says is refused", async () => {
    const store = openReferenceStore(connection);
    const hash = createHash("sha256").update("right").digest("hex");
    await expect(store.put("catalog", hash, encoder.encode("wrong"))).rejects.toMatchObject({
      code: "reference-corrupt",
    });
    await connection.jetstream.publish(`reference.catalog.${hash}.0`, "not compressed");
    await expect(store.get("catalog", hash)).rejects.toMatchObject({ code: "reference-corrupt" });
  });

  test("a single usage message is stored once however often it is published", async () => {
    const publisher = openUsagePublisher(connection, { publishDeadlineMs: 300 });
    const before = (await connection.manager.streams.info("USAGE_2")).state.messages;
    for (let i = 0; i < 3; i++)
      await publisher.publish("usage.2.eu", "application/json", encoder.encode("x"), "moved");
    expect((await connection.manager.streams.info("USAGE_2")).state.messages).toBe(before + 1);
    const stored = await openUsageLog(connection, 2).messageAt(before + 1);
    expect(stored).toMatchObject({ subject: "usage.2.eu", contentType: "application/json" });
    await expect(
      publisher.publish("nobody.listens", "application/json", encoder.encode("x"), "lost"),
    ).rejects.toMatchObject({ code: "publish-failed", message: expect.stringContaining("nobody.listens") });
  });

  test("the publisher counts every acknowledgement and surfaces a refusal", async () => {
    const message = (n: number) => ({
      subject: "usage.3.eu",
      data: encoder.encode(`${n}`),
      contentType: "application/json",
      messageId: `message ${n}`,
    });
    const hundred = Array.from({ length: 100 }, (_, n) => message(n));
    expect(await publishAll(connection, hundred, { window: 7 })).toEqual({ stored: 100, duplicates: 0 });
    expect(await publishAll(connection, [...hundred, message(100)])).toEqual({ stored: 1, duplicates: 100 });
    await expect(
      publishAll(connection, [{ subject: "nobody.listens", data: new Uint8Array(0), contentType: "" }]),
    ).rejects.toMatchObject({ code: "publish-failed", message: expect.stringContaining("nobody.listens") });
  });
});
