import { afterEach, beforeEach, expect, test } from "vitest";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import type { HeldDocumentRow } from "../../../src/pipeline/held-documents.ts";
import { AvataxSimulator } from "../../simulators/avatax/simulator.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  publishedDocuments,
  publishUnplaced,
  unitsUsed,
} from "../../support/worker/billed-month.ts";
import { taxedContracts, writeTaxCatalog } from "../../support/worker/tax-catalog.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import { runCommand, type CommandResult, type WorkerProcess } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";

const LICENSE_KEY = "SECRET-0123456789";
let bench: Bench;
let simulator: AvataxSimulator;

beforeEach(async () => {
  simulator = await AvataxSimulator.start({ accountId: "1100", licenseKey: LICENSE_KEY });
  bench = await Bench.start(1);
});
afterEach(async () => {
  await bench.close();
  await simulator.close();
});

const configured = () => ({
  tax: {
    service: "avatax",
    url: simulator.url,
    account_id: "1100",
    license_key: LICENSE_KEY,
    deadline: "2s",
    // Nothing is asked again by itself.
    ask_again_after: "1h",
  },
});

/** Usage of a month that ended three days ago, and of today. */
async function prepare(): Promise<void> {
  const { startMs, endMs } = endedMonth();
  const contracts = taxedContracts(3);
  writeTaxCatalog(bench.workspace.catalogFolder, startMs, contracts);
  // What is of the month comes first: nothing of it is late.
  await publishUnplaced(bench.connection, [
    ...contracts.map(({ account }, n) => unitsUsed(`month-${n}`, account, endMs - DAY_MS, 100)),
    ...contracts.map(({ account }, n) => unitsUsed(`now-${n}`, account, Date.now() - 60_000, 1)),
  ]);
}

const documents = () => publishedDocuments(bench.connection);

async function final(worker: WorkerProcess, count: number): Promise<Map<string, PublishedDocument>> {
  await settle(bench.workspace, worker, bench.connection);
  await worker.until("documents are final", async () => (await documents()).length >= count, 60_000);
  await settle(bench.workspace, worker, bench.connection);
  const all = await documents();
  expect(all).toHaveLength(count);
  return new Map(all.map((document) => [document.id, document]));
}

const invoices = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand(["invoices", ...args, "--config", bench.workspace.config()]);
const decide = (...args: readonly string[]): Promise<CommandResult> =>
  invoices(...args, "--actor", "Ann of finance", "--reason", "a mistake");

