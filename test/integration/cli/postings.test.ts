import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  monthlyFrom,
  publishUnplaced,
  unitsUsed,
  writeBilledCatalog,
  standardPlan,
} from "../../support/worker/billed-month.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import { runCommand } from "../../support/worker/worker-process.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { WebhookReceiver } from "../../simulators/webhook/receiver.ts";

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
const KEY = "invoice:default:INV-000001";

let bench: Bench;
let receiver: WebhookReceiver;

afterEach(async () => {
  await bench.close();
  await receiver.close();
});

function writeCatalog(folder: string, startMs: number): void {
  writeBilledCatalog(folder, {
    ...standardPlan("USD"),
    "contracts/contract.json": {
      id: "C",
      customer: "customer",
      account: "acme",
      plan: { key: "standard", version: 1 },
      ...monthlyFrom(startMs),
    },
    "erp/hook.json": { key: "hook", adapter: "http", kinds: ["customer", "invoice", "credit-memo"] },
  });
}

interface Listed {
  readonly documents: readonly {
    readonly key: string;
    readonly state: string;
    readonly code: string | null;
  }[];
}

/** `tributary postings …` on the bench's configuration. */
async function postings(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly text: string }> {
  const { code, stdout, stderr } = await runCommand(["postings", ...args, "--config", configOf()]);
  return { code, text: stdout + stderr };
}

function configOf(): string {
  return bench.workspace.config({
    erp: { hook: { adapter: "http", url: receiver.url, secret: SECRET } },
  });
}

/** How often the invoice was rejected. */
async function refusals(): Promise<number> {
  const { text } = await postings("history", KEY);
  return text.match(/ rejected /g)?.length ?? 0;
}

async function listed(...args: readonly string[]): Promise<Listed["documents"]> {
  const { code, text } = await postings("list", "--json", ...args);
  // The worker has not made the connection's streams yet.
  if (code !== 0 && text.includes("stream")) return [];
  const { documents }: Listed = JSON.parse(text);
  return documents;
}

test("a document that was rejected is listed with its reason, and tried again when an operator says so, once", async () => {
  let isRefusing = true;
  receiver = await WebhookReceiver.start({
    secrets: [SECRET],
    faultOf: (id) => (isRefusing && id.includes("invoice") ? { kind: "status", status: 422 } : undefined),
  });
  bench = await Bench.start(1);
  const { startMs, endMs } = endedMonth();
  writeCatalog(bench.workspace.catalogFolder, startMs);
  await publishUnplaced(bench.connection, [
    unitsUsed("a", "acme", endMs - DAY_MS, 100),
    unitsUsed("later", "acme", endMs + 2 * DAY_MS, 1),
  ]);
  const decide = ["--actor", "finance", "--reason", "put right there", "--request", "request-0001"];
  // Nobody has the connection.
  configOf();
  const early = await postings("retry", KEY, ...decide);
  expect(early).toMatchObject({
    code: 1,
    text: expect.stringContaining("No worker has the ERP connection hook"),
  });

  bench.workspace.start({ erp: { hook: { adapter: "http", url: receiver.url, secret: SECRET } } });
  await waitUntil("the invoice is rejected", async () => (await listed()).length > 0);
  expect(await listed()).toMatchObject([{ key: KEY, state: "rejected", code: "http-422" }]);
  expect(await listed("--all")).toMatchObject([{ key: "customer:default:customer" }, { key: KEY }]);
  const table = await postings("list");
  expect(table.text).toMatch(/^invoice:default:INV-000001\s+rejected .*validation: http-422/m);
  expect(table.text).toContain("the chain of hashes is whole");

  // Queued again by its partition, it is refused again.
  const redrive = ["--actor", "finance", "--reason", "the mapping is right now", "--request", "request-0002"];
  expect(await postings("redrive", "invoice:default:INV-000009", ...redrive)).toMatchObject({
    code: 2,
    text: expect.stringContaining("No partition has a document"),
  });
  // It is told what became of it before it can queue it again.
  await waitUntil("the partition to queue it again", async () => {
    const { code } = await postings("redrive", KEY, ...redrive);
    return code === 0;
  });
  expect((await postings("redrive", KEY, ...redrive)).text).toContain("was decided before");
  await waitUntil("its second revision to be refused", async () => (await refusals()) === 2);

  isRefusing = false;
  expect((await postings("retry", "invoice:default:INV-000009", ...decide)).text).toContain(
    "There is no document",
  );
  expect(await postings("retry", KEY, ...decide)).toMatchObject({ code: 0 });
  await waitUntil("the invoice is posted", async () => (await listed()).length === 0);
  expect((await postings("retry", KEY, ...decide)).text).toContain("It had been decided before");
  await waitUntil("the partition to refuse to queue it once more", async () => {
    const other = [...redrive.slice(0, -1), "request-0003"];
    const { code, text } = await postings("redrive", KEY, ...other);
    return code === 1 && text.includes("confirmed");
  });
  const history = await postings("history", KEY);
  expect(history.text).toMatch(
    /submitting[\s\S]*rejected[\s\S]*decision: retry[\s\S]*finance: put right there[\s\S]*confirmed/,
  );
  expect((await postings("list", "--connection", "other")).text).toContain(
    "There is no ERP connection other",
  );
});
