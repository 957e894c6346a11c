import { afterEach, describe, expect, test } from "vitest";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { openControlLog } from "../../../src/ingest/jetstream/control-log.ts";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import type { TestServer } from "../../support/nats-server.ts";
import { Reading, numbered, publishNumbered, testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

const encoder = new TextEncoder();

describe("while the broker comes and goes", () => {
  let server: TestServer;
  let connection: BrokerConnection;
  const start = async (): Promise<void> => {
    server = await startNatsServer({ partitionCount: 1 });
    connection = await testConnection(server.url);
    await ensureTopology(connection, { partitionCount: 1 });
  };
  afterEach(async () => {
    await connection.close();
    await server.stop();
  });

  test("a reader goes on after restarts in the middle of reading: nothing lost, nothing twice", async () => {
    await start();
    await publishNumbered(connection, 0, 1, 100_000);
    const reader = await openUsageLog(connection, 0).openReader(1);
    const restartAt = [10_000, 50_000];
    let restarts = 0;
    const reading = new Reading(reader, {
      eachRun: async (messages) => {
        if (reading.last < (restartAt[0] ?? Infinity)) return;
        restartAt.shift();
        restarts += 1;
        reader.acknowledge(messages[0]?.sequence ?? 0);
        if (restarts === 1) await server.restart();
        else {
          await server.kill();
          await server.restart();
        }
      },
    });
    await reading.upTo(100_000);
    expect(reading.ended).toBe(false);
    expect(restarts).toBe(2);
    expect(reading.faults).toEqual([]);
    expect(reading.count).toBe(100_000);
    await waitUntil("caught up", () => reader.caughtUp);
    await reader.stop();
  });

  test("an idle reader is not caught up without a broker, and reads on when it is back", async () => {
    await start();
    await publishNumbered(connection, 0, 1, 10);
    const reader = await openUsageLog(connection, 0).openReader(1);
    const reading = new Reading(reader);
    await waitUntil("caught up", () => reader.caughtUp);
    await server.kill();
    await waitUntil("not caught up", () => !reader.caughtUp);
    await server.restart();
    await waitUntil("caught up again", () => reader.caughtUp);
    await publishNumbered(connection, 0, 11, 20);
    await reading.upTo(20);
    expect(reading.count).toBe(20);
    expect(reading.faults).toEqual([]);
    await reader.stop();
  });

  test("a reader notices a broker that keeps the connection but is silent, and reads on afterwards", async () => {
    await start();
    await publishNumbered(connection, 0, 1, 10);
    const reader = await openUsageLog(connection, 0).openReader(1);
    const reading = new Reading(reader);
    await waitUntil("caught up", () => reader.caughtUp);
    const { pid } = server;
    process.kill(pid, "SIGSTOP");
    try {
      await waitUntil("the silence is noticed", () => !reader.caughtUp);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect(connection.status).toBe("connected");
    await publishNumbered(connection, 0, 11, 20);
    await reading.upTo(20);
    expect(reading.count).toBe(20);
    expect(reading.faults).toEqual([]);
    await waitUntil("caught up again", () => reader.caughtUp);
    await reader.stop();
  });

  test("an append that is cut off by the broker's death is either found or unknown, never doubled", async () => {
    await start();
    const log = openControlLog(connection, 0, { appendDeadlineMs: 20_000 });
    expect(await log.append(encoder.encode("1"), 0)).toBe(1);
    for (let round = 0; round < 3; round++) {
      const expected = 1 + round;
      const append = log.append(encoder.encode(`round ${round}`), expected);
      // With or without the record on the disk: the answer does not come.
      await server.kill();
      const restarted = server.restart();
      expect(await append).toBe(expected + 1);
      await restarted;
    }
    const messages = await log.readFrom(1);
    expect(messages.map((message) => new TextDecoder().decode(message.data))).toEqual([
      "1",
      "round 0",
      "round 1",
      "round 2",
    ]);
  });

  test("an append without a broker has an unknown outcome", async () => {
    await start();
    const log = openControlLog(connection, 0, { appendDeadlineMs: 500 });
    await server.kill();
    await waitUntil("the loss is noticed", () => connection.status !== "connected");
    await expect(log.append(encoder.encode("1"), 0)).rejects.toMatchObject({
      code: "control-append-unknown",
      details: { log: "CONTROL_0", expectedLastSequence: 0 },
    });
    await server.restart();
  });

  test("a publisher that loses its broker says so instead of losing messages", async () => {
    await start();
    const endless = async function* () {
      for (const message of numbered(0, 1, 1_000_000)) {
        if (message.data[0] === 53) await server.kill();
        yield message;
      }
    };
    await expect(publishAll(connection, endless(), { ackTimeoutMs: 500 })).rejects.toMatchObject({
      code: "publish-failed",
    });
    await server.restart();
  });
});
