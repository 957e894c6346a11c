import { afterEach, expect, test } from "vitest";
import { closeReportSchema } from "../../../src/cli/schemas/close-schema.ts";
import { controlSubject } from "../../../src/ingest/jetstream/names.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  monthlyFrom,
  publishUnplaced,
  unitsUsed,
  writeBilledCatalog,
} from "../../support/worker/billed-month.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import { runCommand, type CommandResult } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
/** Customers of both partitions; the last one's tax can't be told. */
const ACCOUNTS = ["acme", "globex", "initech", "hooli", "abroad"];
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

function writeCatalog(folder: string, startMs: number): void {
  writeBilledCatalog(folder, {
    "settings.json": { regions: ["eu", "us"], disorder: "10m", grace: "1h" },
    "customers/customers.json": [
      { id: "customer", name: "Customer", country: "DE" },
      { id: "abroad", name: "Abroad", country: "FR" },
    ],
    "tax_rates/rates.json": [{ key: "de", name: "VAT", country: "DE", percent: "20", from: "2020-01-01" }],
    "legal_entities/entities.json": [{ key: "north", name: "North", country: "DE" }],
    "plans/plans.json": {
      key: "standard",
      version: 1,
      currency: "EUR",
      prices: [{ key: "usage", product: "usage", meter: "usage", model: "per_unit", unit_price: "0.5" }],
    },
    "contracts/contracts.json": ACCOUNTS.map((account) => ({
      id: `C-${account}`,
      customer: account === "abroad" ? "abroad" : "customer",
      account,
      plan: { key: "standard", version: 1 },
      legal_entity: "north",
      ...monthlyFrom(startMs),
    })),
  });
}

const close = (...args: string[]): Promise<CommandResult> =>
  runCommand(["close", ...args, "--config", bench.workspace.config()]);
const reportIn = ({ stdout, stderr }: CommandResult) => {
  if (stdout === "") throw new Error(stderr);
  return closeReportSchema.parse(JSON.parse(stdout));
};
test("a silent region is named, a held document blocks the sign-off, an override goes through and is in the history", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const { startMs, endMs } = endedMonth();
  writeCatalog(workspace.catalogFolder, startMs);
  const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
  const scope = ["--from", day(startMs), "--to", day(endMs)];
  const decision = ["--actor", "Ann of finance", "--reason"];
  await publishUnplaced(
    connection,
    ACCOUNTS.flatMap((account, n) =>
      [endMs - DAY_MS, Date.now() - 60_000].map((timeMs, which) =>
        unitsUsed(`${account}-${which}`, account, timeMs, 10 * (n + 1)),
      ),
    ),
  );
  const worker = workspace.start();
  await settle(workspace, worker, connection);

  // us has sent nothing: nothing is complete.
  const silent = await close("report", ...scope, "--json");
  expect(silent.code).toBe(4);
  const behind = reportIn(silent).lines.find(({ line }) => line === "watermark-behind");
  expect(behind?.items.map(({ partition, detail }) => [partition, detail])).toEqual([
    [0, "region us: has sent nothing"],
    [1, "region us: has sent nothing"],
  ]);
  const early = await close("sign-off", ...scope, ...decision, "trying");
  expect([early.code, early.stdout]).toEqual([4, expect.stringContaining("region us: has sent nothing")]);

  const upTo = new Date(Date.now() - 3_600_000).toISOString();
  expect(await close("watermark", "--up-to", upTo, ...decision, "us is down")).toMatchObject({ code: 0 });
  await worker.until("all is billed, and one document held", async () => {
    const report = reportIn(await close(...scope, "--json"));
    return report.lines.every(({ line, state }) => state === (line === "documents-held" ? "open" : "zero"));
  });
  const refused = await close("sign-off", ...scope, ...decision, "month's end");
  expect([refused.code, refused.stdout]).toEqual([
    4,
    expect.stringMatching(
      /C-abroad:1 .*tax-rate-missing.*25\.00 EUR[^]*OPEN: documents-held\.\nNot signed off\./,
    ),
  ]);
  const unreasoned = await close("sign-off", ...scope, "--actor", "Ann", "--override");
  expect([unreasoned.code, unreasoned.stderr]).toEqual([
    2,
    expect.stringContaining("--override needs --reason"),
  ]);

  const signOff = ["sign-off", ...scope, ...decision, "France is billed by hand", "--override"];
  const overridden = await close(...signOff, "--json", "--request", "sign-off-of-the-month");
  expect([overridden.code, overridden.stderr]).toEqual([0, ""]);
  // Asked again, by somebody whose answer was lost.
  const again = await close(...signOff, "--request", "sign-off-of-the-month");
  expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/^Partition 0: was decided before/)]);
  const twice = await close("sign-off", ...scope, ...decision, "once more", "--override");
  expect([twice.code, twice.stdout]).toEqual([1, expect.stringContaining("period-closed")]);

  const history: {
    decisions: { kind: string; actor: string; record: { open?: unknown } }[];
    faults: unknown[];
  } = JSON.parse((await close("history", "--json")).stdout);
  expect(history.faults).toEqual([]);
  expect(history.decisions.map(({ kind, actor }) => [kind, actor])).toEqual([
    ...Array.from({ length: PARTITIONS }, () => ["close", "Ann of finance"]),
    ...Array.from({ length: PARTITIONS }, () => ["period-signed-off", "Ann of finance"]),
  ]);
  expect(history.decisions.flatMap(({ record }) => record.open ?? [])).toEqual([
    { line: "documents-held", count: 1, amounts: { EUR: "25.00" } },
  ]);
  const table = await close("history");
  expect([table.code, table.stdout]).toEqual([0, expect.stringContaining("overrides documents-held")]);
  const signedOff = await close("report", ...scope);
  expect(signedOff.stdout).toContain("Signed off by Ann of finance");

  // The next period: its report asks for explanations, whose lines are closed then.
  const explained = await close(
    "explain",
    ...scope,
    ...decision,
    "by hand",
    "--line",
    "documents-held",
    "--item",
    "C-abroad:1",
  );
  expect([explained.code, explained.stderr]).toEqual([0, ""]);
  await worker.until("the explanation is committed", async () => (await close(...scope)).code === 0);
  const none = await close("explain", ...scope, ...decision, "nothing", "--line", "gaps");
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("Nothing is open in gaps")]);

  // Opened again, signed off anew: both stand in the history.
  const reopen = (): Promise<CommandResult> =>
    close("reopen", ...scope, ...decision, "an accrual was missing");
  expect(await reopen()).toMatchObject({ code: 0 });
  await worker.until("the period is open", async () => {
    const { partitions } = reportIn(await close("report", ...scope, "--json"));
    return partitions.every((partition) => partition.signedOff === null);
  });
  const twiceOpened = await reopen();
  expect([twiceOpened.code, twiceOpened.stdout]).toEqual([1, expect.stringContaining("not-signed-off")]);
  const anew = await close("sign-off", ...scope, ...decision, "it is there now", "--override");
  expect([anew.code, anew.stderr]).toEqual([0, ""]);
  expect((await close("history")).stdout).toMatch(/period-reopened +north .* an accrual was missing/);

  // The logs alone give the same state, sign-offs, reopenings and explanations included.
  await worker.drain();
  const before = workspace.dumpsWithoutPosition();
  workspace.removeState();
  const rebuilt = workspace.start();
  await settle(workspace, rebuilt, connection);
  await rebuilt.drain();
  expect(workspace.dumpsWithoutPosition()).toEqual(before);

  // Somebody who can write the log puts a decision in.
  const forged = {
    kind: "period-signed-off",
    legalEntity: "north",
    from: day(endMs),
    to: day(Date.now()),
    actor: "Ann of finance",
    reason: "trust me",
    request: "forged-request",
    previous: "",
    override: false,
    asOf: {},
    report: "",
    open: [],
    appliesAfter: workspace.committed(0),
    decidedAt: new Date().toISOString(),
  };
  await connection.jetstream.publish(controlSubject(0), JSON.stringify(forged));
  const tampered = await close("history");
  expect([tampered.code, tampered.stdout]).toEqual([
    4,
    expect.stringContaining("request forged-request does not follow the one before it"),
  ]);
});

