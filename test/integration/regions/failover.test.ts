import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { closeReportSchema } from "../../../src/cli/schemas/close-schema.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { regionalStream, unplacedUsageSubject, usageStream } from "../../../src/ingest/jetstream/names.ts";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { Producer } from "../../../src/producer/producer.ts";
import { accountToken } from "../../../src/model/partition.ts";
import { startHub, startRegion, type TestHub } from "../../support/example-servers.ts";
import type { TestServer } from "../../support/nats-server.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";
import {
  endedMonth,
  monthlyFrom,
  publishedDocuments,
  standardPlan,
  unitsUsed,
  writeBilledCatalog,
} from "../../support/worker/billed-month.ts";
import { DAY_MS, HOUR_MS } from "../../support/worker/usage-catalog.ts";
import { encodeEvents, type UsageEvent } from "../../support/worker/usage-event.ts";
import { runCommand, type WorkerProcess } from "../../support/worker/worker-process.ts";
import { Workspace } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
const ACCOUNTS = ["acme", "globex", "initech", "hooli"];
/** Events of each step; `npm run test:long -- regions` has more of them, and more rounds. */
const EVENTS = Number(process.env["TRIBUTARY_REGION_EVENTS"] ?? "200");
const ROUNDS = Number(process.env["TRIBUTARY_REGION_ROUNDS"] ?? "1");
const UNIT_CENTS = 25;

let hub: TestHub;
let eu: TestServer;
let us: TestServer;
let euLink: TcpProxy;
let workspace: Workspace;
let connections: BrokerConnection[] = [];

afterEach(async () => {
  await workspace.close();
  await Promise.all(connections.map((connection) => connection.close()));
  connections = [];
  await Promise.all([eu.stop(), us.stop()]);
  await euLink.close();
  await hub.server.stop();
});

async function connected(server: TestServer): Promise<BrokerConnection> {
  const connection = await testConnection(server.url);
  connections.push(connection);
  return connection;
}

/** Publishes in a region, one event a message, as a producer does that doesn't know partitions; resolves when all is stored. */
async function publishIn(
  connection: BrokerConnection,
  region: string,
  events: readonly UsageEvent[],
): Promise<void> {
  await publishAll(
    connection,
    events.map((event) => ({
      subject: unplacedUsageSubject(accountToken(event.account), region),
      ...encodeEvents([event], "single"),
      messageId: event.id,
      stream: regionalStream(region),
    })),
  );
}

async function storedIn(connection: BrokerConnection, stream: string): Promise<number> {
  return (await connection.manager.streams.info(stream)).state.messages;
}

async function watermarksOf(worker: WorkerProcess, region: string) {
  const partitions = (await worker.status())?.partitions ?? [];
  return partitions.flatMap(({ watermarks }) => watermarks.filter((each) => each.region === region));
}

