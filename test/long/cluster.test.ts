import { afterEach, expect, test } from "vitest";
import { connectBroker, type BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { controlStream, RATED_STREAM, usageStream } from "../../src/ingest/jetstream/names.ts";
import { publishAll } from "../../src/ingest/jetstream/producer.ts";
import { startCluster } from "../support/example-servers.ts";
import type { TestServer } from "../support/nats-server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { expectAmountsAddUp, expectCounted, expectRated } from "../support/worker/checks.ts";
import { generateLoad, type LoadedMessage } from "../support/worker/load.ts";
import { readRated } from "../support/worker/results.ts";
import { truthOf } from "../support/worker/truth.ts";
import { ACCOUNTS } from "../support/worker/usage-catalog.ts";
import { settle, Workspace } from "../support/worker/workspace.ts";

const EVENTS = 800;
let servers: readonly TestServer[] = [];
let connection: BrokerConnection;
let workspace: Workspace;

afterEach(async () => {
  await workspace.close();
  await connection.close();
  await Promise.all(servers.map((server) => server.stop()));
});

/** The server that a client of this name is connected to. */
async function serverOf(client: string): Promise<TestServer> {
  for (const server of servers) {
    const answer = await fetch(`${server.monitorUrl}/connz`);
    const { connections }: { readonly connections: readonly { readonly name?: string }[] } = JSON.parse(
      await answer.text(),
    );
    if (connections.some(({ name }) => name === client)) return server;
  }
  throw new Error(`${client} is connected to none`);
}

test("a worker goes on through changes of leaders and the loss of the node that it is connected to", async () => {
  servers = await startCluster(1);
  const urls = servers.map(({ url }) => url);
  // A server without a leader of the cluster has no JetStream yet.
  await waitUntil("the cluster has a leader", async () => {
    try {
      connection = await connectBroker({ servers: urls, name: "test" });
      return true;
    } catch {
      return false;
    }
  });
  await waitUntil("the nodes know each other well enough for three replicas", async () => {
    const probe = { name: "PROBE", subjects: ["probe"], num_replicas: 3 };
    return connection.manager.streams.add(probe).then(
      () => connection.manager.streams.delete(probe.name),
      () => false,
    );
  });
  const endMs = Date.now();
  const anchorDay = new Date(endMs - 20 * 3_600_000).getUTCDate();
  workspace = new Workspace({ natsUrl: urls.join(","), partitionCount: 1, catalog: { anchorDay } });
  const load = generateLoad({ seed: 7, events: EVENTS, partitionCount: 1, endMs });
  const truth = truthOf(load, 1, ACCOUNTS);
  const part = (n: number): LoadedMessage[] =>
    load.slice(Math.floor((load.length * n) / 4), Math.floor((load.length * (n + 1)) / 4));
  const worker = workspace.start({ replicas: 3 });
  await worker.ready();
  const { config } = await connection.manager.streams.info(usageStream(0));
  expect(config.num_replicas).toBe(3);
  await publishAll(connection, part(0));

  for (const stream of [usageStream(0), controlStream(0), RATED_STREAM]) {
    const { cluster: before } = await connection.manager.streams.info(stream);
    await connection.client.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`);
    await waitUntil(`${stream} has another leader`, async () => {
      try {
        const { cluster } = await connection.manager.streams.info(stream);
        return cluster?.leader !== undefined && cluster.leader !== before?.leader;
      } catch {
        return false;
      }
    });
    if (stream === usageStream(0)) await publishAll(connection, part(1));
  }
  const lost = await serverOf("tributary-worker");
  await lost.kill();
  await waitUntil("the test is connected", () => connection.status === "connected");
  // What was not acknowledged is published once more, under the ids that the broker knows.
  const named = part(2).map((message, n) => ({ ...message, messageId: `named-${n}` }));
  await waitUntil("usage is published without the node", () =>
    publishAll(connection, named).then(
      () => true,
      () => false,
    ),
  );
  await worker.until("the worker is connected to another node", async () => {
    return (await worker.readyz())?.ready === true;
  });
  await lost.restart();
  await publishAll(connection, part(3));
  await settle(workspace, worker, connection);
  await worker.drain();
  expectCounted(await workspace.inspect(), truth);
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expectRated(rated, truth, anchorDay);
});
