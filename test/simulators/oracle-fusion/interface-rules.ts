import { scaled, UNIT } from "../exact-numbers.ts";
import { isCombination, isEnterable, periodOf } from "./environment.ts";
import { combinationOf, DISTRIBUTION, LINE, type LineField, valueOf } from "./interface-columns.ts";
import type { InterfaceLine } from "./store.ts";
import type { Books } from "./transaction-rules.ts";

/** What AutoInvoice finds wrong with lines of its interface table. */

export interface LineError {
  readonly line: InterfaceLine;
  readonly message: string;
  readonly invalidValue: string;
}

export function fieldOf({ row }: InterfaceLine, name: LineField): string {
  return valueOf(row, LINE[name]);
}

/** Context and segments, by which a line is known. */
export function keyOf(line: InterfaceLine): string {
  return JSON.stringify([fieldOf(line, "context"), fieldOf(line, "segment1"), fieldOf(line, "segment2")]);
}

export function linkOf(line: InterfaceLine): string {
  return JSON.stringify([
    fieldOf(line, "linkContext"),
    fieldOf(line, "linkSegment1"),
    fieldOf(line, "linkSegment2"),
  ]);
}

export function keyOfDistribution({ row }: InterfaceLine): string {
  return JSON.stringify([
    valueOf(row, DISTRIBUTION.context),
    valueOf(row, DISTRIBUTION.segment1),
    valueOf(row, DISTRIBUTION.segment2),
  ]);
}

export function dayOf(line: InterfaceLine, name: "transactionDate" | "accountingDate"): string {
  return fieldOf(line, name).replaceAll("/", "-");
}

export interface Selection {
  readonly ledgerId: string;
  /** Lines that the job has selected. */
  readonly lines: readonly InterfaceLine[];
  readonly distributions: readonly InterfaceLine[];
  /** How many lines of the whole table have a key. */
  readonly keyCounts: ReadonlyMap<string, number>;
  /** Keys of lines that were imported. */
  readonly usedKeys: ReadonlySet<string>;
}