test("workers on two machines give their parts of a report, and sign off together", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace } = bench;
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const startMs = today - 10 * DAY_MS;
  writeCatalog(workspace.catalogFolder, startMs);
  const one = workspace.start({ state: "one", workerName: "one", owned: [0] });
  const two = workspace.start({ state: "two", workerName: "two", owned: [1], threads: 1 });
  await one.ready();
  await two.ready();
  const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
  const scope = ["--from", day(startMs), "--to", day(today)];
  const decision = ["--actor", "Ann of finance", "--reason", "the week is over"];
  const from = (state: string, ...args: string[]): Promise<CommandResult> =>
    runCommand(["close", ...args, "--config", workspace.config({ state, workerName: "reader" })]);
  const moved = await from("one", "watermark", "--up-to", new Date(today).toISOString(), ...decision);
  expect([moved.code, moved.stderr]).toEqual([0, ""]);

  const alone = await from("one", "report", ...scope, "--json");
  expect([alone.code, reportIn(alone).missingPartitions]).toEqual([4, [1]]);
  const both = await from("nowhere", "report", ...scope, "--owners", "--json");
  expect(reportIn(both)).toMatchObject({ missingPartitions: [], closable: true });
  expect(both.code).toBe(0);
  // The parts are those that the states give.
  expect(reportIn(both).partitions[0]).toEqual(
    reportIn(await from("one", "report", ...scope, "--json")).partitions[0],
  );
  const signedOff = await from("nowhere", "sign-off", ...scope, "--owners", ...decision);
  expect([signedOff.code, signedOff.stderr]).toEqual([0, ""]);
  expect((await from("nowhere", "report", ...scope, "--owners")).stdout).toContain(
    "Signed off by Ann of finance",
  );
  expect((await from("nowhere", "history")).code).toBe(0);
  const unknown = await from("nowhere", "report", ...scope, "--owners", "--legal-entity", "nobody");
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("there are north")]);

  await two.drain();
  const without = await from("nowhere", "report", ...scope, "--owners", "--json");
  expect([without.code, reportIn(without).missingPartitions]).toEqual([4, [1]]);
  const refused = await from("nowhere", "sign-off", ...scope, "--owners", ...decision, "--override");
  expect([refused.code, refused.stdout]).toEqual([4, expect.stringContaining("NOT KNOWN: partitions 1")]);
  await one.drain();
});
