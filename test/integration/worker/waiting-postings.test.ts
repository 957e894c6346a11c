import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { requestDecision } from "../../../src/cli/operator-client.ts";
import { commandStream, postingStream } from "../../../src/ingest/jetstream/names.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  monthlyFrom,
  publishedDocuments,
  publishUnplaced,
  unitsUsed,
  writeBilledCatalog,
  standardPlan,
} from "../../support/worker/billed-month.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";

const ACCOUNT = "customer a";
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

test("an ERP that can't be posted to stops no billing: documents wait, are tried by the next catalog, and balance", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  const { startMs, endMs } = endedMonth();
  writeBilledCatalog(workspace.catalogFolder, {
    ...standardPlan("EUR"),
    "contracts/contract.json": {
      id: "C",
      customer: "customer",
      account: ACCOUNT,
      plan: { key: "standard", version: 1 },
      ...monthlyFrom(startMs),
    },
    "erp/nova.json": { key: "nova", adapter: "no-such-erp" },
  });
  await publishUnplaced(connection, [
    unitsUsed("one", ACCOUNT, endMs - DAY_MS, 100),
    unitsUsed("two", ACCOUNT, Date.now() - 60_000, 1),
  ]);
  const postings = async (): Promise<unknown> =>
    JSON.parse(await workspace.command(["inspect", "postings", "--json"]));
  const worker = workspace.start();
  await settle(workspace, worker, connection);
  await worker.until("the invoice is final", async () => (await publishedDocuments(connection)).length === 1);
  await settle(workspace, worker, connection);
  const waiting = [
    { key: "customer:default:customer", state: "waiting", reason: "adapter-unknown", amount: null },
    { key: "invoice:default:INV-000001", state: "waiting", reason: "adapter-unknown", amount: "25.00" },
  ];
  expect(await postings()).toMatchObject(waiting);
  for (const stream of [commandStream("nova"), postingStream("nova")])
    expect((await connection.manager.streams.info(stream)).config.deny_delete).toBe(true);
  const head = { actor: "Ann", reason: "again", request: "redrive-of-1" };
  const redrive = { kind: "posting-redrive", ...head, connection: "nova", key: "invoice:default:INV-000001" };
  await expect(requestDecision(connection, 0, redrive, 10_000)).rejects.toThrow(
    /posting-waits.*adapter-unknown/,
  );
  await worker.drain();

  // Another catalog: what waits is read back from the state and tried.
  const nova = { key: "nova", adapter: "no-such-erp", name: "Nova" };
  writeFileSync(join(workspace.catalogFolder, "erp", "nova.json"), JSON.stringify(nova));
  const second = workspace.start();
  await settle(workspace, second, connection);
  expect(await postings()).toMatchObject(waiting);
  expect(JSON.parse(await workspace.command(["reconcile", "--json"]))).toMatchObject({
    balanced: true,
    postings: [{ connection: "nova", state: "waiting", documents: 2, amounts: { EUR: "25.00" } }],
  });
  const before = workspace.dumpWithoutPosition(0);
  await second.drain();
  // The logs alone give the same state.
  workspace.removeState();
  const successor = workspace.start();
  await settle(workspace, successor, connection);
  await successor.until("the state is the same", () =>
    Promise.resolve(workspace.dumpWithoutPosition(0) === before),
  );
});
