import { plainText, scaled } from "../../exact-numbers.ts";
import { findEntry, ITEM_TYPES } from "../account.ts";
import { numberOf, textOf } from "../draft.ts";
import {
  openAmount,
  referenceId,
  type Fields,
  type RecordStore,
  type StoredRecord,
} from "../record-store.ts";
import type { Books } from "../transaction-rules.ts";
import { column, flag, type Cell, type Columns } from "./columns.ts";

/** A line as queries see it: the main line, an item, a tax, or a line of a journal. */
export interface TransactionLine {
  readonly record: StoredRecord;
  /** Number in the transaction: the main line is 0. */
  readonly id: number;
  readonly kind: "main" | "item" | "tax" | "journal";
  readonly fields: Fields;
  /** What it debits (positive) or credits (negative): items of an invoice are negative, its main line positive. */
  readonly amount: bigint;
}

/** Memos and payments have their signs turned round. */
function signOf(record: StoredRecord): bigint {
  return record.type === "creditMemo" || record.type === "customerPayment" ? -1n : 1n;
}

export function* linesOf(store: RecordStore): Iterable<TransactionLine> {
  for (const record of store.all()) if (record.type !== "customer") yield* linesOfRecord(record);
}

function* linesOfRecord(record: StoredRecord): Iterable<TransactionLine> {
  const sign = record.isVoid ? 0n : signOf(record);
  let id = 0;
  if (record.type === "journalEntry") {
    for (const fields of record.sublists["line"] ?? []) {
      const debit = scaled(numberOf(fields["debit"]) ?? "0");
      const credit = scaled(numberOf(fields["credit"]) ?? "0");
      yield { record, id: id++, kind: "journal", fields, amount: sign * (debit - credit) };
    }
    return;
  }
  yield { record, id: id++, kind: "main", fields: record.fields, amount: sign * scaled(record.totals.total) };
  for (const fields of record.sublists["item"] ?? [])
    yield {
      record,
      id: id++,
      kind: "item",
      fields,
      amount: -sign * scaled(numberOf(fields["amount"]) ?? "0"),
    };
  for (const fields of record.sublists["taxDetails"] ?? [])
    yield {
      record,
      id: id++,
      kind: "tax",
      fields,
      amount: -sign * scaled(numberOf(fields["taxAmount"]) ?? "0"),
    };
}

const link = (fields: Fields, name: string): Cell => referenceId(fields[name]) ?? null;

/** Of the line, else of its document. */
const inherited = (line: TransactionLine, name: string): Cell =>
  link(line.fields, name) ?? link(line.record.fields, name);

export function lineColumns({ account, store }: Books): Columns<TransactionLine> {
  const custom = Object.fromEntries(
    account.customFields
      .filter((name) => name.startsWith("custcol_"))
      .map((name) => [
        name,
        column<TransactionLine>("text", ({ fields, kind }) =>
          kind === "main" ? null : (textOf(fields[name]) ?? null),
        ),
      ]),
  );
  const itemOf = ({ fields, kind }: TransactionLine): Cell => (kind === "item" ? link(fields, "item") : null);
  const entry = (line: TransactionLine) => findEntry(account, ITEM_TYPES, itemOf(line) ?? "");
  return {
    id: column("id", ({ id }) => String(id)),
    uniquekey: column("id", ({ record, id }) => String(Number(record.id) * 1_000 + id)),
    transaction: column("id", ({ record }) => record.id),
    linesequencenumber: column("number", ({ id }) => String(id)),
    mainline: column("text", ({ kind }) => flag(kind === "main")),
    taxline: column("text", ({ kind }) => flag(kind === "tax")),
    item: column("id", itemOf, (line) => entry(line)?.name ?? null),
    itemtype: column("text", (line) => entry(line)?.values["itemtype"] ?? null),
    quantity: column("number", ({ fields, kind, record }) => {
      const quantity = kind === "item" ? numberOf(fields["quantity"]) : undefined;
      return quantity === undefined ? null : plainText(-signOf(record) * scaled(quantity));
    }),
    rate: column("number", ({ fields }) => numberOf(fields["rate"]) ?? null),
    foreignamount: column("number", ({ amount }) => plainText(amount)),
    netamount: column("number", ({ amount }) => plainText(amount)),
    debitforeignamount: column("number", ({ amount }) => (amount > 0n ? plainText(amount) : null)),
    creditforeignamount: column("number", ({ amount }) => (amount < 0n ? plainText(-amount) : null)),
    foreignamountunpaid: column("number", ({ kind, record }) =>
      kind === "main" && record.type === "invoice" ? plainText(openAmount(store, record)) : null,
    ),
    expenseaccount: column("id", ({ fields, kind }) => (kind === "journal" ? link(fields, "account") : null)),
    memo: column(
      "text",
      ({ fields, kind }) => textOf(fields[kind === "item" ? "description" : "memo"]) ?? null,
    ),
    subsidiary: column("id", ({ record }) => link(record.fields, "subsidiary")),
    entity: column("id", (line) => inherited(line, "entity") ?? link(line.record.fields, "customer")),
    department: column("id", (line) => inherited(line, "department")),
    class: column("id", (line) => inherited(line, "class")),
    location: column("id", (line) => inherited(line, "location")),
    ...custom,
  };
}

/** What the lines of journals post to accounts; of other documents the accounts are the items' own and not simulated. */
export function accountingColumns({ account }: Books): Columns<TransactionLine> {
  const ledgerAccount = ({ fields, kind }: TransactionLine): Cell =>
    kind === "journal" ? link(fields, "account") : null;
  return {
    transaction: column("id", ({ record }) => record.id),
    transactionline: column("id", ({ id }) => String(id)),
    account: column(
      "id",
      ledgerAccount,
      (line) => findEntry(account, ["account"], ledgerAccount(line) ?? "")?.name ?? null,
    ),
    amount: column("number", ({ amount }) => plainText(amount)),
    debit: column("number", ({ amount }) => (amount > 0n ? plainText(amount) : null)),
    credit: column("number", ({ amount }) => (amount < 0n ? plainText(-amount) : null)),
    posting: column("text", ({ record }) => flag(record.fields["approved"] !== false)),
    accountingbook: column("id", () => "1"),
  };
}
