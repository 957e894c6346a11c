import { roundedText, scaled, sumTexts, UNIT } from "../exact-numbers.ts";
import { required } from "./body-check.ts";
import { type Environment, isCombination, isEnterable, periodOf } from "./environment.ts";
import { refused, refusedPlainly } from "./errors.ts";
import type { Store, TaxLine, Transaction, TransactionLine } from "./store.ts";
import type { GivenLine, GivenTransaction } from "./transaction-bodies.ts";

/** What Receivables asks of a transaction, and what it works out itself. */

export interface Books {
  readonly environment: Environment;
  readonly store: Store;
  readonly nowMs: () => number;
}

/** What an import says beside what a request can say. */
export interface ImportedReference {
  readonly notes: string | null;
  /** Of its lines. */
  readonly keys: readonly string[];
}

export function newTransaction(
  given: GivenTransaction,
  isMemo: boolean,
  books: Books,
  imported: ImportedReference = { notes: null, keys: [] },
): Transaction {
  const { environment, store, nowMs } = books;
  const businessUnit = environment.businessUnits.find(
    ({ name }) => name === required(given.BusinessUnit, "BusinessUnit"),
  );
  if (businessUnit === undefined)
    throw refused("The business unit you entered doesn't exist.", "AR_BU_NOT_FOUND");
  const source = required(given.TransactionSource, "TransactionSource");
  if (!environment.transactionSources.some(({ name, isInactive }) => name === source && isInactive !== true))
    throw refused("The transaction source you entered doesn't exist.", "AR_BATCH_SOURCE_NOT_FOUND");
  const type = required(given.TransactionType, "TransactionType");
  if (!environment.transactionTypes.some(({ name, isMemo: ofMemo }) => name === type && ofMemo === isMemo))
    throw refused("The transaction type you entered isn't valid.", "AR_TRX_TYPE_NOT_FOUND");
  const number = required(given.TransactionNumber, "TransactionNumber");
  const customerNumber = required(given.BillToCustomerNumber, "BillToCustomerNumber");
  const account = store.all("account").find((each) => each.number === customerNumber);
  if (account === undefined)
    throw refused(
      "The criteria you entered didn't return a bill-to customer. Ensure that you entered the correct customer name and account number.",
      "AR_BILL_TO_CUST_NOT_FOUND",
    );
  if (account.siteId === null || (given.BillToSite !== undefined && given.BillToSite !== account.siteId))
    throw refused("The customer bill-to site you entered doesn't exist.", "AR_BILL_TO_SITE_NOT_FOUND");
  if (account.profileClass === null)
    throw refused("The bill-to customer has no active profile.", "AR_CUST_PROFILE_NOT_FOUND");
  const currency = required(given.currency, isMemo ? "CreditMemoCurrency" : "InvoiceCurrencyCode");
  const digits = environment.currencies[currency];
  if (digits === undefined)
    throw refused(
      "The currency you entered is invalid. You can only create an invoice in the ledger currency.",
      "AR_FUNC_CURRENCY_REQ",
    );
  if (given.terms !== undefined && !environment.paymentTerms.includes(given.terms))
    throw refused("The payment terms you entered aren't valid.", "AR_TERM_NOT_FOUND");
  const transactionDate = required(given.TransactionDate, "TransactionDate");
  const accountingDate = openDate(
    given.AccountingDate ?? transactionDate,
    businessUnit.ledgerId,
    environment,
  );
  if (given.lines.length === 0) throw refused("You must provide at least one line.", "AR_NO_LINES");
  const lines = given.lines.map((line) => newLine(line, digits, books));
  if (new Set(lines.map((line) => line.number)).size !== lines.length)
    throw refused("Line numbers must be unique.", "AR_LINE_NUMBER_DUPLICATE");
  if (store.all("transaction").some((each) => each.source === source && each.number === number))
    throw refusedPlainly(
      `The transaction number ${number} has already been used. Enter a unique transaction number.`,
    );
  const distributions = given.distributions.map((each) => distribution(each, lines, environment));
  const total = totalOf(lines, digits);
  if (isMemo && scaled(total) > 0n)
    throw refused("The amount of an on-account credit memo must be negative.", "AR_CM_AMOUNT_SIGN");
  return {
    kind: "transaction",
    isMemo,
    id: store.nextId(),
    number,
    source,
    type,
    crossReference: given.CrossReference ?? null,
    internalNotes: imported.notes,
    interfaceKeys: imported.keys,
    businessUnit: businessUnit.name,
    customerNumber,
    site: account.siteId,
    currency,
    terms: given.terms ?? null,
    transactionDate,
    accountingDate,
    dueDate: given.dueDate ?? null,
    comments: given.comments ?? null,
    isComplete: given.status !== "Incomplete",
    lines,
    distributions,
    total,
    balance: total,
    applications: [],
    createdMs: nowMs(),
    changedMs: nowMs(),
  };
}

