import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import { noFaults } from "../../../src/model/fault-injection.ts";
import type { PostingResult } from "../../../src/model/posting.ts";
import type { PostingStore } from "../../../src/model/posting-store.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { openLeaseKeeper } from "../../../src/ingest/jetstream/lease-keeper.ts";
import { commandSubject, runnerLease } from "../../../src/ingest/jetstream/names.ts";
import { openCommandLog, openPostingLog } from "../../../src/ingest/jetstream/posting-logs.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { defaultPolicy } from "../../../src/sinks/posting/posting-policy.ts";
import { PostingRunner } from "../../../src/sinks/posting/posting-runner.ts";
import { DEFAULT_RECONCILIATION } from "../../../src/sinks/posting/runner-options.ts";
import { dumpOf, openPostingStore } from "../../../src/state/postings/posting-store.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { CONNECTION, journalCommand } from "../../support/posting/commands.ts";
import { ScriptedErp } from "../../support/posting/scripted-erp.ts";
import { seeded } from "../../support/posting/sim-clock.ts";
import { SimProcess } from "../../support/posting/sim-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

const DOCUMENTS = 120;
const LEASE_MS = 3_000;
const DEADLINE_MS = 1_000;
const SETTLE_MS = 500;

let server: TestServer;
const connections: BrokerConnection[] = [];

async function connect(name: string): Promise<BrokerConnection> {
  const connection = await testConnection(server.url, name);
  connections.push(connection);
  return connection;
}

beforeAll(async () => {
  server = await startNatsServer({ partitionCount: 1 });
  await ensureTopology(await connect("topology"), { partitionCount: 1, erpConnections: [CONNECTION] });
});
afterAll(async () => {
  for (const connection of connections) await connection.close();
  await server.stop();
});

const random = seeded(5);
const erp = new ScriptedErp({
  clock: {
    ...systemClock,
    delay: (ms) =>
      new Promise((resolve) => {
        systemClock.schedule(ms, resolve);
      }),
  },
  requestDeadlineMs: DEADLINE_MS,
  settleDelayMs: SETTLE_MS,
  maxReadBack: 20,
  latencyMs: () => 10,
  behaviour: () => (random() < 0.05 ? { kind: "lost-after" } : { kind: "answer" }),
  refusesDuplicates: false,
  limits: { maxConcurrent: 5 },
});

async function runnerOn(connection: BrokerConnection, store: PostingStore, told: Map<string, PostingResult>) {
  const sink = erp.sinkOf(new SimProcess(systemClock, 0));
  const leases = await openLeaseKeeper({
    connection,
    replicas: 1,
    clock: systemClock,
    owner: "worker",
    leaseMs: LEASE_MS,
    onFault: () => undefined,
  });
  return new PostingRunner({
    connection: CONNECTION,
    leaseName: runnerLease(CONNECTION),
    owner: "worker",
    sink,
    commands: openCommandLog(connection, CONNECTION),
    postings: openPostingLog(connection, CONNECTION),
    leases,
    store,
    results: {
      maxResults: 50,
      send: (_, results) => {
        for (const result of results) told.set(result.key, result);
        return Promise.resolve();
      },
    },
    quota: { maxConcurrent: 5, rate: undefined, perDay: undefined },
    policy: defaultPolicy(sink),
    reconciliation: DEFAULT_RECONCILIATION,
    clock: systemClock,
    random,
    faults: noFaults,
    onFault: () => undefined,
    onResultFailed: () => undefined,
    onSubscribed: () => undefined,
    onSubscriptionFailed: () => undefined,
  });
}

test("two runners on a broker post each document once, though the first one loses the broker in the middle", async () => {
  const [publisher] = connections;
  for (let at = 0; at < DOCUMENTS; at += 20) {
    const commands = Array.from({ length: 20 }, (_, index) => journalCommand(`j${at + index}`));
    await publisher?.jetstream.publish(
      commandSubject(CONNECTION, 0),
      new TextEncoder().encode(JSON.stringify(commands)),
    );
  }
  const told = new Map<string, PostingResult>();
  const cut = await connect("first");
  const first = await runnerOn(cut, openPostingStore(temporaryFolder(), CONNECTION), told);
  const store = openPostingStore(temporaryFolder(), CONNECTION);
  const second = await runnerOn(await connect("second"), store, told);
  first.start();
  await waitUntil("the first runner posts", () => erp.ledger.length > 30);
  second.start();
  await cut.close();
  await waitUntil(
    "all are told to be reconciled",
    () => [...told.values()].filter(({ state }) => state === "reconciled").length === DOCUMENTS,
  );
  expect(new Set(erp.ledger.map(({ externalId }) => externalId)).size).toBe(DOCUMENTS);
  expect(erp.ledger).toHaveLength(DOCUMENTS);
  expect(erp.violations).toEqual([]);
  await Promise.all([first.stop(), second.stop()]);

  // A third one, which has nothing but the logs, sees the same and asks the ERP nothing but what it has.
  const dump = dumpOf(store);
  const again = openPostingStore(":memory:", CONNECTION);
  const requests = erp.requests;
  const third = await runnerOn(await connect("third"), again, told);
  third.start();
  await waitUntil("the third has read the logs", () => again.position().epoch > store.position().epoch);
  await third.stop();
  expect(erp.requests).toBe(requests);
  const withoutPosition = (text: string): string => text.replace(/^position .*\n/, "");
  expect(withoutPosition(dumpOf(again))).toBe(withoutPosition(dump));
  again.close();
  store.close();
});
