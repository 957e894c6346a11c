import { afterAll, beforeAll, expect, test } from "vitest";
import type { BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { RATED_STREAM } from "../../src/ingest/jetstream/names.ts";
import { openPublicationLog } from "../../src/ingest/jetstream/publication-log.ts";
import { ensureTopology } from "../../src/ingest/jetstream/topology.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { PartitionStore } from "../../src/model/store.ts";
import { PUBLICATION_CHUNK } from "../../src/sinks/outbox-chunk.ts";
import { OutboxRunner } from "../../src/sinks/outbox-runner.ts";
import { ratedTarget } from "../../src/sinks/publication-target.ts";
import { openPartitionStore } from "../../src/state/partition-store.ts";
import { checkpointAt, ratedEntries } from "../support/checkpoints.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testConnection } from "../support/usage-reading.ts";
import { waitUntil } from "../support/wait-until.ts";

const IDENTITY = { partition: 1, partitionCount: 2 };
const SUBJECT = "rated.1";

let server: TestServer;
let connection: BrokerConnection;

beforeAll(async () => {
  server = await startNatsServer({ partitionCount: 2 });
  connection = await testConnection(server.url);
  await ensureTopology(connection, { partitionCount: 2 });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

function runnerOn(store: PartitionStore, failed: string[]): OutboxRunner {
  // A short deadline, so that an outage is the runner's to bridge and not the log's.
  const log = openPublicationLog(connection, RATED_STREAM, { publishDeadlineMs: 500 });
  return new OutboxRunner({
    store,
    target: ratedTarget({ partition: 1, log }),
    limits: PUBLICATION_CHUNK,
    clock: systemClock,
    random: Math.random,
    onFailed: (error) => failed.push(error.code),
  });
}

/** Ids of all events on the subject, in the order of the stream. */
async function publishedIds(): Promise<string[]> {
  const { state } = await connection.manager.streams.info(RATED_STREAM);
  const ids: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await connection.manager.streams.getMessage(RATED_STREAM, { seq });
    if (message.subject !== SUBJECT) continue;
    ids.push(...[...message.string().matchAll(/"id":"([^"]+)"/g)].map((match) => match[1] ?? ""));
  }
  return ids;
}

function ids(last: number): string[] {
  return Array.from({ length: last }, (_, index) => `1-${index + 1}`);
}

test("each entry is published once through an outage, a restart, a lost state and a former owner", async () => {
  const folder = temporaryFolder();
  const failed: string[] = [];
  const store = openPartitionStore(folder, IDENTITY);
  const runner = runnerOn(store, failed);
  runner.start();
  await store.commit(checkpointAt(1, { outbox: ratedEntries(1, 1_200) }));
  runner.kick();
  await waitUntil("the first chunks are published", () => runner.state().pending === 0);

  await server.kill();
  await store.commit(checkpointAt(2, { outbox: ratedEntries(1_201, 2_000) }));
  runner.kick();
  await waitUntil("the outage shows", () => runner.state().failures > 0);
  expect(runner.state()).toMatchObject({ pending: 800, deliveredOrdinal: 1_200 });
  await server.restart();
  await waitUntil("the backlog is published", () => runner.state().pending === 0);
  expect(runner.state()).toMatchObject({ failures: 0, deliveredOrdinal: 2_000 });
  expect(await publishedIds()).toEqual(ids(2_000));

  // A successor on another machine builds the state again from the logs; its cursor is at 0.
  const rebuilt = openPartitionStore(temporaryFolder(), IDENTITY);
  await rebuilt.commit(checkpointAt(1, { outbox: ratedEntries(1, 2_100) }));
  const successor = runnerOn(rebuilt, failed);
  successor.start();
  expect(await successor.drain(30_000)).toBe(true);
  expect(await publishedIds()).toEqual(ids(2_100));

  // The former owner goes on with another cut of the same entries, and is refused for good.
  await store.commit(checkpointAt(3, { outbox: ratedEntries(2_001, 2_050) }));
  runner.kick();
  await waitUntil("the former owner is refused", () => failed.length > 0);
  expect(failed).toEqual(["publication-fenced"]);
  expect(runner.state().phase).toBe("failed");
  expect(await publishedIds()).toEqual(ids(2_100));

  await Promise.all([runner.stop(), successor.stop()]);
  store.close();
  rebuilt.close();
});