export function totalOf(lines: readonly TransactionLine[], digits: number): string {
  return sumTexts(
    lines.flatMap(({ amount, taxes }) => [amount, ...taxes.map((tax) => tax.amount)]),
    digits,
  );
}

/** The date as it is booked: of an open period, or by the source's rule refused or moved to the next open one. */
function openDate(date: string, ledgerId: string, environment: Environment): string {
  const period = periodOf(environment, "222", ledgerId, date);
  if (period !== undefined && isEnterable(period)) return date;
  const next = environment.periods.find(
    (each) =>
      each.application === "222" && each.ledgerId === ledgerId && each.start > date && isEnterable(each),
  );
  if (environment.periodRule === "Reject" || next === undefined)
    throw refusedPlainly("The accounting date isn't in an open or future-enterable period.");
  return next.start;
}

/** Completing looks at the period again. */
export function checkCompletion(transaction: Transaction, { environment }: Books): void {
  const unit = environment.businessUnits.find(({ name }) => name === transaction.businessUnit);
  openDate(transaction.accountingDate, unit?.ledgerId ?? "", { ...environment, periodRule: "Reject" });
}

function newLine(given: GivenLine, digits: number, { environment, store }: Books): TransactionLine {
  const number = required(given.number, "LineNumber");
  if (given.memoLine === undefined && given.itemNumber === undefined && given.description === undefined)
    throw refused(
      `Enter a value for item, memo line, or description for line ${number}.`,
      "AR_LINE_ATTR_OPT_REQ",
    );
  if (given.itemNumber !== undefined)
    throw refused(`The item you entered for line ${number} doesn't exist.`, "AR_ITEM_NOT_FOUND");
  const memoLine = environment.memoLines.find(({ name }) => name === given.memoLine);
  if (given.memoLine !== undefined && (memoLine === undefined || memoLine.isInactive === true))
    throw refused(`The memo line you entered for line ${number} isn't valid.`, "AR_MEMO_LINE_NOT_FOUND");
  if (given.classification !== undefined && !environment.taxClassifications.includes(given.classification))
    throw refused(
      `The tax classification code of line ${number} isn't valid.`,
      "AR_TAX_CLASSIFICATION_NOT_FOUND",
    );
  const quantity = given.quantity ?? "1";
  const price = required(given.price, "UnitSellingPrice");
  const amount = roundedText(scaledNumber(quantity) * scaledNumber(price), UNIT * UNIT, digits);
  const taxes = given.taxes?.map((tax): TaxLine => {
    const rate = environment.taxRates.find(
      ({ regime, rateCode }) =>
        regime === required(tax.TaxRegimeCode, "TaxRegimeCode") &&
        rateCode === required(tax.TaxRateCode, "TaxRateCode"),
    );
    if (rate === undefined)
      throw refused(`The tax rate of line ${number} isn't valid.`, "AR_TAX_RATE_NOT_FOUND");
    const taxAmount = roundedText(scaledNumber(required(tax.TaxAmount, "TaxAmount")), UNIT, digits);
    return { id: store.nextId(), regime: rate.regime, rateCode: rate.rateCode, amount: taxAmount };
  });
  return {
    id: store.nextId(),
    number,
    memoLine: given.memoLine ?? null,
    description: given.description ?? given.memoLine ?? "",
    quantity,
    price,
    amount,
    classification: given.classification ?? null,
    taxes: taxes ?? automaticTaxes(amount, digits, environment, store),
  };
}

function automaticTaxes(
  amount: string,
  digits: number,
  { automaticTax }: Environment,
  store: Store,
): readonly TaxLine[] {
  if (automaticTax === undefined) return [];
  const { regime, rateCode, percent } = automaticTax;
  const tax = roundedText(scaled(amount) * scaled(percent), 100n * UNIT * UNIT, digits);
  return [{ id: store.nextId(), regime, rateCode, amount: tax }];
}

function scaledNumber(textOf: string): bigint {
  try {
    return scaled(textOf);
  } catch {
    throw refused(`The number ${textOf} has too many digits.`, "JBO-27023");
  }
}

function distribution(
  { accountClass, combination, amount, line }: GivenTransaction["distributions"][number],
  lines: readonly TransactionLine[],
  environment: Environment,
): Transaction["distributions"][number] {
  if (required(accountClass, "AccountClass") !== "Revenue")
    throw refused("The account class isn't valid.", "AR_ACCOUNT_CLASS_INVALID");
  const account = required(combination, "AccountCombination");
  if (!isCombination(environment, account))
    throw refused(`The account combination ${account} isn't valid.`, undefined, "/AccountCombination");
  const of = lines.find((each) => each.number === required(line, "LineNumber"));
  const given = required(amount, "Amount");
  if (of === undefined || scaled(of.amount) !== scaled(given))
    throw refused("The sum of the distributions must be the line's amount.", "AR_DIST_AMOUNT_MISMATCH");
  return { line: of.number, combination: account, amount: given };
}