/** All that is wrong with a line by itself. */
export function errorsOfLine(line: InterfaceLine, selection: Selection, books: Books): LineError[] {
  const errors: LineError[] = [];
  const { environment, store } = books;
  const value = (name: LineField): string => fieldOf(line, name);
  const check = (isRight: boolean, message: string, invalidValue = ""): void => {
    if (!isRight) errors.push({ line, message, invalidValue });
  };
  const type = environment.transactionTypes.find(({ name }) => name === value("type"));
  check(type !== undefined, "You must enter a valid transaction type name.", value("type"));
  const source = environment.transactionSources.find(({ name }) => name === value("source"));
  check(
    (source?.isAutomatic === true) === (value("number") === ""),
    "You must provide a transaction number if the transaction source indicates manual transaction numbering. Otherwise don't provide a transaction number.",
    value("number"),
  );
  const account = store.all("account").find(({ number }) => number === value("account"));
  check(
    account !== undefined && account.profileClass !== null,
    "You must enter a valid bill-to customer account number.",
    value("account"),
  );
  check(
    account === undefined ||
      (account.siteId !== null && (value("site") === "" || value("site") === account.siteId)),
    "You must enter a valid bill-to customer site number.",
    value("site"),
  );
  check(
    value("terms") === "" || (type?.isMemo === false && environment.paymentTerms.includes(value("terms"))),
    "You must enter a valid payment terms name.",
    value("terms"),
  );
  for (const name of ["transactionDate", "accountingDate"] as const)
    check(/^\d{4}\/\d{2}\/\d{2}$/.test(value(name)), "You must enter a valid date.", value(name));
  const period = periodOf(environment, "222", selection.ledgerId, dayOf(line, "accountingDate"));
  check(
    (period !== undefined && isEnterable(period)) || environment.periodRule === "Adjust",
    "The accounting date isn't in an open or future-enterable period.",
    value("accountingDate"),
  );
  const digits = environment.currencies[value("currency")];
  check(digits !== undefined, "You must enter a valid currency code.", value("currency"));
  check(
    hasConversion(line, selection, books),
    "You must enter a valid conversion type.",
    value("conversionType"),
  );
  check(value("description") !== "", "You must enter a description.");
  const amount = amountOf(value("amount"));
  check(
    amount !== undefined && placesOf(value("amount")) <= (digits ?? 0),
    "You must enter an amount with the precision of the currency.",
    value("amount"),
  );
  if (value("lineType") === "LINE") {
    const [quantity, price] = [amountOf(value("quantity")), amountOf(value("price"))];
    check(
      amount !== undefined && (quantity ?? 0n) * (price ?? 0n) === amount * UNIT,
      "The amount must equal the quantity times the unit selling price.",
      value("amount"),
    );
    const memoLine = environment.memoLines.find(({ name }) => name === value("memoLine"));
    check(
      memoLine !== undefined && memoLine.isInactive !== true,
      "You must enter a valid memo line name.",
      value("memoLine"),
    );
    check(
      value("classification") === "" || environment.taxClassifications.includes(value("classification")),
      "You must enter a valid tax classification code.",
      value("classification"),
    );
  } else {
    check(value("lineType") === "TAX", "You must enter a valid line type.", value("lineType"));
    check(
      selection.lines.some((each) => fieldOf(each, "lineType") === "LINE" && keyOf(each) === linkOf(line)),
      "You must enter the transaction flexfield of a line that the tax line links to.",
    );
    check(
      environment.taxRates.some(
        ({ regime, rateCode }) => regime === value("regime") && rateCode === value("rateCode"),
      ),
      "You must enter a valid tax rate code.",
      value("rateCode"),
    );
  }
  check(
    selection.keyCounts.get(keyOf(line)) === 1 && !selection.usedKeys.has(keyOf(line)),
    "Each line must have a unique combination of INTERFACE_LINE_CONTEXT and INTERFACE_LINE_ATTRIBUTE values for the transaction flexfield.",
  );
  errors.push(...errorsOfDistributions(line, selection, books));
  return errors;
}

/** Ledger currency at 1 by the user's own rate; any other by a type that has rates. */
function hasConversion(line: InterfaceLine, { ledgerId }: Selection, { environment }: Books): boolean {
  const type = fieldOf(line, "conversionType");
  const isLedgers = environment.ledgerCurrencies[ledgerId] === fieldOf(line, "currency");
  return isLedgers
    ? type === "User" && fieldOf(line, "conversionRate") === "1"
    : environment.conversionTypes.includes(type) && fieldOf(line, "conversionDate") !== "";
}

function errorsOfDistributions(
  line: InterfaceLine,
  { distributions }: Selection,
  { environment }: Books,
): readonly LineError[] {
  const own = distributions.filter((each) => keyOfDistribution(each) === keyOf(line));
  if (own.length === 0) return [];
  const wrong = own.find(
    ({ row }) =>
      valueOf(row, DISTRIBUTION.accountClass) !== "REV" || !isCombination(environment, combinationOf(row)),
  );
  const sum = own.reduce((total, { row }) => total + (amountOf(valueOf(row, DISTRIBUTION.amount)) ?? 0n), 0n);
  return [
    ...(wrong === undefined
      ? []
      : [{ line, message: "You must enter a valid account.", invalidValue: combinationOf(wrong.row) }]),
    ...(sum === amountOf(fieldOf(line, "amount"))
      ? []
      : [
          {
            line,
            message: "The sum of the distribution amounts must equal the line amount.",
            invalidValue: "",
          },
        ]),
  ];
}

function amountOf(text: string): bigint | undefined {
  try {
    return scaled(text);
  } catch {
    return undefined;
  }
}

function placesOf(text: string): number {
  return (text.split(".")[1] ?? "").replace(/0+$/, "").length;
}
