import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { TAX_FAILPOINTS, type Failpoint } from "../../../src/model/fault-injection.ts";
import type { InvoiceRow } from "../../../src/pipeline/billing-report.ts";
import { placesOfSecrets } from "../../support/erp/secret-scan.ts";
import { AvataxSimulator, type SimulatedFault } from "../../simulators/avatax/simulator.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  expectNumbersWithoutGap,
  publishedDocuments,
  publishUnplaced,
  unitsUsed,
} from "../../support/worker/billed-month.ts";
import { Random } from "../../support/worker/random.ts";
import {
  taxedContracts,
  UNKNOWN_PLACE,
  writeTaxCatalog,
  type TaxedContract,
} from "../../support/worker/tax-catalog.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import { runCommand, type WorkerProcess } from "../../support/worker/worker-process.ts";
import { settle, type ConfigOptions } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
const SEED = Number(process.env["TRIBUTARY_SEED"] ?? 4_712);
const LICENSE_KEY = "SECRET-0123456789";
const DEADLINE_MS = 400;
let bench: Bench;
let simulator: AvataxSimulator;

beforeEach(async () => {
  simulator = await AvataxSimulator.start({ accountId: "1100", licenseKey: LICENSE_KEY });
  bench = await Bench.start(PARTITIONS);
});
afterEach(async () => {
  await bench.close();
  await simulator.close();
});

const configured = (): ConfigOptions => ({
  tax: {
    service: "avatax",
    url: simulator.url,
    account_id: "1100",
    license_key: LICENSE_KEY,
    deadline: `${DEADLINE_MS}ms`,
    max_in_flight: 6,
    ask_again_after: "500ms",
  },
});

/** Usage of a month that ended three days ago, and what moves the watermarks over its end. */
async function prepare(contracts: readonly TaxedContract[]): Promise<number> {
  const { startMs, endMs } = endedMonth();
  writeTaxCatalog(bench.workspace.catalogFolder, startMs, contracts);
  await publishUnplaced(bench.connection, [
    ...contracts.map(({ account }, n) => unitsUsed(`month-${n}`, account, endMs - DAY_MS, n * 3 + 1)),
    ...contracts.slice(0, 8).map(({ account }, n) => unitsUsed(`now-${n}`, account, Date.now() - 60_000, 1)),
  ]);
  return startMs;
}

/** The license key, and the account's credentials as they are sent, stand nowhere but in the settings of the workers that have them. */
function expectNoSecrets(texts: Readonly<Record<string, string>>): void {
  const places = (): string[] =>
    placesOfSecrets(
      [LICENSE_KEY, `1100:${LICENSE_KEY}`],
      texts,
      [bench.workspace.folder, bench.server.storeDir],
      () => false,
    );
  // Commands have written settings without it meanwhile.
  expect(places()).toEqual([]);
  const settings = bench.workspace.config(configured());
  expect(places()).toEqual([settings]);
}

const documents = () => publishedDocuments(bench.connection);

/** Waits until all documents but those at the unknown place are final and committed. */
async function finish(worker: WorkerProcess, contracts: readonly TaxedContract[]): Promise<void> {
  const expected = 2 * contracts.filter(({ customer }) => customer !== UNKNOWN_PLACE).length;
  await settle(bench.workspace, worker, bench.connection);
  await worker.until("all documents are final", async () => (await documents()).length >= expected, 90_000);
  await settle(bench.workspace, worker, bench.connection);
}

/** Every document has the taxes that the service has, each of its records is committed once, and no other is. */
function expectTaxedAsTheServiceSays(all: readonly PublishedDocument[]): void {
  expect(simulator.malformedRequests).toEqual([]);
  const served = all.filter(({ legalEntity }) => legalEntity === "served");
  expect(all.filter(({ legalEntity }) => legalEntity !== "served").map(({ tax }) => tax)).not.toContain(
    expect.not.stringMatching(/^0\.00$/),
  );
  const keys = new Set<string>();
  for (const document of served) {
    const { taxTransaction } = document;
    const key = `${taxTransaction?.company}|${taxTransaction?.code}|${taxTransaction?.type}`;
    keys.add(key);
    const stored = simulator.transactions.get(key);
    expect([document.id, stored?.status, stored?.commits, stored?.customer]).toEqual([
      document.id,
      "Committed",
      1,
      document.customer,
    ]);
    expect([document.id, document.tax, document.lines.map(({ tax }) => tax)]).toEqual([
      document.id,
      stored?.totalTax,
      stored?.lines.map(({ tax }) => tax),
    ]);
    const taxable = document.lines.map(
      ({ amount, discount }) => minorUnitsOfText(amount) - minorUnitsOfText(discount),
    );
    expect(stored?.lines.map(({ amount }) => minorUnitsOfText(amount))).toEqual(taxable);
  }
  const committed = [...simulator.transactions].filter(([, { status }]) => status === "Committed");
  expect(new Set(committed.map(([key]) => key))).toEqual(keys);
  const taxed = served.filter(({ tax }) => minorUnitsOfText(tax) > 0n);
  expect(taxed.length).toBeGreaterThan(served.length / 4);
}

