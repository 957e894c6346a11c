import { cpSync } from "node:fs";
import { expect } from "vitest";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { partitionFolder } from "../../../src/state/open-database.ts";
import { cents } from "../erp/posted-month.ts";
import type { ErpLandscape } from "../erp/erp-landscape.ts";
import { expectDocuments, expectOthers } from "../erp/landscape-checks.ts";
import type { Row } from "../erp/posting-rows.ts";
import { expectNumbersWithoutGap, publishedDocuments } from "../worker/billed-month.ts";
import {
  expectAmountsAddUp,
  expectCounted,
  expectDeadLetters,
  expectedCharges,
  expectRated,
  expectUnbilledIsPublished,
  sortedEntries,
} from "../worker/checks.ts";
import { readDeadLetters, readRated } from "../worker/results.ts";
import { truthOfLogs, type Truth } from "../worker/truth.ts";
import type { ConfigOptions, Workspace } from "../worker/workspace.ts";
import { CHAOS_ACCOUNTS, CHAOS_PARTITIONS, type ChaosTimes, INVOICES } from "./chaos-catalog.ts";
import type { ChaosLoad } from "./chaos-load.ts";
import type { ChaosFleet } from "./chaos-fleet.ts";

const AUDIT = "audit";

export interface AuditOptions {
  readonly workspace: Workspace;
  readonly fleet: ChaosFleet;
  readonly connection: BrokerConnection;
  readonly load: ChaosLoad;
  readonly times: ChaosTimes;
  readonly erps: ErpLandscape;
  readonly urls: readonly string[];
}

/** What was found equal everywhere. */
export interface AuditFigures {
  readonly counts: Truth["counts"];
  readonly messages: number;
  readonly undecodable: number;
  readonly documents: number;
  readonly journals: number;
  /** Sum of all documents in minor units, by currency. */
  readonly totals: Readonly<Record<string, string>>;
  /** Documents, journals and customers of each ERP, each there once. */
  readonly erps: Readonly<Record<string, ErpFigures>>;
}

export interface ErpFigures {
  readonly documents: number;
  readonly journals: number;
  readonly customers: number;
  /** Requests in all, and those whose answer was lost. */
  readonly requests: number;
  readonly lost: number;
}

/**
 * Compares everything that came of a run, after its workers have ended: the logs as they are, counted by another way, with the states, the published
 * results, the invoices and what is in the ERPs. Throws what differs.
 */
export async function audit(options: AuditOptions): Promise<AuditFigures> {
  const { workspace, connection, load, times, erps } = options;
  const truth = truthOfLogs(await load.read(connection), CHAOS_ACCOUNTS);
  const config = gatherStates(options);
  const inspected = await workspace.inspect(config);
  expectCounted(inspected, truth);
  const reconciled = await workspace.command(["reconcile", "--json"], config);
  expect(JSON.parse(reconciled)).toMatchObject({ balanced: true });
  expectDeadLetters(await readDeadLetters(connection), truth);
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expectRated(rated, truth, (account) => times.anchorDayOf(account));
  expectUnbilledIsPublished(inspected, rated);
  const documents = await publishedDocuments(connection);
  expectInvoiced(documents, truth, times);
  await expectNumbersWithoutGap(connection, documents, { north: "N-", south: "S-" });
  const rows: readonly Row[] = JSON.parse(await workspace.command(["inspect", "postings", "--json"], config));
  for (const erp of erps.erps) {
    expectDocuments(erp, documents, () => true);
    expectOthers(erp, rows, CHAOS_ACCOUNTS.length);
    expect([erp.key, ...erp.erp.wrongRequests()]).toEqual([erp.key]);
  }
  return {
    counts: truth.counts,
    messages: truth.partitions.reduce((sum, { messages }) => sum + messages, 0),
    undecodable: truth.partitions.reduce((sum, { undecodable }) => sum + undecodable, 0),
    documents: documents.length,
    journals: new Set(rows.filter(({ kind }) => kind === "journal").map(({ key }) => key)).size,
    totals: totalsOf(documents),
    erps: Object.fromEntries(
      erps.erps.map(({ key, erp }) => {
        const { total, lost } = erp.requests();
        const counts = {
          documents: erp.documents().length,
          journals: erp.journals().length,
          customers: erp.customers().length,
        };
        return [key, { ...counts, requests: total, lost }];
      }),
    ),
  };
}

/** The newest state of each partition, from whichever disk it is on, as that of one worker that has them all. */
function gatherStates({ workspace, fleet, urls }: AuditOptions): ConfigOptions {
  for (let partition = 0; partition < CHAOS_PARTITIONS; partition++) {
    const states = fleet.disks.map((_, worker) => fleet.configOf(worker).state ?? "");
    const newest = states.reduce((one, other) =>
      workspace.committed(partition, other) > workspace.committed(partition, one) ? other : one,
    );
    cpSync(
      partitionFolder(workspace.stateFolder(newest), partition),
      partitionFolder(workspace.stateFolder(AUDIT), partition),
      { recursive: true },
    );
  }
  const { erp } = fleet.configOf(0);
  return {
    workerName: AUDIT,
    state: AUDIT,
    files: null,
    servers: urls,
    ...(erp === undefined ? {} : { erp }),
  };
}

/** All that was used is on invoices: by account, meter and period, corrections of a period included, it is the independent count's charge. */
function expectInvoiced(documents: readonly PublishedDocument[], truth: Truth, times: ChaosTimes): void {
  const invoiced = new Map<string, bigint>();
  for (const { kind, account, lines } of documents)
    for (const { meter, periodStart, amount } of lines) {
      const key = JSON.stringify([account, meter, new Date(periodStart).toISOString()]);
      const signed = kind === "credit-memo" ? -cents(amount) : cents(amount);
      invoiced.set(key, (invoiced.get(key) ?? 0n) + signed);
    }
  const charges = expectedCharges(truth.cells, (account) => times.anchorDayOf(account));
  // The load's last events, of now, are in a period that goes on.
  for (const [key] of charges) if (isOpen(key, times)) charges.delete(key);
  const withoutZero = (amounts: ReadonlyMap<string, bigint>): Map<string, bigint> =>
    new Map([...amounts].filter(([, amount]) => amount !== 0n));
  expect(documents.length).toBe(INVOICES);
  expect(sortedEntries(withoutZero(invoiced))).toEqual(sortedEntries(withoutZero(charges)));
}

/** Whether a period, by its key, has begun behind the load. */
function isOpen(key: string, times: ChaosTimes): boolean {
  const parts: readonly string[] = JSON.parse(key);
  return Date.parse(parts[2] ?? "") > times.loadEndMs;
}

function totalsOf(documents: readonly PublishedDocument[]): Readonly<Record<string, string>> {
  const totals = new Map<string, bigint>();
  for (const { currency, total } of documents)
    totals.set(currency, (totals.get(currency) ?? 0n) + cents(total));
  return Object.fromEntries([...totals].map(([currency, total]) => [currency, String(total)]));
}
