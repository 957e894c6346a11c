import { StorageType } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectBroker, type BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { openPublicationLog } from "../../src/ingest/jetstream/publication-log.ts";
import { startNatsCluster, type TestCluster } from "../support/nats-cluster.ts";
import { waitUntil } from "../support/wait-until.ts";

const STREAM = "REPEATED";
const PUBLICATIONS = 50;
/** Attempts that the cluster gets at once, so that most come while the first is in flight. */
const AT_ONCE = 5;
let cluster: TestCluster;
let connection: BrokerConnection;

beforeAll(async () => {
  cluster = await startNatsCluster({ partitionCount: 1 });
  connection = await connectBroker({ servers: cluster.urls, name: "test" });
  const wanted = {
    name: STREAM,
    subjects: ["repeated.>"],
    num_replicas: 3,
    storage: StorageType.File,
  };
  await waitUntil("a stream of three copies", () =>
    connection.manager.streams.add(wanted).then(
      () => true,
      () => false,
    ),
  );
});
afterAll(async () => {
  await connection.close();
  await cluster.stop();
});

const all = <Result>(act: () => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, act));

test("this cluster acknowledges what is in flight with sequence 0, and a publication never takes that for its own", async () => {
  const raw: number[] = [];
  for (let id = 1; id <= PUBLICATIONS; id++)
    for (const { seq } of await all(() =>
      connection.jetstream.publish("repeated.raw", "x", { msgID: `raw-${id}` }),
    ))
      raw.push(seq);
  // Otherwise the rest of this test shows nothing.
  expect(raw.filter((sequence) => sequence === 0).length).toBeGreaterThan(0);

  const log = openPublicationLog(connection, STREAM);
  let expectedSequence = 0;
  for (let ordinal = 1; ordinal <= PUBLICATIONS; ordinal++) {
    const options = {
      contentType: "application/json",
      messageId: `publication-${ordinal}`,
      firstOrdinal: ordinal,
      lastOrdinal: ordinal,
      expectedSequence,
    };
    const sequences = await all(() => log.publish("repeated.rated", Buffer.from(`[${ordinal}]`), options));
    expect(new Set(sequences).size).toBe(1);
    expectedSequence = sequences[0] ?? 0;
    expect(await log.last("repeated.rated")).toEqual({ ordinal, sequence: expectedSequence });
  }
});
