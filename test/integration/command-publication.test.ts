import { afterAll, beforeAll, expect, test } from "vitest";
import type { BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { commandStream, ORDINALS_HEADER } from "../../src/ingest/jetstream/names.ts";
import { openCommandLog } from "../../src/ingest/jetstream/posting-logs.ts";
import { openPublicationLog } from "../../src/ingest/jetstream/publication-log.ts";
import { ensureTopology } from "../../src/ingest/jetstream/topology.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { FaultInjector } from "../../src/model/fault-injection.ts";
import type { OutboxEntry } from "../../src/model/outputs.ts";
import type { PartitionStore } from "../../src/model/store.ts";
import { OutboxDelivery } from "../../src/sinks/outbox-delivery.ts";
import { OutboxRunner } from "../../src/sinks/outbox-runner.ts";
import { commandTarget, commandTargetName } from "../../src/sinks/publication-target.ts";
import { openPartitionStore } from "../../src/state/partition-store.ts";
import { checkpointAt } from "../support/checkpoints.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testConnection } from "../support/usage-reading.ts";
import { waitUntil } from "../support/wait-until.ts";

const IDENTITY = { partition: 1, partitionCount: 2 };
const CONNECTIONS = ["north", "south"];
/** Small chunks, so that many hold commands of one connection alone. */
const LIMITS = { entriesMax: 4, bytesMax: 64 * 1024, lingerMs: 0 };

let server: TestServer;
let connection: BrokerConnection;

beforeAll(async () => {
  server = await startNatsServer({ partitionCount: 2 });
  connection = await testConnection(server.url);
  await ensureTopology(connection, { partitionCount: 2, erpConnections: CONNECTIONS });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

/** The first forty are north's, then both take turns, and the last forty are south's. */
function connectionOf(ordinal: number): string {
  if (ordinal <= 40) return "north";
  if (ordinal > 160) return "south";
  return ordinal % 3 === 0 ? "south" : "north";
}

function entries(first: number, last: number): OutboxEntry[] {
  return Array.from({ length: last - first + 1 }, (_, index): OutboxEntry => {
    const ordinal = first + index;
    const body = JSON.stringify({ connection: connectionOf(ordinal), key: `invoice:${ordinal}` });
    return { channel: "command", ordinal, body };
  });
}

function keysOf(erpConnection: string, last: number): string[] {
  return Array.from({ length: last }, (_, index) => index + 1)
    .filter((ordinal) => connectionOf(ordinal) === erpConnection)
    .map((ordinal) => `invoice:${ordinal}`);
}

function deliveryOn(store: PartitionStore, options: { faults?: FaultInjector } = {}): OutboxDelivery {
  const runners = CONNECTIONS.map((erpConnection) => {
    const log = openPublicationLog(connection, commandStream(erpConnection), { publishDeadlineMs: 2_000 });
    return new OutboxRunner({
      store,
      target: commandTarget({
        partition: 1,
        connection: erpConnection,
        log,
        ...(options.faults && { faults: options.faults }),
      }),
      limits: LIMITS,
      clock: systemClock,
      random: Math.random,
      onFailed: (error) => {
        throw error;
      },
    });
  });
  return new OutboxDelivery(store, runners);
}

/** Keys of all commands of a connection, as its runner reads them. */
async function publishedKeys(erpConnection: string): Promise<string[]> {
  const log = openCommandLog(connection, erpConnection);
  const { lastSequence } = await log.identity();
  const keys: string[] = [];
  if (lastSequence === 0) return keys;
  const reader = await log.openReader(1);
  let seen = 0;
  reader.start((messages) => {
    for (const { sequence, data } of messages) {
      seen = sequence;
      const commands: { readonly key: string; readonly connection: string }[] = JSON.parse(
        new TextDecoder().decode(data),
      );
      for (const { key, connection: of } of commands) {
        expect(of).toBe(erpConnection);
        keys.push(key);
      }
    }
    return Promise.resolve();
  });
  await waitUntil("all commands are read", () => seen >= lastSequence);
  await reader.stop();
  return keys;
}

test("each command is published once to its connection's stream, through crashes and a lost state", async () => {
  const store = openPartitionStore(temporaryFolder(), IDENTITY);
  await store.commit(checkpointAt(1, { outbox: entries(1, 100) }));
  // The process ends behind each publication, before the cursor moves: time and again.
  let publications = 0;
  const crash: FaultInjector = {
    reach: (point) => {
      if (point !== "after-publish-before-cursor") return;
      publications += 1;
      throw new Error("crash");
    },
  };
  for (let attempt = 0; attempt < 6; attempt++) {
    const before = publications;
    const crashing = deliveryOn(store, { faults: crash });
    crashing.start();
    await waitUntil("a publication whose cursor did not move", () => publications > before);
    await crashing.stop();
  }
  const delivery = deliveryOn(store);
  delivery.start();
  expect(await delivery.drain(30_000)).toBe(true);
  for (const each of CONNECTIONS) expect(await publishedKeys(each)).toEqual(keysOf(each, 100));
  // Chunks without a command of the connection moved its cursor all the same.
  for (const { deliveredOrdinal, missingAtTarget } of delivery.states())
    expect([deliveredOrdinal, missingAtTarget]).toEqual([100, 0]);
  await delivery.stop();

  // A successor builds the state again from the logs; its cursors are at 0, and it has more to deliver.
  const rebuilt = openPartitionStore(temporaryFolder(), IDENTITY);
  await rebuilt.commit(checkpointAt(1, { outbox: entries(1, 200) }));
  const successor = deliveryOn(rebuilt);
  const fenced = await successor.fence("successor");
  expect(fenced.map(({ ordinal }) => ordinal).every((ordinal) => ordinal > 0 && ordinal <= 100)).toBe(true);
  successor.start();
  expect(await successor.drain(30_000)).toBe(true);
  for (const each of CONNECTIONS) expect(await publishedKeys(each)).toEqual(keysOf(each, 200));
  // What both have left the outbox.
  expect(rebuilt.outboxAfter("command", 0, 10)).toEqual([]);

  // The former state, started again, finds that the streams have more than its cursors say.
  await store.commit(checkpointAt(2, { outbox: entries(101, 165) }));
  const former = deliveryOn(store);
  former.start();
  expect(await former.drain(5_000)).toBe(true);
  for (const each of CONNECTIONS) expect(await publishedKeys(each)).toEqual(keysOf(each, 200));

  await former.stop();
  await successor.stop();
  store.close();
  rebuilt.close();
});

test("a publication names the ordinals of its whole chunk", async () => {
  const { messages } = (await connection.manager.streams.info(commandStream("south"))).state;
  expect(messages).toBeGreaterThan(1);
  const message = await connection.manager.streams.getMessage(commandStream("south"), { seq: 1 });
  // The chunk of 41 to 44 is the first that has one of south's.
  expect(message.header.get(ORDINALS_HEADER)).toBe("41-44");
  expect(message.json()).toMatchObject([{ key: "invoice:42" }]);
  expect(commandTargetName("south")).toBe("publish-command-south");
});