/** What goes wrong first with each request of a document; then all goes well. */
function faultyAtFirst(
  seed: number,
): (operation: string, code: string, attempt: number) => SimulatedFault | undefined {
  const random = new Random(seed);
  const planned = new Map<string, SimulatedFault[]>();
  const any = (): SimulatedFault =>
    random.pick<SimulatedFault>([
      { kind: "lost" },
      { kind: "error" },
      { kind: "malformed" },
      { kind: "wrong-sum" },
      { kind: "slow", ms: 2 * DEADLINE_MS },
      { kind: "slow", ms: 20 },
      ...(random.chance(0.2) ? [{ kind: "throttled", seconds: 1 } as const] : []),
    ]);
  return (operation, code, attempt) => {
    const key = `${operation} ${code}`;
    const faults = planned.get(key) ?? Array.from({ length: random.integer(0, 2) }, any);
    planned.set(key, faults);
    return faults[attempt - 1];
  };
}

/** Documents that a worker has answered before it crashes, at most: those of all crashes are fewer than there are. */
const ANSWERS_A_LIFE = 16;

test("a service with faults of every kind: each document is taxed as it says, and committed once", async () => {
  const contracts = taxedContracts(48);
  const { workspace } = bench;
  const startMs = await prepare(contracts);
  simulator.faultOf = faultyAtFirst(SEED);
  const worker = workspace.start(configured());
  await finish(worker, contracts);
  const all = await documents();
  expect(all).toHaveLength(2 * 47);
  expectTaxedAsTheServiceSays(all);
  await expectNumbersWithoutGap(bench.connection, all, { served: "S-", plain: "P-" });
  expect([simulator.earlyRequests, simulator.mostAtOnce <= 6]).toEqual([0, true]);

  // What the service refuses is held, with its words, for people and for alerts.
  const invoices: InvoiceRow[] = JSON.parse(await workspace.command(["inspect", "invoices", "--json"]));
  const held = invoices.filter(({ status }) => status === "held");
  expect(held.map(({ id, hold }) => [id, hold?.reason])).toEqual([
    ["C1:1", "tax-service-refused"],
    ["C1:2", "tax-service-refused"],
  ]);
  expect(held[0]?.hold?.detail).toBe(
    "JurisdictionNotFoundError: Unable to determine the taxing jurisdiction. (shipTo)",
  );
  const exceptions: { reason: string; details: { document: string } }[] = JSON.parse(
    await workspace.command(["inspect", "exceptions", "--json"]),
  );
  const refused = exceptions.filter(({ reason }) => reason === "tax-service-refused");
  expect(refused.map(({ details }) => details.document).sort()).toEqual(["C1:1", "C1:2"]);
  const metrics = await worker.metrics();
  expect(metrics).toMatch(/^tributary_documents_held\{partition="\d",reason="tax-service-refused"\} 2$/m);
  expect(metrics).toMatch(/^tributary_held_document_age_seconds\{reason="tax-service-refused"\} \d/m);
  expect(metrics).toMatch(/^tributary_tax_requests_total\{operation="create",outcome="timed-out"\} \d/m);
  expect(JSON.parse(await workspace.command(["reconcile", "--json"]))).toMatchObject({ balanced: true });
  expectNoSecrets({
    log: JSON.stringify(worker.log) + worker.tail,
    metrics,
    status: JSON.stringify(await worker.status()),
  });

  // The logs alone give the same documents, and nobody is asked.
  const file = join(workspace.folder, "export.ndjson");
  await workspace.command(["export", "--output", file]);
  await worker.drain();
  const before = workspace.dumpsWithoutPosition();
  const simulated = await runCommand(
    ["simulate", "--json", "--catalog", workspace.catalogFolder, "--events", file].concat([
      "--partitions",
      String(PARTITIONS),
    ]),
  );
  const { invoices: simulatedInvoices }: { invoices: unknown[] } = JSON.parse(simulated.stdout);
  expect(simulatedInvoices).toEqual(invoices);
  const creates = simulator.requests.create;
  workspace.removeState();
  const rebuilt = workspace.start({ ...configured(), tax: { ...configured().tax, ask_again_after: "1h" } });
  await settle(workspace, rebuilt, bench.connection);
  await rebuilt.drain();
  expect(workspace.dumpsWithoutPosition()).toEqual(before);
  // Only the two that are refused may have been asked about again, once at most.
  expect(simulator.requests.create - creates).toBeLessThanOrEqual(2);
  expectTaxedAsTheServiceSays(all);

  // An address that the service knows, in the next catalog, takes them up.
  writeTaxCatalog(workspace.catalogFolder, startMs, contracts, { country: "US", region: "WA" });
  const last = workspace.start(configured());
  await last.until("the last documents are final", async () => (await documents()).length === 2 * 48);
  await settle(workspace, last, bench.connection);
  expectTaxedAsTheServiceSays(await documents());
  await last.drain();
});

