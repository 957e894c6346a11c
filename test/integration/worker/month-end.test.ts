import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { numberingStream } from "../../../src/ingest/jetstream/names.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  expectNumbersWithoutGap,
  monthlyFrom,
  publishedDocuments,
  publishUnplaced,
  unitsUsed,
  writeBilledCatalog,
} from "../../support/worker/billed-month.ts";
import { Random } from "../../support/worker/random.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import type { UsageEvent } from "../../support/worker/usage-event.ts";
import { runCommand } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
const CONTRACTS = 600;
const SEED = Number(process.env["TRIBUTARY_SEED"] ?? 4_711);
const KILLS = Number(process.env["TRIBUTARY_MONTH_END_KILLS"] ?? 8);
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

const accountOf = (n: number): string => `customer ${n}`;

/** Two legal entities; a fee in advance and usage. */
function writeCatalog(folder: string, startMs: number): void {
  writeBilledCatalog(folder, {
    "products/products.json": [
      { key: "usage", name: "Usage" },
      { key: "support", name: "Support" },
    ],
    "legal_entities/entities.json": [
      { key: "north", name: "North", number_prefix: "N-" },
      { key: "south", name: "South", number_prefix: "S-" },
    ],
    "plans/plans.json": {
      key: "standard",
      version: 1,
      currency: "EUR",
      prices: [
        { key: "usage", product: "usage", meter: "usage", model: "per_unit", unit_price: "0.25" },
        { key: "support", product: "support", model: "flat", amount: 30, billed: "in_advance" },
      ],
    },
    "contracts/contracts.json": Array.from({ length: CONTRACTS }, (_, n) => ({
      id: `C${n}`,
      customer: "customer",
      account: accountOf(n),
      plan: { key: "standard", version: 1 },
      legal_entity: n % 3 === 0 ? "south" : "north",
      ...monthlyFrom(startMs),
    })),
  });
}

/** Documents that have a number. */
async function numberedSoFar(): Promise<number> {
  const streams = ["north", "south"].map(numberingStream);
  const infos = await Promise.all(
    streams.map((stream) => bench.connection.manager.streams.info(stream).catch(() => undefined)),
  );
  return infos.reduce((sum, info) => sum + (info?.state.messages ?? 0), 0);
}

let eventCount = 0;
const usage = (account: string, timeMs: number, units: number): UsageEvent =>
  unitsUsed(`usage-${++eventCount}`, account, timeMs, units);

test(`${KILLS} kills during a month's end: every contract has its invoices once, numbered without a gap`, async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const { startMs, endMs } = endedMonth();
  writeCatalog(workspace.catalogFolder, startMs);
  const inPeriodMs = endMs - DAY_MS;
  await publishUnplaced(
    connection,
    Array.from({ length: CONTRACTS }, (_, n) => usage(accountOf(n), inPeriodMs, n)),
  );
  const random = new Random(SEED);
  const beacons = [accountOf(0), accountOf(1), accountOf(2), accountOf(3)];
  // Moves the watermarks of both partitions over the end of the period and its grace.
  await publishUnplaced(
    connection,
    beacons.map((account) => usage(account, Date.now() - 60_000, 1)),
  );
  const numbered = new Set<number>();
  for (let kill = 0; kill < KILLS; kill++) {
    const worker = workspace.start();
    const target = Math.floor((2 * CONTRACTS * kill) / KILLS);
    await worker.until("billing goes on", async () => (await numberedSoFar()) > target);
    // The moment of the crash, not a wait for something to happen.
    await delay(random.integer(0, 40));
    worker.send("SIGKILL");
    await worker.crashed();
    numbered.add(await numberedSoFar());
  }
  process.stderr.write(`month's end: killed at ${[...numbered].join(", ")} of ${2 * CONTRACTS} documents\n`);
  // The kills hit the billing: it had come to another point each time, more or less.
  expect(numbered.size).toBeGreaterThan(KILLS / 4);
  const worker = workspace.start();
  const documents = () => publishedDocuments(connection);
  await settle(workspace, worker, connection);
  await worker.until(
    "all contracts are billed",
    async () => (await documents()).length >= 2 * CONTRACTS,
    60_000,
  );
  await settle(workspace, worker, connection);

  const all = await documents();
  const byId = new Map(all.map((document) => [document.id, document]));
  expect([all.length, byId.size]).toEqual([2 * CONTRACTS, 2 * CONTRACTS]);
  for (let n = 0; n < CONTRACTS; n++) {
    const [first, second] = [byId.get(`C${n}:1`), byId.get(`C${n}:2`)];
    expect([first?.total, second?.total]).toEqual(["30.00", (n * 0.25 + 30).toFixed(2)]);
  }
  await expectNumbersWithoutGap(connection, all, { north: "N-", south: "S-" });

  const trial: { balanced: boolean; accounts: { account: string; legalEntity: string; balance: string }[] } =
    JSON.parse(await workspace.command(["ledger", "trial-balance", "--json"]));
  expect(trial.balanced).toBe(true);
  for (const entity of ["north", "south"]) {
    const receivable = trial.accounts.find(
      (row) => row.account === "receivable" && row.legalEntity === entity,
    );
    const total = all
      .filter(({ legalEntity }) => legalEntity === entity)
      .reduce((sum, document) => sum + minorUnitsOfText(document.total), 0n);
    expect(minorUnitsOfText(receivable?.balance ?? "0")).toBe(total);
  }
  expect(JSON.parse(await workspace.command(["reconcile", "--json"]))).toMatchObject({ balanced: true });

  // The logs alone give the same documents: by replay of a lost state, and in a simulation.
  const file = join(workspace.folder, "export.ndjson");
  await workspace.command(["export", "--output", file]);
  const live: unknown[] = JSON.parse(await workspace.command(["inspect", "invoices", "--json"]));
  const entries = await workspace.command(["ledger", "entries", "--json"]);
  await worker.drain();
  const before = workspace.dumpsWithoutPosition();
  const { code, stdout } = await runCommand(
    ["simulate", "--json", "--catalog", workspace.catalogFolder, "--events", file].concat([
      "--partitions",
      String(PARTITIONS),
    ]),
  );
  expect(code).toBe(0);
  const simulated: { invoices: unknown[]; journal: unknown[] } = JSON.parse(stdout);
  expect(simulated.invoices).toEqual(live);
  expect(simulated.journal).toEqual(JSON.parse(entries));
  expect(readFileSync(file, "utf8")).toContain("documents-numbered");
  workspace.removeState();
  const rebuilt = workspace.start();
  await settle(workspace, rebuilt, connection);
  await rebuilt.drain();
  expect(await documents()).toHaveLength(2 * CONTRACTS);
  expect(workspace.dumpsWithoutPosition()).toEqual(before);
});
