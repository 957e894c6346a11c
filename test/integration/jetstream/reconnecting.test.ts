import { setTimeout as delay } from "node:timers/promises";
import { connect } from "nats";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connectBroker, type BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { consumerName, usageStream } from "../../../src/ingest/jetstream/names.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { whenAvailable } from "../../../src/ingest/jetstream/when-available.ts";
import { startNatsCluster, type TestCluster } from "../../support/nats-cluster.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { publishNumbered, Reading, testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

const HOUR_MS = 3_600_000;
/** Far less than the hour by which the clock is off. */
const SOON_MS = 60_000;
const ANSWER_MS = 1_000;
/** Twice what it takes, and less than half of what it took with the client's usual patience. */
const GIVEN_UP_MS = 30_000;

/** A leader goes on answering for some seconds after it has lost the others; then there is no answer, or one that says so. */
async function isLeaderless(url: string): Promise<boolean> {
  const client = await connect({ servers: url });
  try {
    const answer = await client.request("$JS.API.INFO", "", { timeout: ANSWER_MS });
    return answer.json<{ readonly error?: unknown }>().error !== undefined;
  } catch {
    return true;
  } finally {
    await client.close();
  }
}

/** The server that a connection is to. */
function memberOf({ servers }: TestCluster, { client }: BrokerConnection): TestCluster["servers"][number] {
  const member = servers.find(({ port }) => client.getServer().endsWith(`:${port}`));
  if (member === undefined) throw new Error(`no server ${client.getServer()}`);
  return member;
}

describe("with one server", () => {
  let server: TestServer;
  afterEach(async () => {
    vi.restoreAllMocks();
    await server.stop();
  });

  test("a clock that was set back does not keep the connection from being made again", async () => {
    server = await startNatsServer({ partitionCount: 1 });
    const machineNow = Date.now.bind(Date);
    const clock = vi.spyOn(Date, "now").mockImplementation(() => machineNow() + HOUR_MS);
    const connection = await testConnection(server.url);
    // The last attempt is one of an hour ahead.
    await server.kill();
    await waitUntil("the loss is noticed", () => connection.status !== "connected");
    await server.restart();
    await waitUntil("the connection is back", () => connection.status === "connected");
    clock.mockImplementation(machineNow);
    await server.kill();
    await waitUntil("the second loss is noticed", () => connection.status !== "connected");
    await server.restart();
    await waitUntil("the connection is back again", () => connection.status === "connected", SOON_MS);
    expect(connection.status).toBe("connected");
    await connection.close();
  });
});

describe("in a cluster", () => {
  let cluster: TestCluster;
  afterEach(async () => {
    await cluster.stop();
  });

  test("whoever connects while there is no leader waits for one", async () => {
    cluster = await startNatsCluster({ partitionCount: 1 });
    const [first, second, third] = cluster.servers;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error("three servers were expected");
    await Promise.all([first.kill(), second.kill()]);
    await waitUntil("nobody leads", () => isLeaderless(third.url));
    let isConnected = false;
    const connecting = connectBroker({ servers: cluster.urls, name: "test" }).finally(() => {
      isConnected = true;
    });
    // Without a majority nobody can answer; the question is asked again, and is no fault.
    await delay(2_000);
    expect(isConnected).toBe(false);
    await second.restart();
    const connection = await connecting;
    expect(connection.status).toBe("connected");
    await connection.close();
  });

  test("JetStream that stays without an answer is a broker that can't be reached", async () => {
    cluster = await startNatsCluster({ partitionCount: 1 });
    const [left, ...others] = cluster.servers;
    await Promise.all(others.map((server) => server.kill()));
    await waitUntil("nobody leads", () => isLeaderless(left?.url ?? ""));
    await expect(
      connectBroker({ servers: cluster.urls, name: "test", availabilityDeadlineMs: 1_000 }),
    ).rejects.toMatchObject({ code: "broker-unreachable" });
  });

  test("a server that keeps the connection and is silent is given up for another one", async () => {
    cluster = await startNatsCluster({ partitionCount: 1 });
    const connection = await connectBroker({ servers: cluster.urls, name: "test" });
    const silent = memberOf(cluster, connection);
    const pid = silent.pid();
    process.kill(pid, "SIGSTOP");
    try {
      await waitUntil(
        "another server is connected",
        () => connection.status === "connected" && memberOf(cluster, connection) !== silent,
        GIVEN_UP_MS,
      );
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect(memberOf(cluster, connection)).not.toBe(silent);
    await connection.close();
  });

  test("a reader reads on when the server of its consumer is killed", async () => {
    cluster = await startNatsCluster({ partitionCount: 1 });
    const connection = await connectBroker({ servers: cluster.urls, name: "test" });
    await whenAvailable(() => ensureTopology(connection, { partitionCount: 1, replicas: 3 }));
    await publishNumbered(connection, 0, 1, 100);
    const reader = await openUsageLog(connection, 0).openReader(1);
    const reading = new Reading(reader);
    await reading.upTo(100);
    const { cluster: place, config } = await connection.manager.consumers.info(
      usageStream(0),
      consumerName(0),
    );
    expect(config.num_replicas).toBe(1);
    await cluster.servers[Number(place?.leader?.slice("server-".length))]?.kill();
    await waitUntil("the stream takes messages again", () =>
      publishNumbered(connection, 0, reading.last + 1, reading.last + 1).then(
        () => true,
        () => false,
      ),
    );
    const { state } = await connection.manager.streams.info(usageStream(0));
    await reading.upTo(state.last_seq);
    expect([reading.last, reading.count, reading.ended]).toEqual([state.last_seq, state.last_seq, false]);
    await reader.stop();
    await connection.close();
  });
});
