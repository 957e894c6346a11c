import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { foldLedger } from "../../../src/billing/credits/ledger-entries.ts";
import { ledgerEntryCodec } from "../../../src/billing/credits/ledger-codec.ts";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { BILLING_SPACES } from "../../../src/operators/invoice/billing-book.ts";
import { invoicesOf, journalOf } from "../../../src/pipeline/billing-report.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import {
  BILLING_ACCOUNTS,
  billingLogs,
  replay,
  type TimedCorrection,
  type TimedEvent,
} from "./billing-fixture.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
/** Until all contracts have ended and all that is corrected has been billed. */
const END_MS = Date.parse("2026-10-01T00:00:00Z");
const DAY_HOURS = 24;
/** More runs: `npm run test:long -- properties`. */
const RUNS = Number(process.env["BILLING_PROPERTY_RUNS"] ?? 12);

const event = fc.record<TimedEvent>({
  account: fc.constantFrom(...BILLING_ACCOUNTS),
  atHours: fc.integer({ min: 0, max: 88 * DAY_HOURS }),
  lagHours: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 34 * DAY_HOURS })),
  thousandths: fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: -60_000, max: 0 })),
  retractedAfterHours: fc.option(fc.integer({ min: 0, max: 30 * DAY_HOURS }), { freq: 5, nil: undefined }),
});
const correction = fc.record<TimedCorrection>({
  // Mostly while there are invoices, some behind the end of all contracts.
  atHours: fc.integer({ min: 10 * DAY_HOURS, max: 140 * DAY_HOURS }),
  action: fc.constantFrom("credit", "credit-lines", "credit-lines", "void", "reissue"),
  which: fc.nat({ max: 1000 }),
});
const events = fc.array(event, { minLength: 3, maxLength: 40 });
const corrections = fc.array(correction, { minLength: 1, maxLength: 12 });
const dice = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 400, maxLength: 400 });

type Invoices = ReturnType<typeof invoicesOf>;
type Invoice = Invoices[number];

