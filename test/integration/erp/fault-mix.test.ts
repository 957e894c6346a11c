import { afterEach, expect, test } from "vitest";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import { ErpLandscape, type LandscapeErp } from "../../support/erp/erp-landscape.ts";
import { contractOf, monthOfUsage, RARE, writePostedCatalog } from "../../support/erp/posted-month.ts";
import {
  expectDocuments,
  expectOthers,
  slowly,
  waitForDocuments,
} from "../../support/erp/landscape-checks.ts";
import { placesOfSecrets } from "../../support/erp/secret-scan.ts";
import { PostingRows, type Row } from "../../support/erp/posting-rows.ts";
import { Bench } from "../../support/worker/bench.ts";
import { endedMonth, publishUnplaced } from "../../support/worker/billed-month.ts";
import type { WorkerProcess } from "../../support/worker/worker-process.ts";
import type { ConfigOptions } from "../../support/worker/workspace.ts";

/**
 * A month of usage, billed and posted to simulated ERPs while answers are lost, servers fail, tokens end and the worker is killed: each document is
 * there once, with the figures that were published, or is an exception for a reason that was put there.
 */

const SEED = Number(process.env["TRIBUTARY_SEED"] ?? 4_711);
/** Documents of each ERP, about: a contract has a customer and two invoices. */
const DOCUMENTS = Number(process.env["TRIBUTARY_ERP_DOCUMENTS"] ?? 36);
/** Keys of the ERPs, with commas between; all where it is not set. */
const NAMES = process.env["TRIBUTARY_ERPS"]?.split(",");
const CONTRACTS = Math.ceil(DOCUMENTS / 3);
const INVOICES = 2 * CONTRACTS;
/** Invoices of which something is given back: those of the contracts from this one on. */
const FIRST_CREDITED = 10;
const CREDITED = Math.ceil(DOCUMENTS / 200);
const KILLS_AT = [0.25, 0.6];
const DEADLINE_MS = 120_000 + 1_000 * DOCUMENTS;
/** Of a large run 99 % are posted while all goes wrong; what can't be is more than that of a small one. */
const LEAST_POSTED = DOCUMENTS >= 1_000 ? 0.99 * DOCUMENTS : 0;

let bench: Bench;
let erps: ErpLandscape;

afterEach(async () => {
  await erps.close();
  await bench.close();
});

/** Of the workers, and of commands: they share the file. */
function configuration(): ConfigOptions {
  return { erp: erps.settings(), checkpointInterval: "200ms" };
}

async function command(...args: readonly string[]): Promise<string> {
  return await bench.workspace.command(args, configuration());
}

function isWhole(rows: readonly Row[], key: string): boolean {
  const own = rows.filter(({ connection }) => connection === key);
  const count = (kind: string): number => own.filter((row) => row.kind === kind).length;
  return (
    count("customer") === CONTRACTS &&
    count("invoice") === INVOICES &&
    count("credit-memo") === CREDITED &&
    count("journal") > 0
  );
}

/** Why a row may be an exception: the fault that was put there. */
function isInjected({ connection, key, kind, currency, state, code, missing }: Row, rare: string): boolean {
  const erp = erps.erps.find((each) => each.key === connection);
  const { refused } = erp ?? {};
  if (refused !== undefined && key.endsWith(`:${refused}`)) return state === "rejected" && code !== null;
  if (state === "waiting") return currency === "GBP" && missing.includes("currency GBP");
  if (kind === "journal") return refused === undefined && state === "held";
  return key === `invoice:${rare}` && state === "parked";
}

function report({ key, erp }: LandscapeErp, rows: readonly Row[], elapsedMs: number): void {
  const own = rows.filter(({ connection }) => connection === key);
  const posted = own.filter(PostingRows.isPosted).length;
  const { total, lost, refused } = erp.requests();
  process.stderr.write(
    `fault mix: ${key}: ${posted} of ${own.length} posted, ${own.length - posted} exceptions by what was injected, ` +
      `${total} requests, ${lost} of them lost, ${refused} throttled, in ${Math.round(elapsedMs / 1_000)} s\n`,
  );
  expect(posted).toBeGreaterThanOrEqual(LEAST_POSTED);
}

