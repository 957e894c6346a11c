import { setTimeout as delay } from "node:timers/promises";
import { connect } from "nats";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connectBroker } from "../../../src/ingest/jetstream/connection.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { startNatsCluster, type TestCluster } from "../../support/nats-cluster.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { publishNumbered, testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

const HOUR_MS = 3_600_000;
/** Far less than the hour by which the clock is off. */
const SOON_MS = 60_000;
const ANSWER_MS = 1_000;

/** A leader goes on answering for some seconds after it has lost the others. */
async function isLeaderless(url: string): Promise<boolean> {
  const client = await connect({ servers: url });
  try {
    await client.request("$JS.API.INFO", "", { timeout: ANSWER_MS });
    return false;
  } catch {
    return true;
  } finally {
    await client.close();
  }
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
    await connection.close();
  });
});

describe("in a cluster", () => {
  let cluster: TestCluster;
  afterEach(async () => {
    await cluster.stop();
  });

  test("whoever connects while there is no leader waits for one, and works with any server that is left", async () => {
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
    await ensureTopology(connection, { partitionCount: 1, replicas: 1 });
    await publishNumbered(connection, 0, 1, 10);
    // Whichever server it is connected to: another one takes over.
    await first.restart();
    const connectedTo = cluster.servers.find(({ port }) =>
      (connection.client.getServer() ?? "").endsWith(`:${port}`),
    );
    await connectedTo?.kill();
    await waitUntil("another server is connected", () => {
      const address = connection.client.getServer();
      return connection.status === "connected" && !address.endsWith(`:${connectedTo?.port}`);
    });
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
});
