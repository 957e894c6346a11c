import { expect } from "vitest";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import type { PostedInvoice, PostedJournal, PostingCommand } from "../../../src/model/posting.ts";
import type { PartitionStore } from "../../../src/model/store.ts";
import { storedEntries } from "../../../src/operators/invoice/billing-book.ts";

function sumOf<Item>(items: Iterable<Item>, amountOf: (item: Item) => bigint): bigint {
  let sum = 0n;
  for (const item of items) sum += amountOf(item);
  return sum;
}

/** The first command of each document: later revisions say the same. */
export function documentsOf(commands: readonly PostingCommand[], connection: string): PostingCommand[] {
  const first = new Map<string, PostingCommand>();
  for (const command of commands)
    if (command.connection === connection && !first.has(command.key)) first.set(command.key, command);
  return [...first.values()];
}

/** What documents and journals come to by class of account, minor units, debits positive. */
export function bookedByErp(commands: readonly PostingCommand[], connection: string): Map<string, bigint> {
  const books = new Map<string, bigint>();
  const add = (account: string, amount: bigint): void => {
    books.set(account, (books.get(account) ?? 0n) + amount);
  };
  for (const { document } of documentsOf(commands, connection)) {
    if (document.kind === "journal") {
      for (const line of document.lines)
        add(line.account, minorUnitsOfText(line.debit ?? "0") - minorUnitsOfText(line.credit ?? "0"));
      if (document.reversalDate === null) continue;
      for (const line of document.lines)
        add(line.account, minorUnitsOfText(line.credit ?? "0") - minorUnitsOfText(line.debit ?? "0"));
    } else if (document.kind !== "customer") {
      const sign = document.kind === "invoice" ? 1n : -1n;
      add("receivable", sign * minorUnitsOfText(document.total));
      add("tax-payable", -sign * minorUnitsOfText(document.tax));
      for (const line of document.lines)
        add(line.kind === "credits" ? "credits" : "income", -sign * minorUnitsOfText(line.net));
    }
  }
  return books;
}

/** Income accounts are told apart by the ERP's items: of documents all of them are one. */
const INCOME: ReadonlySet<string> = new Set(["revenue", "adjustments", "deferred-revenue", "income"]);

/** Balances other than 0; where asked for, income accounts together. */
export function byClass(books: ReadonlyMap<string, bigint>, merge: boolean): Map<string, bigint> {
  const merged = new Map<string, bigint>();
  for (const [account, amount] of books) {
    const name = merge && INCOME.has(account) ? "income" : account;
    merged.set(name, (merged.get(name) ?? 0n) + amount);
  }
  return new Map([...merged].filter(([, amount]) => amount !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Balances of the subledger, minor units, debits positive. */
export function subledger(store: PartitionStore): Map<string, bigint> {
  const books = new Map<string, bigint>();
  for (const { postings } of storedEntries(store))
    for (const { account, amount } of postings) books.set(account, (books.get(account) ?? 0n) + amount);
  return books;
}

/** Lines come to the sums, exactly. */
export function expectAddsUp(invoice: PostedInvoice): void {
  const [net, tax, total] = [invoice.net, invoice.tax, invoice.total].map(minorUnitsOfText);
  expect(sumOf(invoice.lines, (line) => minorUnitsOfText(line.net))).toBe(net);
  expect(sumOf(invoice.lines, (line) => minorUnitsOfText(line.tax))).toBe(tax);
  expect((net ?? 0n) + (tax ?? 0n)).toBe(total);
  expect((total ?? -1n) >= 0n).toBe(true);
  expect(invoice.lines.map(({ line }) => line)).toEqual(invoice.lines.map((_, index) => index + 1));
}

/** Debits equal credits, each line has one side. */
export function expectBalances(journal: PostedJournal): void {
  const debits = sumOf(journal.lines, ({ debit }) => minorUnitsOfText(debit ?? "0"));
  expect(debits).toBe(sumOf(journal.lines, ({ credit }) => minorUnitsOfText(credit ?? "0")));
  for (const { debit, credit } of journal.lines) {
    expect([debit, credit].filter((side) => side === null)).toHaveLength(1);
    expect(minorUnitsOfText(debit ?? credit ?? "0") > 0n).toBe(true);
  }
}