/** What documents come to by contract, period and charge, without what credit notes gave back. */
function sums(invoices: Invoices): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  for (const { contract, lines } of invoices)
    for (const { kind, price, description, periodStart, amount } of lines) {
      if (kind === "credit") continue;
      const key = `${contract} ${periodStart} ${kind} ${price ?? description.replace(", correction", "")}`;
      found.set(key, (found.get(key) ?? 0n) + minorUnitsOfText(amount));
    }
  return new Map([...found].filter(([, amount]) => amount !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const FIGURES = ["subtotal", "discounts", "tax"] as const;

function payable(document: Invoice): bigint {
  return minorUnitsOfText(document.total) + minorUnitsOfText(document.credits);
}

/** A document and what corrects it; of a credit note that was voided, its void too. */
function checkCorrections(invoice: Invoice, invoices: Invoices): void {
  const correctionsOf = ({ id }: Invoice): Invoices =>
    invoices.filter(({ corrects }) => corrects?.document === id);
  const memos = correctionsOf(invoice);
  if (memos.length === 0) return;
  const all = memos.flatMap((memo) => [memo, ...correctionsOf(memo)]);
  const left = (amountOf: (document: Invoice) => bigint): bigint =>
    all.reduce((sum, memo) => sum + amountOf(memo), amountOf(invoice));
  const isWhole = left(({ subtotal }) => minorUnitsOfText(subtotal)) === 0n;
  const leftOver = [
    ...FIGURES.map((figure) => left((document) => minorUnitsOfText(document[figure]))),
    left(payable),
  ];
  const mustBeNothing = invoice.isVoid || isWhole ? leftOver : [];
  expect(mustBeNothing.filter((amount) => amount !== 0n)).toEqual([]);
  // Credit notes of what is void were voided before.
  const standing = memos.filter(({ corrects, isVoid }) => corrects?.kind === "credit-note" && !isVoid);
  expect(invoice.isVoid && standing.length > 0).toBe(false);
  expect(memos.filter(({ corrects }) => corrects?.kind === "void").length).toBeLessThanOrEqual(1);
  expect(invoice.kind === "credit-memo" && memos.some(({ corrects }) => corrects?.kind !== "void")).toBe(
    false,
  );
  // No more is given back to credits than they had paid, or taken of them than they had got.
  const paid = minorUnitsOfText(invoice.credits);
  const givenBack = all.reduce((sum, { credits }) => sum - minorUnitsOfText(credits), 0n);
  expect(givenBack).toBeLessThanOrEqual(paid < 0n ? 0n : paid);
  expect(givenBack).toBeGreaterThanOrEqual(paid < 0n ? paid : 0n);
  for (const memo of memos) {
    expect(memo.kind).toBe(minorUnitsOfText(memo.total) > 0n ? "invoice" : "credit-memo");
    expect(memo.corrects).toMatchObject({ document: invoice.id, number: invoice.number });
    for (const line of memo.lines) {
      const taxes = line.taxes.reduce((sum, { amount }) => sum + minorUnitsOfText(amount), 0n);
      expect(taxes).toBe(minorUnitsOfText(line.tax));
    }
  }
}

async function bill(list: readonly TimedEvent[], decided: readonly TimedCorrection[]) {
  const { steps, catalog } = await billingLogs(list, START_MS, END_MS, { corrections: decided });
  const { store, engine } = await replay(steps, catalog, undefined);
  const sources = [{ partition: 0, engine, store }];
  return {
    steps,
    catalog,
    store,
    report: reportOf(sources),
    invoices: invoicesOf(sources),
    journal: journalOf(sources),
  };
}

describe("corrections of invoices", () => {
  it("leave what is owed for usage as it is, every book balanced, every number used once", async () => {
    await fc.assert(
      fc.asyncProperty(events, corrections, async (list, decided) => {
        const corrected = await bill(list, decided);
        const plain = await bill(list, []);
        const { invoices, report, journal } = corrected;
        expect(sums(invoices)).toEqual(sums(plain.invoices));
        expect(report.checks.filter(({ balanced }) => !balanced)).toEqual([]);
        expect(report.unbilled.filter(({ amount }) => /[1-9]/.test(amount))).toEqual([]);
        const numbers = invoices.map(({ number }) => number ?? "").toSorted((a, b) => (a < b ? -1 : 1));
        expect(numbers).toEqual(invoices.map((_, index) => `INV-${String(index + 1).padStart(6, "0")}`));
        for (const invoice of invoices) checkCorrections(invoice, invoices);
        for (const account of ["deferred-revenue", "unbilled-receivable"]) {
          let balance = 0n;
          for (const { lines } of journal)
            for (const line of lines)
              if (line.account === account)
                balance += minorUnitsOfText(line.debit) - minorUnitsOfText(line.credit);
          expect(`${account} ${balance}`).toBe(`${account} 0`);
        }
        for (const { store } of [corrected, plain]) store.close();
      }),
      { numRuns: RUNS },
    );
  });

  it("give the same state, byte for byte, wherever runs, checkpoints and restarts fall", async () => {
    await fc.assert(
      fc.asyncProperty(events, corrections, dice, async (list, decided, numbers) => {
        const { store, steps, catalog } = await bill(list, decided);
        const cut = await replay(steps, catalog, numbers);
        expect(dumpState(cut.store)).toBe(dumpState(store));
        const byLedger = new Map<string, ReturnType<typeof ledgerEntryCodec.decode>[]>();
        for (const { value } of store.rows(BILLING_SPACES.creditEntries)) {
          const entry = ledgerEntryCodec.decode(value);
          const ledger = entry.id.slice(0, entry.id.lastIndexOf("/"));
          byLedger.set(ledger, [...(byLedger.get(ledger) ?? []), entry]);
        }
        // Refuses balances below 0, and entries that are out of order.
        for (const ledger of byLedger.values()) expect(foldLedger(ledger).size).toBeGreaterThan(0);
        store.close();
        cut.store.close();
      }),
      { numRuns: RUNS },
    );
  });
});