test("a region is cut off, dies and comes back with a backlog while its producers go on elsewhere: nothing is lost or doubled", async () => {
  hub = await startHub(PARTITIONS);
  euLink = await startTcpProxy(hub.leafPort);
  eu = await startRegion("eu", euLink.port, PARTITIONS);
  us = await startRegion("us", hub.leafPort, PARTITIONS);
  const atHub = await connected(hub.server);
  const inUs = await connected(us);
  let inEu = await connected(eu);

  const month = endedMonth();
  workspace = new Workspace({
    natsUrl: hub.server.url,
    partitionCount: PARTITIONS,
    catalog: { anchorDay: 1 },
  });
  writeBilledCatalog(workspace.catalogFolder, {
    "settings.json": { regions: ["eu", "us"], disorder: "10m", grace: "1h" },
    "legal_entities/entities.json": [{ key: "north", name: "North", country: "DE" }],
    ...standardPlan("EUR"),
    "contracts/contracts.json": ACCOUNTS.map((account) => ({
      id: `C-${account}`,
      customer: "customer",
      account,
      plan: { key: "standard", version: 1 },
      legal_entity: "north",
      ...monthlyFrom(month.startMs),
    })),
  });
  const config = { regions: ["eu", "us"], idleTimeout: "1s" };
  const worker = workspace.start(config);
  // It makes the regions' streams too.
  await worker.ready();
  const regionIs = (region: string, what: { idle?: boolean; reachable?: boolean }) =>
    worker.until(`region ${region} is ${JSON.stringify(what)} in all partitions`, async () => {
      const found = await watermarksOf(worker, region);
      return (
        found.length === PARTITIONS &&
        found.every(
          ({ idle, source }) =>
            (what.idle ?? idle) === idle && (what.reachable ?? source?.reachable) === source?.reachable,
        )
      );
    });

  const sent = new Map<string, UsageEvent>();
  let repeated = 0;
  let numbered = 0;
  const spool = join(workspace.folder, "spool");
  const meterIn = (region: string, broker: BrokerConnection) =>
    ({
      producer: "meter",
      region,
      folder: spool,
      broker,
      partitionCount: PARTITIONS,
      batchEvents: 1,
    }) as const;
  /** One unit of each account, a batch an event; returns how many. */
  const send = async (meter: Producer, name: string, timeMs: number): Promise<number> => {
    await meter.send(
      ACCOUNTS.map((account) => {
        const { type } = unitsUsed(name, account, timeMs, 1);
        return { source: "meter", type, account, timeMs, data: { units: 1 } };
      }),
      name,
    );
    return ACCOUNTS.length;
  };
  /** Events of all accounts at a time, remembered as those that have to be counted. */
  const usage = (name: string, timeMs: number, count = EVENTS): UsageEvent[] =>
    Array.from({ length: count }, (_, n) => {
      const account = ACCOUNTS[n % ACCOUNTS.length] ?? "";
      const event = unitsUsed(`${name}-${n}`, account, timeMs + n, 1 + (n % 7));
      sent.set(event.id, event);
      return event;
    });
  const unitsOf = (account: string): number =>
    [...sent.values()].reduce((sum, event) => {
      const units = event.data["units"];
      return event.account === account && typeof units === "object" ? sum + Number(units.decimal) : sum;
    }, 0);

  for (let round = 1; round <= ROUNDS; round++) {
    const inMonthMs = month.startMs + round * HOUR_MS;
    await regionIs("eu", { reachable: true });
    const meter = await Producer.open(meterIn("eu", inEu));
    numbered += await send(meter, `calm-${round}`, inMonthMs);
    await meter.flush();
    await publishIn(inEu, "eu", usage(`eu-${round}-calm`, inMonthMs));
    await publishIn(inUs, "us", usage(`us-${round}-calm`, inMonthMs));

    await worker.until("all of the calm is processed", async () => {
      const read = (await worker.status())?.totals["read"] ?? 0;
      return read >= sent.size + repeated + numbered;
    });

    // The cable is pulled: the region goes on taking usage in. Then its broker dies, with some of it not confirmed.
    euLink.cut();
    await publishIn(inEu, "eu", usage(`eu-${round}-cut-off`, inMonthMs + 60_000));
    const unconfirmed = usage(`eu-${round}-unconfirmed`, inMonthMs + 120_000);
    const reached = unconfirmed.slice(0, EVENTS / 2);
    await publishIn(inEu, "eu", reached);
    repeated += reached.length;
    const waiting = await storedIn(inEu, regionalStream("eu"));
    // It dies while a producer of numbered batches sends: some of it is stored, and the producer does not know.
    numbered += await send(meter, `dying-${round}`, inMonthMs);
    await meter.commit();
    await eu.kill();
    await meter.close({ flush: false });

    // Its producers fail over, and publish what was not confirmed once more, under the same ids.
    await publishIn(inUs, "us", unconfirmed);
    const moved = await Producer.open(meterIn("us", inUs));
    numbered += await send(moved, `moved-${round}`, inMonthMs);
    await moved.close();
    await publishIn(inUs, "us", usage(`us-${round}-failed-over`, inMonthMs + 180_000));
    await publishIn(inUs, "us", usage(`us-${round}-now`, Date.now() - 2 * DAY_MS));
    await regionIs("eu", { idle: false, reachable: false });
    // The other one is found idle: so would this one be, if it could be told that nothing waits there.
    await regionIs("us", { idle: true, reachable: true });
    await regionIs("eu", { idle: false, reachable: false });
    const held = await watermarksOf(worker, "eu");
    expect(held.map(({ watermark }) => Date.parse(watermark ?? "") < month.endMs)).toEqual(
      held.map(() => true),
    );

    const metrics = await worker.metrics();
    expect(metrics).toContain('tributary_region_source_reachable{partition="0",region="eu"} 0');
    expect(metrics).toContain('tributary_region_source_reachable{partition="0",region="us"} 1');
    expect(metrics).toContain('tributary_region_idle{partition="1",region="eu"} 0');
    expect(metrics).toMatch(/tributary_region_watermark_lag_seconds\{partition="1",region="eu"\} \d{6}/);
    if (round === 1) await closesByOverride(worker, month);

    // The hub dies as well, the region comes back, and the cable is plugged in.
    await hub.server.kill();
    await eu.restart();
    euLink.heal();
    await hub.server.restart();
    await inEu.close();
    inEu = await connected(eu);
    expect(await storedIn(inEu, regionalStream("eu"))).toBeGreaterThanOrEqual(waiting);
    await publishIn(inEu, "eu", usage(`eu-${round}-back`, inMonthMs + 240_000));
  }

  await waitUntil("the test is connected to the hub again", () => atHub.status === "connected");
  // A message is an event. What a producer sent while its broker died is in one region or in both.
  const taken = (await storedIn(inEu, regionalStream("eu"))) + (await storedIn(inUs, regionalStream("us")));
  expect(taken).toBeGreaterThanOrEqual(sent.size + repeated + numbered);
  expect(taken).toBeLessThanOrEqual(sent.size + repeated + numbered + ROUNDS * ACCOUNTS.length);
  const usageAtHub = async (): Promise<number> => {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => usageStream(partition));
    const stored = await Promise.all(partitions.map((stream) => storedIn(atHub, stream)));
    return stored.reduce((sum, count) => sum + count, 0);
  };
  // A hub that dies may read some of a source twice; it can't leave anything out.
  await worker.until("all that the regions took in is processed", async () => {
    const read = (await worker.status())?.totals["read"] ?? 0;
    return read >= taken && read === (await usageAtHub());
  });
  const read = await usageAtHub();
  await worker.drain();

  const inspected = await workspace.inspect(config);
  expect(inspected.balanced).toBe(true);
  expect(inspected.counts).toMatchObject({
    read,
    accepted: sent.size + numbered,
    duplicate: read - sent.size - numbered,
    conflicting: 0,
    rejected: 0,
    parked: 0,
    misrouted: 0,
  });
  const counted = (account: string): number =>
    inspected.aggregates
      .filter((aggregate) => aggregate.account === account && aggregate.meter === "usage")
      .reduce((sum, { value }) => sum + Number(value), 0);
  // Each numbered event was one unit.
  const eachNumbered = numbered / ACCOUNTS.length;
  expect(ACCOUNTS.map(counted)).toEqual(ACCOUNTS.map((account) => unitsOf(account) + eachNumbered));

  /** Finance can't wait: the month is closed without the region, by somebody and for a reason. */
  async function closesByOverride(worker: WorkerProcess, { startMs, endMs }: typeof month): Promise<void> {
    const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
    const close = (...args: string[]) => runCommand(["close", ...args, "--config", workspace.config(config)]);
    const report = async () => {
      const { stdout } = await close("report", "--from", day(startMs), "--to", day(endMs), "--json");
      return closeReportSchema.parse(JSON.parse(stdout));
    };
    const behind = (await report()).lines.find(({ line }) => line === "watermark-behind");
    expect(behind?.items.map(({ detail }) => detail)).toEqual(
      Array.from({ length: PARTITIONS }, () => expect.stringContaining("region eu: ")),
    );
    expect(await publishedDocuments(atHub)).toEqual([]);
    const decision = ["--actor", "Ann of finance", "--reason", "eu is down, the month has to be billed"];
    const upTo = new Date(endMs + 2 * HOUR_MS).toISOString();
    expect(await close("watermark", "--up-to", upTo, ...decision)).toMatchObject({ code: 0 });
    await worker.until("the month is billed", async () => {
      return (await publishedDocuments(atHub)).length >= ACCOUNTS.length;
    });
    const waitsInEu = (id: string): boolean => id.includes("cut-off") || id.includes("back");
    const billed = [...sent.values()].filter(({ id, timeMs }) => !waitsInEu(id) && timeMs < endMs);
    const cents = billed.reduce((sum, { data }) => {
      const units = data["units"];
      return sum + (typeof units === "object" ? Number(units.decimal) * UNIT_CENTS : 0);
    }, 0);
    const documents = await publishedDocuments(atHub);
    const total = documents.reduce((sum, each) => sum + Math.round(Number(each.total) * 100), 0);
    // Of the numbered events, those sent while the broker died may have come in by either way.
    const certain = cents + (numbered - ACCOUNTS.length) * UNIT_CENTS;
    expect(total).toBeGreaterThanOrEqual(certain);
    expect(total).toBeLessThanOrEqual(certain + ACCOUNTS.length * UNIT_CENTS);
    expect((await close("history")).stdout).toContain("eu is down, the month has to be billed");
  }
});