test(
  "credit notes and voids have their records at the service, once each, whatever answers are lost; held documents are asked about again",
  { timeout: 240_000 },
  async () => {
    await prepare();
    const { workspace, connection } = bench;
    const worker = workspace.start(configured());
    const billed = await final(worker, 4);

    const held: HeldDocumentRow[] = JSON.parse((await invoices("held", "--json")).stdout);
    expect(held.map(({ id, reason, asked }) => [id, reason, asked])).toEqual([
      ["C1:1", "tax-service-refused", true],
      ["C1:2", "tax-service-refused", true],
    ]);
    expect((await invoices("held")).stdout).toMatch(/^C1:1 .* tax-service-refused +Jurisdiction/m);
    const creates = simulator.requests.create;
    expect((await decide("retry-tax", "C0:2")).code).toBe(2);
    expect(await decide("retry-tax", "C1:2")).toMatchObject({ code: 0 });
    await worker.until("one is asked about", () =>
      Promise.resolve(simulator.requests.create === creates + 1),
    );
    expect(await decide("retry-tax")).toMatchObject({ code: 0 });
    await worker.until("both are asked about", () =>
      Promise.resolve(simulator.requests.create === creates + 3),
    );

    // The first answer about each record is lost, behind what was asked.
    simulator.faultOf = (_operation, _code, attempt) => (attempt === 1 ? { kind: "lost" } : undefined);
    const numberOf = (id: string): string => billed.get(id)?.number ?? "";
    simulator.transactions.get("SERVED|C2:2|SalesInvoice")!.locked = true;
    expect(await decide("credit", numberOf("C0:2"), "--line", "1=9.99")).toMatchObject({ code: 0 });
    expect(await decide("void", numberOf("C2:2"))).toMatchObject({ code: 0 });
    expect(await decide("void", numberOf("C0:1"))).toMatchObject({ code: 0 });
    const corrected = await final(worker, 7);
    const [credited, note] = [corrected.get("C0:2"), corrected.get("C0:3")];
    expect(note).toMatchObject({
      kind: "credit-memo",
      corrects: { document: "C0:2", kind: "credit-note" },
      taxTransaction: { code: "C0:3", type: "ReturnInvoice" },
    });
    expect(Number(note?.tax)).toBeLessThan(0);
    expect(simulator.transactions.get("SERVED|C0:3|ReturnInvoice")).toMatchObject({
      status: "Committed",
      commits: 1,
      totalTax: note?.tax,
      referenceCode: "C0:2",
      lines: [{ taxDate: credited?.lines[0]?.periodEnd && lastDayOf(credited.lines[0].periodEnd) }],
    });
    // Reported already: taken back by a record of its own.
    const gross = corrected.get("C2:2");
    expect(simulator.transactions.get("SERVED|C2:2|SalesInvoice")).toMatchObject({ status: "Committed" });
    expect(simulator.transactions.get("SERVED|C2:3|ReturnInvoice")).toMatchObject({
      status: "Committed",
      commits: 1,
      totalTax: `-${gross?.tax ?? ""}`,
    });
    // Not reported: voided, and nothing else.
    expect(simulator.transactions.get("SERVED|C0:1|SalesInvoice")).toMatchObject({
      status: "Cancelled",
      commits: 1,
      voids: 1,
    });
    expect(corrected.get("C0:4")?.taxTransaction).toMatchObject({ code: "C0:1", action: "void" });
    expect(simulator.transactions.has("SERVED|C0:4|ReturnInvoice")).toBe(false);

    // The credit note was a mistake itself.
    expect((await decide("void", note?.number ?? "")).stderr).toContain("maybe-applied");
    expect(await decide("void", note?.number ?? "", "--unapplied")).toMatchObject({ code: 0 });
    const last = await final(worker, 8);
    expect(last.get("C0:5")).toMatchObject({ kind: "invoice", tax: note?.tax.slice(1) });
    expect(simulator.transactions.get("SERVED|C0:3|ReturnInvoice")).toMatchObject({
      status: "Cancelled",
      voids: 1,
    });
    expect(simulator.malformedRequests).toEqual([]);
    expect(JSON.parse(await workspace.command(["reconcile", "--json"]))).toMatchObject({ balanced: true });
    const history: { decisions: { kind: string }[]; faults: unknown[] } = JSON.parse(
      (await runCommand(["close", "history", "--json", "--config", workspace.config()])).stdout,
    );
    expect(history.faults).toEqual([]);
    expect(history.decisions.map(({ kind }) => kind)).toEqual(
      ["tax-retry", "tax-retry", "credit-note"].concat(["void-invoice", "void-invoice", "void-invoice"]),
    );

    // The logs alone give the same state; what was voided since is not committed again, and nobody has to look.
    const before = bench.workspace.dumpWithoutPosition(0);
    await worker.drain();
    workspace.removeState();
    const rebuilt = workspace.start(configured());
    await settle(workspace, rebuilt, connection);
    await rebuilt.until("the state is the same", () =>
      Promise.resolve(bench.workspace.dumpWithoutPosition(0) === before),
    );
    const exceptions: { reason: string }[] = JSON.parse(
      await workspace.command(["inspect", "exceptions", "--json"]),
    );
    expect(new Set(exceptions.map(({ reason }) => reason))).toEqual(new Set(["tax-service-refused"]));
    for (const { commits, voids } of simulator.transactions.values())
      expect(commits + voids).toBeLessThanOrEqual(2);
    await rebuilt.drain();
  },
);

/** The day that a period ends with: the one before its end. */
function lastDayOf(periodEnd: string): string {
  return new Date(Date.parse(periodEnd) - 1).toISOString().slice(0, 10);
}