test("kills between reply, record, number and commit: taxed and committed once all the same", async () => {
  const contracts = taxedContracts(120);
  const { workspace } = bench;
  await prepare(contracts);
  const random = new Random(SEED);
  // How many documents the service still answers: however fast the machine, enough are left for the crashes to come.
  let answers = 0;
  simulator.faultOf = (operation, _code, attempt) => {
    if (operation === "create" && answers-- <= 0) return { kind: "error" };
    return attempt === 1 && random.chance(0.1) ? { kind: "lost" } : { kind: "slow", ms: 5 };
  };
  // What a crash leaves undone is done again at once by the next worker.
  const points: readonly (readonly [Failpoint, number])[] = [
    ["after-tax-reply", 1],
    ["before-control-append", 4],
    ["after-tax-reply", 6],
    ["after-control-append", 4],
    ["before-tax-commit", 1],
    ["after-commit-before-ack", 2],
    ["after-tax-commit-before-cursor", 1],
    ["after-control-append", 3],
    ["after-tax-commit-before-cursor", 1],
  ];
  expect(new Set(points.map(([point]) => point))).toEqual(
    new Set([...TAX_FAILPOINTS, ...points.map(([point]) => point)]),
  );
  for (const [point, visit] of points) {
    answers = ANSWERS_A_LIFE;
    const worker = workspace.start({ ...configured(), failpoint: { point, visit } });
    await worker.crashed();
  }
  answers = Infinity;
  const worker = workspace.start(configured());
  await finish(worker, contracts);
  const all = await documents();
  expect([all.length, new Set(all.map(({ id }) => id)).size]).toEqual([2 * 119, 2 * 119]);
  expectTaxedAsTheServiceSays(all);
  await expectNumbersWithoutGap(bench.connection, all, { served: "S-", plain: "P-" });
  expect(JSON.parse(await workspace.command(["reconcile", "--json"]))).toMatchObject({ balanced: true });
  await worker.drain();
});

test("an outage holds documents of the service's legal entities alone, visibly, and ends by itself", async () => {
  const contracts = taxedContracts(24);
  const { workspace } = bench;
  await prepare(contracts);
  let isDown = true;
  simulator.faultOf = () => (isDown ? { kind: "error" } : undefined);
  const worker = workspace.start({ ...configured(), tax: { ...configured().tax, overdue_after: "100ms" } });
  const plain = 2 * contracts.filter(({ legalEntity }) => legalEntity === "plain").length;
  await worker.ready();
  await worker.until("the others are final", async () => (await documents()).length === plain);
  await worker.until("the service counts as away", async () =>
    (await worker.metrics()).includes('reason="tax-service-unavailable"} '),
  );
  // Usage goes on meanwhile, and is committed.
  await settle(workspace, worker, bench.connection);
  const exceptions: { reason: string }[] = JSON.parse(
    await workspace.command(["inspect", "exceptions", "--json"]),
  );
  expect(new Set(exceptions.map(({ reason }) => reason))).toEqual(new Set(["tax-service-unavailable"]));
  const askedWhileDown = simulator.requests.create;
  isDown = false;
  await finish(worker, contracts);
  expectTaxedAsTheServiceSays(await documents());
  // Left alone while it was down: fewer requests than documents times retries.
  expect(askedWhileDown).toBeLessThan(200);
  await worker.drain();
});
