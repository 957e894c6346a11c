import { afterEach, expect, test } from "vitest";
import { sumOfDecimals } from "../../../src/sinks/erp/common/decimals.ts";
import { setTimeout as delay } from "node:timers/promises";
import { type InspectedPosting, PostingFleet } from "../../support/erp/posting-fleet.ts";
import { mostInWindow, requestTimes, startedBetween } from "../../support/erp/request-log.ts";
import { machineClient } from "../../support/erp/machine-client.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  monthlyFrom,
  publishedDocuments,
  publishUnplaced,
  standardPlan,
  unitsUsed,
  writeBilledCatalog,
} from "../../support/worker/billed-month.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import type { UsageEvent } from "../../support/worker/usage-event.ts";
import { NetSuiteSimulator } from "../../simulators/netsuite/simulator.ts";

/**
 * Three workers share a connection. While a backlog drains, the one that posts is killed, and another one that posts is paused beyond its lease and
 * goes on: by the ERP's own log the quota is never passed, no document is there twice, and in the end all are posted.
 */

const PARTITIONS = 3;
/** A contract has a customer, of two requests, and an invoice. */
const CONTRACTS = Number(process.env["TRIBUTARY_FLEET_CONTRACTS"] ?? 18);
const ACCOUNTS = Array.from({ length: CONTRACTS }, (_, index) => `account-${index}`);
const CONNECTION = "netsuite";
const PREFIX = "trb-";
/** How often the process that posts is killed, and paused, in turn. */
const DISTURBANCES = Number(process.env["TRIBUTARY_FLEET_DISTURBANCES"] ?? 2);
/** Of the quota that has to be used while the backlog stands and nobody disturbs; absent: it is only printed. */
const SHARE = Number(process.env["TRIBUTARY_FLEET_SHARE"] ?? 0);
const DOCUMENTS = 2 * CONTRACTS;

const LATENCY_MS = 300;
const QUOTA = { max_concurrent: 4, requests_per_second: 8 };
/** Requests that are sent a window apart arrive closer together where the machine has other things to do. */
const JITTER_MS = 100;
/** Two runners at once, or one that forgets its quota, send twice as many in it, however late single requests are seen. */
const LONG_WINDOW_MS = 3_000;
/** Beside other suites a process may not run for so long: what it let go in time is seen at once then. */
const LATEST_MS = 1_000;
/** In any second; beside other suites only the longer window is looked at. */
const MOST_IN_A_SECOND = SHARE > 0 ? QUOTA.requests_per_second : Number.POSITIVE_INFINITY;
const LEASE_MS = 4_000;
const PAUSE_MS = 2 * LEASE_MS;
/** From the first request on the runner only comes to speed. */
const WARM_UP_MS = 1_000;
const DEADLINE_MS = 60_000 + 2_000 * CONTRACTS;

/** Rows that a failure shows. */
const SHOWN = 5;

let bench: Bench;
let netsuite: NetSuiteSimulator;

afterEach(async () => {
  await bench.close();
  await netsuite.close();
});

/** Contracts that sell usage and nothing else: a customer and an invoice each. */
function writeCatalog(folder: string, startMs: number): void {
  const row = (table: string, key: string, id: string): unknown => ({
    connection: CONNECTION,
    table,
    key,
    values: { id },
  });
  writeBilledCatalog(folder, {
    "customers/customers.json": ACCOUNTS.map((id) => ({ id, name: `${id} Inc.` })),
    ...standardPlan("USD"),
    "contracts/contracts.json": ACCOUNTS.map((id) => ({
      id: `contract-${id}`,
      customer: id,
      account: id,
      plan: { key: "standard", version: 1 },
      ...monthlyFrom(startMs),
    })),
    "erp/connection.json": { key: CONNECTION, adapter: "netsuite", prefix: PREFIX },
    "mappings/rows.json": [
      row("legal_entity", "default", "1"),
      row("currency", "USD", "1"),
      row("item", "*", "86"),
      row("account", "unbilled-receivable", "119"),
      row("account", "revenue", "54"),
      row("account", "adjustments", "54"),
      row("account", "deferred-revenue", "121"),
      row("terms", "30", "2"),
    ],
  });
}

/** Usage of the month by each account, and behind it, so that the watermark passes the month's end in each partition. */
function usage(endMs: number): UsageEvent[] {
  return [
    ...ACCOUNTS.map((account, index) => unitsUsed(`u-${account}`, account, endMs - DAY_MS, 100 + index)),
    ...ACCOUNTS.map((account) => unitsUsed(`later-${account}`, account, endMs + 2 * DAY_MS, 1)),
  ];
}

function settings(authentication: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return {
    adapter: "netsuite",
    account: "1234567_SB1",
    url: netsuite.url,
    authentication,
    deadline: "2s",
    settle_delay: "500ms",
    posting: { ...QUOTA, lease: `${LEASE_MS}ms`, payment_interval: "1h", scan_interval: "1h" },
  };
}

/** Documents that NetSuite has. */
function posted(): number {
  return netsuite.ledger().records.length;
}

