import { afterEach, expect, test } from "vitest";
import { POSTING_FAILPOINTS, type Failpoint } from "../../../src/model/fault-injection.ts";
import { ErpLandscape } from "../../support/erp/erp-landscape.ts";
import { expectDocuments, expectOthers, waitForDocuments } from "../../support/erp/landscape-checks.ts";
import { monthOfUsage, writePostedCatalog } from "../../support/erp/posted-month.ts";
import { PostingRows } from "../../support/erp/posting-rows.ts";
import { Bench } from "../../support/worker/bench.ts";
import { endedMonth, publishUnplaced } from "../../support/worker/billed-month.ts";

/** Workers that are killed where a posting is between two of its effects, one after the other: each document is in each ERP once. */

const SEED = 20_264;
/** The visits of each failpoint at which a worker dies; "short" is two points at one visit each. */
const VISITS = process.env["TRIBUTARY_POSTING_FAILPOINT_VISITS"] ?? "short";
const CRASHES: readonly (readonly [point: Failpoint, visit: number])[] =
  VISITS === "short"
    ? [
        ["after-erp-answer", 2],
        ["after-posting-result-before-cursor", 1],
      ]
    : VISITS.split(",").flatMap((visit) =>
        POSTING_FAILPOINTS.map((point) => [point, Number(visit)] as const),
      );
/** One that is called and read back, and one that can't be asked. */
const NAMES = ["netsuite", "hook"];
/** Each crash has documents left on which it happens: a visit is at least one of them. */
const CONTRACTS = 6 + 2 * CRASHES.reduce((sum, [, visit]) => sum + visit, 0);
const INVOICES = 2 * CONTRACTS;
const DEADLINE_MS = 120_000 + 1_000 * CONTRACTS;

let bench: Bench;
let erps: ErpLandscape;

afterEach(async () => {
  await erps.close();
  await bench.close();
});

test(`${CRASHES.length} crashes between the effects of a posting: each document is in each ERP once`, async () => {
  bench = await Bench.start(1);
  const { workspace } = bench;
  erps = await ErpLandscape.start(workspace.folder, SEED, NAMES);
  const { startMs, endMs } = endedMonth();
  writePostedCatalog(workspace.catalogFolder, startMs, CONTRACTS, erps.catalog());
  await publishUnplaced(bench.connection, monthOfUsage(endMs, CONTRACTS));

  const options = { erp: erps.settings() };
  for (const [point, visit] of CRASHES) {
    const worker = workspace.start({ ...options, failpoint: { point, visit } });
    await worker.crashed();
  }
  const worker = workspace.start(options);
  const documents = await waitForDocuments(bench, worker, INVOICES, DEADLINE_MS);
  const keys = erps.erps.map(({ key }) => key);
  const settled = new PostingRows(keys, () => workspace.command(["inspect", "postings", "--json"], options));
  const rows = await settled.wait(worker, {
    isWhole: (all, key) =>
      all.filter(({ connection, kind }) => connection === key && kind === "invoice").length === INVOICES,
    isExpected: () => false,
    deadlineMs: DEADLINE_MS,
  });
  for (const each of erps.erps) {
    expectDocuments(each, documents, () => true);
    expectOthers(each, rows, CONTRACTS);
    expect([each.key, ...each.erp.wrongRequests()]).toEqual([each.key]);
  }
});
