import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { LEDGER_ACCOUNTS } from "../../../src/billing/ledger/journal-entry.ts";
import { Billing, catalogOf } from "./billed-partition.ts";

const PAGE = readFileSync(new URL("../../../docs/invoicing.md", import.meta.url), "utf8");

/** The table's rows, each without the spaces of its layout. */
function rowsBehind(heading: string): string[] {
  const [, table = ""] = PAGE.split(heading);
  return table
    .split("\n\n", 1)[0]!
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[ :|-]+\|$/u.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim())
        .join("|"),
    );
}

it("the page's example is what billing books", async () => {
  const yaml = /```yaml\n(.*?)```/su.exec(PAGE)?.[1] ?? "";
  const example: Readonly<Record<"plan" | "contract" | "tax_rate", unknown>> = parse(yaml, {
    schema: "failsafe",
  });
  const billing = new Billing(
    catalogOf({
      "plans/all.json": example.plan,
      "contracts/all.json": example.contract,
      "tax_rates/all.json": example.tax_rate,
    }),
  );
  await billing.use(777, "2026-01-20");
  await billing.until("2026-02-08");
  await billing.use(100, "2026-01-25", "2026-02-10");
  await billing.until("2026-04-01");
  const { journal } = await billing.result();
  const amount = (text: string): string => (text === "0" ? "" : text);
  const booked = journal.flatMap(({ date, memo, lines }) =>
    lines.map(({ account, debit, credit }, index) =>
      [...(index === 0 ? [date, memo] : ["", ""]), account, amount(debit), amount(credit)].join("|"),
    ),
  );
  expect(booked).toHaveLength(22);
  expect(rowsBehind("The grace time is 48 hours.\n\n")).toEqual([
    "date|entry|account|debit|credit",
    ...booked,
  ]);
});

it("the page names every account of the books", () => {
  const named = rowsBehind("an ERP's own are mapped to them.\n\n").map((row) => row.split("|")[0]);
  expect(new Set(named.slice(1))).toEqual(new Set(LEDGER_ACCOUNTS.map((account) => `\`${account}\``)));
});
