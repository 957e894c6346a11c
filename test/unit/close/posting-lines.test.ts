import { expect, test } from "vitest";
import type { PostingResult } from "../../../src/model/posting.ts";
import { LEDGER_ACCOUNTS } from "../../../src/billing/ledger/journal-entry.ts";
import { closeCatalog, ClosingPartition, MARCH, scopeOf } from "./close-fixture.ts";

const row = (table: string, key: string) => ({
  connection: "erp",
  table,
  key,
  values: { id: key, code: key },
});
const ROWS = [
  row("item", "api"),
  row("tax", "*"),
  row("currency", "EUR"),
  row("legal_entity", "north"),
  row("legal_entity", "south"),
  row("terms", "30"),
  ...LEDGER_ACCOUNTS.map((account) => row("account", account)),
];
const catalog = (rows = ROWS) =>
  closeCatalog({ "erp/all.json": { key: "erp", adapter: "reversing" }, "mappings/all.json": rows });

const RESULT = {
  connection: "erp",
  revision: 1,
  reason: null,
  code: null,
  message: null,
  erp: null,
  payment: null,
};

/** February's invoice of one account of each legal entity. */
async function invoiced(rows = ROWS): Promise<ClosingPartition> {
  const partition = new ClosingPartition(catalog(rows));
  partition.use("acme", 100, "2026-02-10").use("other", 200, "2026-02-10").until("2026-03-05");
  await partition.bill();
  return partition;
}

async function linesOf(partition: ClosingPartition, scope = scopeOf()) {
  const { lines } = await partition.report(scope);
  const found = lines.filter(({ line, state }) => /^(postings|journals)-/.test(line) && state !== "zero");
  return found.map(({ line, state, open, items }) => [
    line,
    state,
    open.count,
    open.amounts,
    items[0]?.detail ?? "",
  ]);
}

function tell(partition: ClosingPartition, results: readonly Omit<PostingResult, "posting">[]): void {
  const numbered = results.map((result, index) => ({ ...result, posting: index + 1 }));
  expect(partition.request("posting-result", { results: numbered })).toBeUndefined();
}

test("what an ERP does not have stands in the close report by its state, with amount and reason", async () => {
  const partition = await invoiced();
  // The customer, the invoice, the accrual of February; what is accrued is of the legal entity alone.
  expect(await linesOf(partition)).toEqual([
    ["postings-open", "open", 3, { EUR: "12.00" }, expect.stringContaining("of connection erp: planned")],
  ]);
  tell(partition, [
    {
      ...RESULT,
      key: "invoice:north:north-000001",
      state: "rejected",
      reason: "validation",
      code: "E1",
      message: "no",
    },
    { ...RESULT, key: "customer:north:customer", state: "confirmed" },
    { ...RESULT, key: "journal:north:2026-02:EUR:0:1", state: "held", reason: "period-closed" },
  ]);
  expect(await linesOf(partition)).toEqual([
    ["postings-held", "open", 1, {}, "journal:north:2026-02:EUR:0:1 of connection erp: held: period-closed"],
    [
      "postings-rejected",
      "open",
      1,
      { EUR: "12.00" },
      "invoice:north:north-000001 of connection erp: rejected: validation: E1: no",
    ],
  ]);
  expect(
    partition.request("close-explanation", {
      ...MARCH,
      line: "postings-rejected",
      item: "erp invoice:north:north-000001",
      figures: { count: 1, amounts: { EUR: "12.00" } },
    }),
  ).toBeUndefined();
  expect((await linesOf(partition)).map(([line, state]) => [line, state])).toEqual([
    ["postings-held", "open"],
    ["postings-rejected", "explained"],
  ]);
});

test("what waits for the mapping is one line, whatever exceptions it made, and pending journals another", async () => {
  const partition = await invoiced(ROWS.filter(({ table }) => table !== "item"));
  expect(await linesOf(partition)).toEqual([
    [
      "postings-parked",
      "open",
      1,
      { EUR: "12.00" },
      "invoice:north:north-000001 of connection erp: waiting: mapping-missing: item api",
    ],
    ["postings-open", "open", 2, {}, expect.stringContaining("planned")],
  ]);
  const { lines } = await partition.report(scopeOf());
  expect(lines.find(({ line }) => line === "exceptions")?.state).toBe("zero");
  const { lines: april } = await partition.report(scopeOf("north", "2026-04-01", "2026-05-01"));
  expect(april.find(({ line }) => line === "journals-pending")?.state).toBe("zero");
});

test("of an ERP whose adapter is not there, what is booked is pending", async () => {
  const partition = new ClosingPartition(
    closeCatalog({ "erp/all.json": { key: "erp", adapter: "unheard-of" }, "mappings/all.json": [] }),
  );
  partition.use("acme", 100, "2026-02-10").until("2026-03-05");
  await partition.bill();
  expect((await linesOf(partition)).map(([line, , count]) => [line, count])).toEqual([
    ["postings-parked", 2],
    ["journals-pending", 2],
  ]);
});