async function postedShare(share: number): Promise<void> {
  await waitUntil(`${share} of the documents in NetSuite`, () => posted() >= share * DOCUMENTS, DEADLINE_MS);
}

/** Waits until the partitions know of each document that it is there as it was sent; a failure shows some that are not. */
async function reconciledRows(fleet: PostingFleet): Promise<readonly InspectedPosting[]> {
  let rows: readonly InspectedPosting[] = [];
  const open = (): readonly InspectedPosting[] => rows.filter(({ state }) => state !== "reconciled");
  try {
    await waitUntil(
      "the partitions to know",
      async () => {
        rows = await fleet.postings();
        return rows.length === DOCUMENTS && open().length === 0;
      },
      DEADLINE_MS,
    );
  } catch (cause) {
    const shown = open()
      .slice(0, SHOWN)
      .map((row) => JSON.stringify(row));
    throw new Error(`${rows.length} documents, among them\n${shown.join("\n")}`, { cause });
  }
  return rows;
}

test(
  `${PARTITIONS} workers share a connection while its runner is killed and paused: the quota is kept, nothing is posted twice`,
  async () => {
    const startedMs = performance.now();
    bench = await Bench.start(PARTITIONS);
    const client = machineClient(bench.workspace.folder);
    netsuite = await NetSuiteSimulator.start({
      machine: client.account,
      latencyMs: LATENCY_MS,
      concurrency: 5,
    });
    const { startMs, endMs } = endedMonth();
    writeCatalog(bench.workspace.catalogFolder, startMs);
    await publishUnplaced(bench.connection, usage(endMs));

    const fleet = new PostingFleet(bench, { key: CONNECTION, settings: settings(client.settings) });
    await waitUntil("a request", () => netsuite.ledger().requests.length > 0, DEADLINE_MS);
    const measuredFromMs = Date.now() + WARM_UP_MS;
    await postedShare(1 / 2);
    const measuredToMs = Date.now();

    const disturbances: string[] = [];
    for (let turn = 0; turn < DISTURBANCES; turn++) {
      await postedShare(1 / 2 + (turn / DISTURBANCES) * (1 / 3));
      const runner = await fleet.successor(undefined);
      const worker = fleet.worker(runner);
      const isKill = turn % 2 === 0;
      disturbances.push(`${runner} ${isKill ? "killed" : "paused"}`);
      if (isKill) {
        await worker.kill();
        await fleet.successor(runner);
        fleet.start(runner);
      } else {
        worker.send("SIGSTOP");
        await Promise.all([fleet.successor(runner), delay(PAUSE_MS)]);
        worker.send("SIGCONT");
      }
    }

    let documents: Awaited<ReturnType<typeof publishedDocuments>> = [];
    await waitUntil(
      "all documents in NetSuite",
      async () => {
        documents = await publishedDocuments(bench.connection);
        return documents.length === CONTRACTS && posted() === DOCUMENTS;
      },
      DEADLINE_MS,
    );
    const rows = await reconciledRows(fleet);
    expect(fleet.isWhole).toBe(true);

    const { records, requests, highestConcurrency, refusedForConcurrency } = netsuite.ledger();
    expect(records.length).toBe(rows.length);
    expect(new Set(records.map(({ type, externalId }) => `${type} ${externalId}`)).size).toBe(records.length);
    expect(records.filter(({ type, commits }) => type !== "customer" && commits !== 1)).toEqual([]);
    expect(records.every(({ externalId }) => externalId?.startsWith(PREFIX))).toBe(true);
    const totals = new Map(records.map(({ fields, total }) => [String(fields["tranId"]), total]));
    for (const { number, total } of documents)
      expect([number, totals.get(number ?? "")]).toEqual([number, sumOfDecimals([total])]);

    const times = requestTimes(requests);
    const most = mostInWindow(times, 1_000 - JITTER_MS);
    const mostLong = mostInWindow(times, LONG_WINDOW_MS);
    expect(highestConcurrency).toBeLessThanOrEqual(QUOTA.max_concurrent);
    expect(refusedForConcurrency).toBe(0);
    expect(mostLong).toBeLessThanOrEqual((QUOTA.requests_per_second * (LONG_WINDOW_MS + LATEST_MS)) / 1_000);
    expect(most).toBeLessThanOrEqual(MOST_IN_A_SECOND);
    const measuredS = (measuredToMs - measuredFromMs) / 1_000;
    const perSecond = startedBetween(times, measuredFromMs, measuredToMs) / measuredS;
    const share = perSecond / QUOTA.requests_per_second;
    process.stderr.write(
      `runner fleet: ${records.length} documents by ${times.length} requests; ${disturbances.join(", ")}; at most ` +
        `${highestConcurrency} at a time (quota ${QUOTA.max_concurrent}), ${most} in a second (quota ${QUOTA.requests_per_second}); ` +
        `undisturbed ${perSecond.toFixed(2)} a second for ${measuredS.toFixed(1)} s, ${(share * 100).toFixed(1)} % of the quota; ` +
        `${Math.round((performance.now() - startedMs) / 1_000)} s in all\n`,
    );
    expect(share).toBeGreaterThanOrEqual(SHARE);
  },
  2 * DEADLINE_MS,
);
