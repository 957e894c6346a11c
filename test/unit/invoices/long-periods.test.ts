import { expect, it } from "vitest";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { ACCOUNT, catalogOf } from "../../oracle/pricing/priced-plan.ts";
import { type BilledResult, BilledRun } from "../../support/billed-run.ts";

const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);

function credited({ journal }: BilledResult, account: string): bigint {
  return journal
    .flatMap(({ lines }) => lines)
    .filter((line) => line.account === account)
    .reduce((sum, { credit, debit }) => sum + minorUnitsOfText(credit) - minorUnitsOfText(debit), 0n);
}

function documentsOf({ invoices }: BilledResult) {
  return invoices.map(({ lines, total }) => [
    ...lines.map(({ kind, periodStart, periodEnd, amount }) =>
      [kind, periodStart.slice(0, 10), periodEnd.slice(0, 10), amount].join(" "),
    ),
    total,
  ]);
}

it("a year that is paid in advance is earned day by day, and given back from its earlier end on", async () => {
  const files = {
    prices: [{ model: "flat", amount: "365", billed: "in_advance" }],
    contract: { start: "2025-03-10", billing_anchor_day: 10, billing_months: 12 },
  };
  const run = new BilledRun(catalogOf(files));
  await run.until(at("2025-05-10"));
  const paid = await run.result();
  expect(documentsOf(paid)).toEqual([["fee 2025-03-10 2026-03-10 365.00", "365.00"]]);
  // 22 days of March and 30 of April.
  expect(credited(paid, "revenue")).toBe(52_00n);
  expect(credited(paid, "deferred-revenue")).toBe(313_00n);
  await run.take(catalogOf({ ...files, contract: { ...files.contract, end: "2025-12-10" } }));
  await run.until(at("2026-06-01"));
  const ended = await run.result();
  // 275 days.
  expect(documentsOf(ended)[1]).toEqual(["fee 2025-03-10 2025-12-10 -90.00", "-90.00"]);
  expect(credited(ended, "revenue") + credited(ended, "adjustments")).toBe(275_00n);
  expect(credited(ended, "deferred-revenue")).toBe(0n);
  run.close();
});

it("a quarter's usage has one invoice, is accrued month by month, and has one set of tiers", async () => {
  const tiers = [{ up_to: "100", unit_price: "1" }, { unit_price: "0.5" }];
  const run = new BilledRun(
    catalogOf({
      prices: [{ model: "graduated", tiers }],
      contract: { start: "2025-02-15", end: "2025-08-01", billing_months: 3, billing_anchor_month: 1 },
    }),
  );
  const use = (units: number, date: string): Promise<void> =>
    run.use({ account: ACCOUNT, timeMs: at(date), data: `{"value":${units}}` });
  await use(60, "2025-02-20");
  await use(60, "2025-03-20");
  await use(10, "2025-04-02");
  await run.until(at("2025-03-31"));
  const accruals = (await run.result()).journal.filter(({ memo }) => memo === "Unbilled revenue");
  expect(accruals.map(({ date, lines }) => [date, lines[0]?.debit])).toEqual([["2025-02-28", "60.00"]]);
  await run.until(at("2025-08-10"));
  expect(documentsOf(await run.result())).toEqual([
    ["usage 2025-02-15 2025-04-01 110.00", "110.00"],
    ["usage 2025-04-01 2025-07-01 10.00", "10.00"],
  ]);
  run.close();
});