test(`${CONTRACTS} contracts through simulated ERPs under a fault mix: each document is there once, and exceptions have their reasons`, async () => {
  const startedMs = performance.now();
  bench = await Bench.start(2);
  const { workspace, connection } = bench;
  erps = await ErpLandscape.start(workspace.folder, SEED, NAMES);
  const { startMs, endMs } = endedMonth();
  const closedMonth = new Date(startMs).toISOString().slice(0, "2026-06".length);
  writePostedCatalog(
    workspace.catalogFolder,
    startMs,
    CONTRACTS,
    erps.catalog({ hasForeignCurrency: false }),
  );
  await publishUnplaced(connection, monthOfUsage(endMs, CONTRACTS));
  erps.beginFaults(closedMonth);

  const workers: WorkerProcess[] = [];
  const start = (): WorkerProcess => {
    const worker = workspace.start(configuration());
    workers.push(worker);
    return worker;
  };
  let worker = start();
  const invoices = await waitForDocuments(bench, worker, INVOICES, DEADLINE_MS);
  const whole = erps.erps.length * (INVOICES + CREDITED);
  const posted = (): number => erps.erps.reduce((sum, { erp }) => sum + erp.documents().length, 0);
  for (const [index, share] of KILLS_AT.entries()) {
    await worker.until(
      "some documents are posted",
      slowly(() => posted() >= share * whole),
      DEADLINE_MS,
    );
    await worker.kill();
    worker = start();
    // Something is given back while the others are posted.
    if (index === 0) await giveBack(worker, invoices);
  }

  // First end: everything is posted, but for what was made impossible.
  const documents = await waitForDocuments(bench, worker, INVOICES + CREDITED, DEADLINE_MS);
  const rarest = documents.find(({ id }) => id === `${contractOf(RARE)}:2`);
  const rare = `${rarest?.legalEntity}:${rarest?.number}`;
  const settled = new PostingRows(
    erps.erps.map(({ key }) => key),
    () => command("inspect", "postings", "--json"),
  );
  const rows = await settled.wait(worker, {
    isWhole,
    isExpected: (row) => isInjected(row, rare),
    deadlineMs: DEADLINE_MS,
  });
  const exceptions = rows.filter((row) => !PostingRows.isPosted(row));
  for (const { state, reason, missing } of exceptions)
    expect([state, reason ?? missing[0]]).not.toContain(undefined);
  for (const erp of erps.erps) {
    const own = rows.filter((row) => row.connection === erp.key && PostingRows.isPosted(row));
    const numbers = new Set(own.map((row) => row.key.split(":").at(-1) ?? ""));
    expectDocuments(erp, documents, (number) => numbers.has(number));
    report(erp, rows, settled.settledMs(erp.key) - startedMs);
  }
  const firstMs = performance.now() - startedMs;

  // What was wrong is put right: another mapping, an open period, an import that takes what it refused.
  erps.endFaults(closedMonth);
  await worker.drain();
  writePostedCatalog(workspace.catalogFolder, startMs, CONTRACTS, erps.catalog({ otherItem: true }));
  worker = start();
  await worker.ready();
  for (const { connection: on, key } of exceptions.filter(({ state }) => state === "rejected"))
    await retry(worker, key, on);
  const all = await settled.wait(worker, { isWhole, isExpected: () => false, deadlineMs: DEADLINE_MS });
  for (const erp of erps.erps) {
    expectDocuments(erp, documents, () => true);
    expectOthers(erp, all, CONTRACTS);
    expect([erp.key, ...erp.erp.wrongRequests()]).toEqual([erp.key]);
  }
  await expectNoSecrets(workers);
  process.stderr.write(
    `fault mix: ${all.length} documents, seed ${SEED}, ${Math.round(firstMs / 1_000)} s under faults, ` +
      `${Math.round((performance.now() - startedMs) / 1_000)} s in all\n`,
  );
});

/** Gives back 5.00 of the second invoice of some contracts. */
async function giveBack(worker: WorkerProcess, invoices: readonly PublishedDocument[]): Promise<void> {
  for (let n = FIRST_CREDITED; n < FIRST_CREDITED + CREDITED; n++) {
    const invoice = invoices.find(({ id }) => id === `${contractOf(n)}:2`);
    const who = ["--actor", "finance", "--reason", "outage", "--request", `credit-${n}`];
    await answered(worker, "invoices", "credit", invoice?.number ?? "", "--line", "1=5", ...who);
  }
}

async function retry(worker: WorkerProcess, key: string, connection: string): Promise<void> {
  const who = ["--actor", "finance", "--reason", "mended", "--request", `mended-${connection}`];
  await answered(worker, "postings", "retry", key, "--connection", connection, ...who);
}

/** A new worker may still wait for its leases: the request is asked again under its id. */
async function answered(worker: WorkerProcess, ...args: readonly string[]): Promise<void> {
  let said = "";
  const isAnswered = slowly(async () =>
    command(...args).then(
      () => true,
      (error: unknown) => {
        said = String(error);
        return false;
      },
    ),
  );
  await worker.until(args.join(" "), isAnswered).catch((cause: unknown) => {
    throw new Error(`${String(cause)}\n${said}`, { cause });
  });
}

async function expectNoSecrets(workers: readonly WorkerProcess[]): Promise<void> {
  const { workspace, server } = bench;
  const last = workers.at(-1);
  const texts = {
    log: workers.map(({ log, tail }) => JSON.stringify(log) + tail).join("\n"),
    metrics: (await last?.metrics()) ?? "",
    status: JSON.stringify(await last?.status()),
    inspect: await command("inspect", "postings"),
    list: await command("postings", "list", "--connection", erps.erps[0]?.key ?? ""),
  };
  const settings = `${workspace.folder}/erp-connections.json`;
  const sources = new Set([settings, ...erps.secretFiles]);
  const places = (secrets: readonly string[], known = (file: string) => sources.has(file)): string[] =>
    placesOfSecrets(secrets, texts, [workspace.folder, server.storeDir], known);
  // The search finds what is there: secrets in their settings and files, and a document's number in what the broker stores.
  const given = JSON.stringify(erps.settings());
  const holders = [
    ...erps.secretFiles,
    ...(erps.secrets.some((secret) => given.includes(secret)) ? [settings] : []),
  ];
  expect(new Set(places(erps.secrets, () => false))).toEqual(new Set(holders));
  expect(places(["invoice:north:N-000001"]).some((file) => file.startsWith(server.storeDir))).toBe(true);
  expect(places(erps.secrets)).toEqual([]);
}
