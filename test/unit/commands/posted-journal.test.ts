import { expect, test } from "vitest";
import type { JournalEntry, Posting } from "../../../src/billing/ledger/journal-entry.ts";
import { addToBlock, blockHead, type JournalBlock } from "../../../src/billing/posting/journal-block.ts";
import { journalsOf, MAX_JOURNAL_LINES } from "../../../src/billing/posting/posted-journal.ts";

function entry(fields: Partial<JournalEntry>, amount: bigint): JournalEntry {
  const postings: Posting[] = [
    { account: "unbilled-receivable", amount, product: "" },
    { account: "revenue", amount: -amount, product: "api" },
    { account: "currency-rounding", amount: 0n, product: "", functional: 1n },
  ];
  return {
    kind: "accrual",
    date: "2026-03-31",
    memo: "",
    legalEntity: "de",
    currency: "EUR",
    contract: "C",
    document: undefined,
    postings,
    ...fields,
  };
}

function blocksOf(
  entries: readonly (readonly [JournalEntry, Readonly<Record<string, string>>])[],
): JournalBlock[] {
  return entries.map(([each, dimensions]) => {
    const block: JournalBlock = { ...blockHead("erp", each, dimensions), lines: new Map() };
    addToBlock(block, each, (product) => (product === "api" ? { team: "core" } : {}));
    return block;
  });
}

const accrual = entry({}, 500n);
const reversal = entry({ kind: "accrual-reversal", date: "2026-04-01" }, -500n);

test("an accrual that is taken back on the next day is one journal where the ERP reverses, else two", () => {
  const blocks = blocksOf([
    [reversal, {}],
    [accrual, {}],
  ]);
  expect(new Set(blocks.map(({ dueMonth }) => dueMonth))).toEqual(new Set(["2026-03"]));
  const [one, ...others] = journalsOf(blocks, true);
  expect(others).toEqual([]);
  expect(one).toMatchObject({
    month: "2026-03",
    reverses: undefined,
    journal: {
      date: "2026-03-31",
      reversalDate: "2026-04-01",
      lines: [
        { line: 1, account: "unbilled-receivable", debit: "5.00", credit: null, dimensions: {} },
        { line: 2, account: "revenue", debit: null, credit: "5.00", dimensions: { team: "core" } },
      ],
    },
  });
  expect(journalsOf(blocks, false)).toMatchObject([
    { month: "2026-03", reverses: undefined, journal: { date: "2026-03-31", reversalDate: null } },
    {
      month: "2026-04",
      reverses: 0,
      journal: {
        date: "2026-04-01",
        reversalDate: null,
        lines: [
          { account: "unbilled-receivable", debit: null, credit: "5.00" },
          { account: "revenue", debit: "5.00", credit: null },
        ],
      },
    },
  ]);
});

test("an accrual that is not taken back whole on the next day gets no reversal date", () => {
  for (const other of [
    entry({ kind: "accrual-reversal", date: "2026-04-01" }, -499n),
    entry({ kind: "accrual-reversal", date: "2026-04-15" }, -500n),
  ]) {
    const journals = journalsOf(
      blocksOf([
        [accrual, {}],
        [other, {}],
      ]),
      true,
    );
    expect(journals.map(({ journal }) => [journal.date, journal.reversalDate])).toEqual([
      ["2026-03-31", null],
      [other.date, null],
    ]);
  }
});

test("journals have at most so many lines, and each balances", () => {
  const blocks = blocksOf(
    Array.from({ length: MAX_JOURNAL_LINES }, (_, index) => [
      entry({ kind: "release" }, BigInt(index + 1)),
      { customer: `c${index}` },
    ]),
  );
  const journals = journalsOf(blocks, true);
  expect(journals.map(({ journal }) => journal.lines.length)).toEqual([500, 500]);
  for (const { journal } of journals) {
    const sum = (side: "debit" | "credit") =>
      journal.lines.reduce((all, line) => all + BigInt((line[side] ?? "0").replace(".", "")), 0n);
    expect(sum("debit")).toBe(sum("credit"));
  }
});

test("what comes to nothing is no journal", () => {
  const blocks = blocksOf([
    [entry({ kind: "credits" }, 100n), { customer: "a" }],
    [entry({ kind: "credits" }, -100n), { customer: "a" }],
  ]);
  expect(journalsOf(blocks, true)).toEqual([]);
});

test("an entry of a closed month, booked later, is of the month that it is booked in", () => {
  const [block] = blocksOf([[entry({ kind: "release", date: "2026-05-01" }, 10n), {}]]);
  expect(block).toMatchObject({ date: "2026-05-31", dueMonth: "2026-05", purpose: "release" });
});
