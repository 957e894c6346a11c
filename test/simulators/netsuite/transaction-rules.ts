import { PLACES, scaled } from "../exact-numbers.ts";
import { currencyDigits, findEntry, type Account, type Period } from "./account.ts";
import { numberOf, textOf, type Draft } from "./draft.ts";
import { invalidContent, invalidReference, mustEnter, userError } from "./errors.ts";
import type { RecordDefinition } from "./record-definitions.ts";
import { referenceId, type Fields, type RecordStore, type StoredRecord } from "./record-store.ts";

/** What the rules of records look at. */
export interface Books {
  readonly account: Account;
  readonly store: RecordStore;
  /** The company's day, YYYY-MM-DD. */
  today(): string;
}

/** The day of a transaction and the open period that it is posted in. Throws where that is closed. */
export function settlePeriod(draft: Draft, before: StoredRecord | undefined, books: Books): void {
  const { fields } = draft;
  const date = textOf(fields["tranDate"]) ?? books.today();
  fields["tranDate"] = date;
  const named = referenceId(fields["postingPeriod"]);
  // A document that moves to another day moves to that day's period, unless it moves to another period itself.
  const hasMoved =
    before !== undefined &&
    textOf(before.fields["tranDate"]) !== date &&
    referenceId(before.fields["postingPeriod"]) === named;
  const period =
    named === undefined || hasMoved
      ? periodOf(books.account, date)
      : books.account.periods.find(({ id }) => id === named);
  if (period === undefined)
    throw userError("There is no accounting period for the date of the transaction.", "tranDate");
  refuseClosed(period);
  if (before !== undefined) {
    const earlier = books.account.periods.find(
      ({ id }) => id === referenceId(before.fields["postingPeriod"]),
    );
    if (earlier !== undefined) refuseClosed(earlier);
  }
  fields["postingPeriod"] = { id: period.id };
}

export function periodOf(account: Account, date: string): Period | undefined {
  return account.periods.find(({ startDate, endDate }) => startDate <= date && date <= endDate);
}

function refuseClosed(period: Period): void {
  if (period.isClosed)
    throw userError(
      `You cannot create or change this transaction: it is dated in a closed period (${period.name}).`,
      "tranDate",
    );
}

/** Subsidiary and currency of a document: of the customer unless named, and such that the customer has them. */
export function settleCustomer(draft: Draft, customerField: string, books: Books): StoredRecord {
  const { fields } = draft;
  const id = referenceId(fields[customerField]);
  const customer = id === undefined ? undefined : books.store.find("customer", id);
  if (customer === undefined) throw mustEnter("Customer", customerField);
  const subsidiary = referenceId(customer.fields["subsidiary"]) ?? "";
  const currency = referenceId(customer.fields["currency"]) ?? "";
  fields["subsidiary"] ??= { id: subsidiary };
  fields["currency"] ??= { id: currency };
  const ownSubsidiary = referenceId(fields["subsidiary"]) ?? "";
  if (ownSubsidiary !== subsidiary) throw invalidReference(ownSubsidiary, "subsidiary", "subsidiary");
  const ownCurrency = referenceId(fields["currency"]) ?? "";
  const currencies = (customer.sublists["currencyList"] ?? []).map((line) => referenceId(line["currency"]));
  if (ownCurrency !== currency && !currencies.includes(ownCurrency))
    throw invalidReference(ownCurrency, "currency", "currency");
  fields["exchangeRate"] ??= { $number: "1" };
  return customer;
}

/** A document's own number; without one it gets the next of its type. */
export function settleNumber(
  draft: Draft,
  before: StoredRecord | undefined,
  definition: RecordDefinition,
  books: Books,
): void {
  const given = textOf(draft.fields["tranId"]);
  if (
    given !== undefined &&
    given !== textOf(before?.fields["tranId"]) &&
    !books.account.allowsDocumentNumbers
  )
    throw userError("You do not have permissions to set a value for element tranId.", "tranId");
  const number = before === undefined ? books.store.takeNumber(draft.type) : 0;
  draft.fields["tranId"] ??= `${definition.transaction?.prefix ?? ""}${String(number)}`;
}

export function currencyOf(fields: Fields): string {
  return referenceId(fields["currency"]) ?? "";
}

/** The amount of a field, as a scaled integer; undefined where there is none. Throws where it has more digits than the currency. */
export function amountOf(
  fields: Fields,
  name: string,
  path: string,
  currency: string,
  account: Account,
): bigint | undefined {
  const text = numberOf(fields[name]);
  if (text === undefined) return undefined;
  const amount = scaled(text);
  const digits = currencyDigits(account, currency);
  if (amount % 10n ** BigInt(PLACES - digits) !== 0n)
    throw invalidContent(`The value ${text} of ${name} has more digits than its currency.`, path);
  return amount;
}

/** Classifications that the account wants on each line, of the line or of the document. */
export function checkClassifications(line: Fields, draft: Draft, path: string, account: Account): void {
  for (const name of account.mandatoryClassifications)
    if (line[name] === undefined && draft.fields[name] === undefined)
      throw mustEnter(name[0]?.toUpperCase() + name.slice(1), `${path}.${name}`);
}

export function accountType(id: string | undefined, account: Account): string {
  return id === undefined ? "" : (findEntry(account, ["account"], id)?.values["accttype"] ?? "");
}
