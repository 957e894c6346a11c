import { afterEach, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { ErpLandscape, REFUSED_BY_DROP, REFUSED_BY_HOOK } from "../../support/erp/erp-landscape.ts";
import {
  contractOf,
  monthOfUsage,
  OTHER_ITEM,
  publishedFigures,
  RARE,
  writePostedCatalog,
  type DocumentFigures,
} from "../../support/erp/posted-month.ts";
import { placesOfSecrets } from "../../support/erp/secret-scan.ts";
import { Bench } from "../../support/worker/bench.ts";
import { endedMonth, publishedDocuments, publishUnplaced } from "../../support/worker/billed-month.ts";
import type { WorkerProcess } from "../../support/worker/worker-process.ts";

/**
 * A month of usage, billed and posted to four ERPs while answers are lost, servers fail, tokens end and the worker is killed: each document is there
 * once, with the figures that were published, or is an exception for a reason that was put there.
 */

const SEED = Number(process.env["TRIBUTARY_SEED"] ?? 4_711);
/** Documents of each ERP, about: a contract has a customer and two invoices. */
const DOCUMENTS = Number(process.env["TRIBUTARY_ERP_DOCUMENTS"] ?? 60);
const CONTRACTS = Math.ceil(DOCUMENTS / 3);
const INVOICES = 2 * CONTRACTS;
const KILLS_AT = [0.25, 0.6];
const DEADLINE_MS = 120_000 + 1_000 * DOCUMENTS;
/** Rows that a failure shows. */
const SHOWN = 10;
const CONNECTIONS = ["netsuite", "jobs", "drop", "hook"] as const;
const POSTED: ReadonlySet<string> = new Set(["confirmed", "reconciled"]);
/** States in which nothing more happens by itself; a held document is tried again now and then. */
const SETTLED: ReadonlySet<string> = new Set([
  ...POSTED,
  "waiting",
  "parked",
  "held",
  "rejected",
  "conflict",
]);

let bench: Bench;
let erps: ErpLandscape;

afterEach(async () => {
  await erps.close();
  await bench.close();
});

interface Row {
  readonly connection: string;
  readonly key: string;
  readonly kind: string;
  readonly currency: string;
  readonly state: string;
  readonly reason: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly missing: readonly string[];
}

/** Runs a command with the configuration of the workers: a file that it shares with those that start. */
async function command(...args: readonly string[]): Promise<string> {
  return await bench.workspace.command(args, { erp: erps.settings() });
}

async function inspected(): Promise<readonly Row[]> {
  const rows: readonly Row[] = JSON.parse(await command("inspect", "postings", "--json"));
  return rows;
}

/** Documents that a connection has not come to an end with, by the worker's metrics: cheaper than to look into its state. */
function underWay(metrics: string): number {
  return [...metrics.matchAll(/^tributary_documents\{sink="\w+",state="([\w-]+)"\} (\d+)/gm)]
    .filter(([, state = ""]) => !SETTLED.has(state))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}

/** Waits until nothing moves any more, and all that is not posted is where it is expected. */
async function settled(worker: WorkerProcess, isExpected: (row: Row) => boolean): Promise<readonly Row[]> {
  let rows: readonly Row[] = [];
  const open = (): readonly Row[] => rows.filter((row) => !POSTED.has(row.state) && !isExpected(row));
  try {
    await worker.until(
      "all documents are posted or exceptions",
      async () => {
        const metrics = await worker.metrics();
        if (!metrics.includes("tributary_documents{") || underWay(metrics) > 0) return false;
        rows = await inspected();
        return CONNECTIONS.every((key) => isWhole(rows, key)) && open().length === 0;
      },
      DEADLINE_MS,
    );
  } catch (cause) {
    const states = (await worker.metrics()).match(/^tributary_documents\{.*$/gm)?.join("\n") ?? "no metrics";
    const shown = open()
      .slice(0, SHOWN)
      .map((row) => JSON.stringify(row));
    throw new Error(`${states}\n${shown.join("\n")}\n${String(cause)}`, { cause });
  }
  return rows;
}

function isWhole(rows: readonly Row[], connection: string): boolean {
  const own = rows.filter((row) => row.connection === connection);
  const count = (kind: string): number => own.filter((row) => row.kind === kind).length;
  return count("customer") === CONTRACTS && count("invoice") === INVOICES && count("journal") > 0;
}

/** Why a row may be an exception: the fault that was put there. */
function isInjected({ connection, key, kind, currency, state, code, missing }: Row, rare: string): boolean {
  if (connection === "drop") return key === REFUSED_BY_DROP && state === "rejected" && code === "BAD-DATA";
  if (connection === "hook") return key === REFUSED_BY_HOOK && state === "rejected" && code === "http-422";
  if (currency === "GBP") return state === "waiting" && missing.includes("currency GBP");
  if (kind === "journal") return state === "held";
  return key === `invoice:${rare}` && state === "parked";
}

const byNumber = (one: DocumentFigures, other: DocumentFigures): number =>
  one.number < other.number ? -1 : 1;

test(`${CONTRACTS} contracts through four ERPs under a fault mix: each document is there once, and exceptions have their reasons`, async () => {
  const startedMs = performance.now();
  bench = await Bench.start(2);
  const { workspace, connection } = bench;
  erps = await ErpLandscape.start(workspace.folder, SEED);
  const { startMs, endMs } = endedMonth();
  const closedMonth = new Date(startMs).toLocaleString("en-US", {
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  const isAccount = (key: string): boolean => key === "netsuite" || key === "jobs";
  writePostedCatalog(
    workspace.catalogFolder,
    startMs,
    CONTRACTS,
    ErpLandscape.catalog.map((each) => ({ ...each, hasForeignCurrency: !isAccount(each.key) })),
  );
  await publishUnplaced(connection, monthOfUsage(endMs, CONTRACTS));
  erps.beginFaults(closedMonth);

  const workers: WorkerProcess[] = [];
  const start = (): WorkerProcess => {
    const worker = workspace.start({ erp: erps.settings() });
    workers.push(worker);
    return worker;
  };
  let worker = start();
  for (const share of KILLS_AT) {
    const posted = (): number => erps.drop.booked.size + erps.hook.messages.size;
    await worker.until("some documents are posted", () => posted() >= share * 2 * DOCUMENTS, DEADLINE_MS);
    await worker.kill();
    worker = start();
  }

  // First end: everything is posted, but for what was made impossible.
  const documents = await waitForDocuments(worker);
  const rare = documents.find(({ id }) => id === `${contractOf(RARE)}:2`)?.number ?? "";
  const rows = await settled(worker, (row) => isInjected(row, rare));
  const exceptions = rows.filter(({ state }) => !POSTED.has(state));
  for (const { state, reason, missing } of exceptions)
    expect([state, reason ?? missing[0]]).not.toContain(undefined);
  for (const key of CONNECTIONS) {
    const own = rows.filter((row) => row.connection === key);
    const posted = own.filter(({ state }) => POSTED.has(state));
    const numbers = new Set(
      posted.filter(({ kind }) => kind === "invoice").map((row) => row.key.slice("invoice:".length)),
    );
    const expected = documents.map(publishedFigures).filter(({ number }) => numbers.has(number));
    expect({ key, documents: erps.documents(key).toSorted(byNumber) }).toEqual({
      key,
      documents: expected.toSorted(byNumber),
    });
    process.stderr.write(
      `fault mix: ${key}: ${posted.length} of ${own.length} posted, ${own.length - posted.length} exceptions by what was injected\n`,
    );
  }
  const firstMs = performance.now() - startedMs;

  // What was wrong is put right: another mapping, an open period, an import that takes what it refused.
  erps.endFaults(closedMonth);
  await worker.drain();
  writePostedCatalog(
    workspace.catalogFolder,
    startMs,
    CONTRACTS,
    ErpLandscape.catalog.map((each) => ({ ...each, rareItem: OTHER_ITEM })),
  );
  worker = start();
  await worker.ready();
  for (const [key, on] of [
    [REFUSED_BY_DROP, "drop"],
    [REFUSED_BY_HOOK, "hook"],
  ] as const)
    await retry(worker, key, on);
  const all = await settled(worker, () => false);
  for (const key of CONNECTIONS) {
    expect({ key, documents: erps.documents(key).toSorted(byNumber) }).toEqual({
      key,
      documents: documents.map(publishedFigures).toSorted(byNumber),
    });
    const journals = all.filter((row) => row.connection === key && row.kind === "journal");
    const posted = erps.journals(key);
    expect([key, posted.length, new Set(posted).size]).toEqual([key, journals.length, journals.length]);
  }
  expectCorrectSender();
  await expectNoSecrets(workers);
  process.stderr.write(
    `fault mix: ${all.length} documents, seed ${SEED}, ${Math.round(firstMs / 1_000)} s under faults, ` +
      `${Math.round((performance.now() - startedMs) / 1_000)} s in all\n`,
  );
});

async function waitForDocuments(worker: WorkerProcess): ReturnType<typeof publishedDocuments> {
  let documents: Awaited<ReturnType<typeof publishedDocuments>> = [];
  await worker.until(
    "all contracts are billed",
    async () => {
      documents = await publishedDocuments(bench.connection);
      return documents.length === INVOICES;
    },
    DEADLINE_MS,
  );
  return documents;
}

/** The connection's new runner may still wait for its lease: the request is asked again under its id. */
async function retry(worker: WorkerProcess, key: string, connection: string): Promise<void> {
  const who = ["--actor", "finance", "--reason", "mended", "--request", `mended-${connection}`];
  await worker.until(`${key} is tried again`, async () => {
    const asked = command("postings", "retry", key, "--connection", connection, ...who);
    return asked.then(
      () => true,
      () => false,
    );
  });
}

/** Each record was written once, files had no fault, messages no wrong form, and no answer was overtaken by another attempt. */
function expectCorrectSender(): void {
  for (const simulator of [erps.netsuite, erps.jobs]) {
    const documents = simulator.ledger().records.filter(({ type }) => type !== "customer");
    expect(documents.filter(({ commits, reversalOf }) => commits !== 1 && reversalOf === null)).toEqual([]);
  }
  expect(erps.drop.faultyFiles).toEqual([]);
  expect(erps.hook.refusals).toEqual([]);
}

async function expectNoSecrets(workers: readonly WorkerProcess[]): Promise<void> {
  const { workspace, server } = bench;
  const last = workers.at(-1);
  const texts = {
    log: workers.map(({ log, tail }) => JSON.stringify(log) + tail).join("\n"),
    metrics: (await last?.metrics()) ?? "",
    status: JSON.stringify(await last?.status()),
    inspect: await command("inspect", "postings"),
    list: await command("postings", "list", "--connection", "netsuite"),
  };
  const settings = `${workspace.folder}/erp-connections.json`;
  const isSource = (file: string): boolean => file === settings || file === erps.keyFile;
  const places = (secrets: readonly string[], known: (file: string) => boolean = isSource): string[] =>
    placesOfSecrets(secrets, texts, [workspace.folder, server.storeDir], known);
  // The search finds what is there: the settings, and a document's number in what the broker stores.
  expect(places(erps.secrets, () => false)).toContain(settings);
  expect(places(["invoice:N-000001"]).some((file) => file.startsWith(server.storeDir))).toBe(true);
  expect(readFileSync(erps.keyFile, "utf8")).toContain(erps.secrets[0]);
  expect(places(erps.secrets)).toEqual([]);
}
