import { afterEach, expect, test } from "vitest";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { unplacedUsageSubject } from "../../../src/ingest/jetstream/names.ts";
import { accountToken } from "../../../src/model/partition.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  monthlyFrom,
  publishedDocuments,
  unitsUsed,
  writeBilledCatalog,
  standardPlan,
} from "../../support/worker/billed-month.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import { eventJson, type UsageEvent } from "../../support/worker/usage-event.ts";
import { runCommand } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";

const ACCOUNT = "customer a";
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

function writeCatalog(folder: string, startMs: number): void {
  writeBilledCatalog(folder, {
    ...standardPlan("EUR"),
    "contracts/contract.json": {
      id: "C",
      customer: "customer",
      account: ACCOUNT,
      plan: { key: "standard", version: 1 },
      ...monthlyFrom(startMs),
    },
  });
}

async function publish(...texts: readonly string[]): Promise<void> {
  const subject = unplacedUsageSubject(accountToken(ACCOUNT), "eu");
  const contentType = "application/cloudevents+json";
  const encoder = new TextEncoder();
  await publishAll(
    bench.connection,
    texts.map((text) => ({ subject, contentType, data: encoder.encode(text) })),
  );
}

const usage = (id: string, timeMs: number, units: number): UsageEvent =>
  unitsUsed(id, ACCOUNT, timeMs, units);

const invoices = (...args: readonly string[]) =>
  runCommand(
    ["invoices", ...args].concat("--actor", "finance", "--reason", "outage", [
      "--config",
      bench.workspace.config(),
    ]),
  );

test("an event is taken back, an invoice credited, another voided and billed again, over the owner of the partition", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  const { startMs, endMs } = endedMonth();
  writeCatalog(workspace.catalogFolder, startMs);
  const wrong = usage("wrong", endMs - DAY_MS, 40);
  const retraction = {
    specversion: "1.0",
    id: "fix",
    source: "support",
    type: "io.tributary.retraction.v1",
    subject: ACCOUNT,
    time: new Date().toISOString(),
    data: { event: JSON.parse(eventJson(wrong)) as unknown },
  };
  await publish(
    eventJson(usage("right", endMs - DAY_MS, 100)),
    eventJson(wrong),
    JSON.stringify(retraction),
    eventJson(usage("now", Date.now() - 60_000, 1)),
  );
  const worker = workspace.start();
  await settle(workspace, worker, connection);
  const documents = () => publishedDocuments(connection);
  const final = async (count: number): Promise<void> => {
    await worker.until("documents are final", async () => (await documents()).length === count);
    await settle(workspace, worker, connection);
  };
  await final(1);
  expect(await documents()).toMatchObject([{ number: "INV-000001", total: "25.00" }]);

  const explain = async (source: string, id: string): Promise<unknown> =>
    JSON.parse(await workspace.command(["explain", source, id, "--json"]));
  expect(await explain("test", "wrong")).toMatchObject({
    findings: [{ outcome: "accepted", retractedBy: { source: "support", id: "fix", sequence: 3, index: 0 } }],
    windows: [],
  });
  expect(await explain("support", "fix")).toMatchObject({
    findings: [{ outcome: "accepted", retractedBy: null, retracts: { source: "test", id: "wrong" } }],
    windows: [],
  });

  const dry = await invoices("credit", "INV-000001", "--line", "1=5", "--dry-run", "--json");
  expect(JSON.parse(dry.stdout)).toMatchObject({
    kind: "credit-memo",
    total: "-5.00",
    corrects: { number: "INV-000001", kind: "credit-note", reason: "outage" },
  });
  expect(await documents()).toHaveLength(1);
  expect(await invoices("credit", "INV-000001", "--line", "1=25.01")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("more-than-left"),
  });
  expect(await invoices("void", "INV-000009")).toMatchObject({ code: 2 });
  expect(await invoices("void", "INV-000001", "--reissue")).toMatchObject({ code: 0 });
  await final(3);
  expect(await invoices("void", "INV-000001")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("already-voided"),
  });
  const request = ["--request", "credit-of-3"];
  expect(await invoices("credit", "INV-000003", "--line", "1=5", ...request)).toMatchObject({ code: 0 });
  await final(4);
  // Asked again: the owner answers by the record that is there.
  const again = await invoices("credit", "INV-000003", "--line", "1=5", ...request, "--json");
  expect(JSON.parse(again.stdout)).toMatchObject({ decided: true, partitions: [{ repeated: true }] });

  const rows: unknown = JSON.parse(await workspace.command(["inspect", "invoices", "--json"]));
  expect(rows).toMatchObject([
    { number: "INV-000001", total: "25.00", isVoid: true, correctedBy: ["INV-000002"] },
    { number: "INV-000002", total: "-25.00", corrects: { kind: "void", number: "INV-000001" } },
    { number: "INV-000003", total: "25.00", isVoid: false, correctedBy: ["INV-000004"] },
    { number: "INV-000004", total: "-5.00", corrects: { kind: "credit-note", number: "INV-000003" } },
  ]);
  expect(JSON.parse(await workspace.command(["reconcile", "--json"]))).toMatchObject({ balanced: true });
  const before = workspace.dumpWithoutPosition(0);
  await worker.drain();
  // The logs alone give the same state.
  workspace.removeState();
  const successor = workspace.start();
  await settle(workspace, successor, connection);
  await successor.until("the state is the same", () =>
    Promise.resolve(workspace.dumpWithoutPosition(0) === before),
  );
});
