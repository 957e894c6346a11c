import { scaled, UNIT } from "../exact-numbers.ts";
import { type Books, type Row, textOf } from "./books.ts";
import type { EntityDefinition } from "./entity-definitions.ts";
import { notInTable, writeFailed } from "./errors.ts";

/** Rules of what several kinds of records name: companies, accounts, currencies, periods, amounts. */

/** Closed fiscal periods, YYYY-MM, of all companies. */
export type ClosedPeriods = ReadonlySet<string>;

export interface Rules {
  readonly books: Books;
  readonly closedPeriods: ClosedPeriods;
}

/** Throws where a text names nothing in a list of the company. An empty one names nothing on purpose. */
export function checkNamed(
  books: Books,
  entity: EntityDefinition,
  row: Row,
  named: {
    readonly field: string;
    readonly label: string;
    readonly table: Parameters<Books["find"]>[0];
    readonly tableLabel: string;
    readonly by: string;
    readonly isShared?: boolean;
  },
): void {
  const value = textOf(row[named.field]);
  if (value === "") return;
  const key = {
    [named.by]: value,
    ...(named.isShared === true ? {} : { dataAreaId: textOf(row["dataAreaId"]) }),
  };
  if (books.find(named.table, key) === undefined)
    throw notInTable(entity.table, value, named.label, named.tableLabel);
}

export function required(entity: EntityDefinition, row: Row, field: string, label: string): string {
  const value = textOf(row[field]);
  if (value === "") throw writeFailed(entity.table, `Error: Field '${label}' must be filled in.`);
  return value;
}

export function checkCurrency(books: Books, entity: EntityDefinition, row: Row, field: string): number {
  const code = required(entity, row, field, "Currency");
  const digits = books.environment.currencies[code];
  if (digits === undefined) throw notInTable(entity.table, code, "Currency", "Currencies");
  return digits;
}

/** An amount with more digits than the rounding rule of its currency would be another one afterwards. */
export function checkAmount(entity: EntityDefinition, row: Row, field: string, digits: number): bigint {
  const amount = scaled(textOf(row[field]) === "" ? "0" : textOf(row[field]));
  if (amount % (UNIT / 10n ** BigInt(digits)) !== 0n)
    throw writeFailed(entity.table, `Error: ${field} ${textOf(row[field])} is not rounded to the currency.`);
  return amount;
}

/** Main account and dimensions that a ledger account's text names exist and can be used. */
export function checkLedgerAccount(books: Books, entity: EntityDefinition, row: Row, field: string): void {
  const { dimensions, delimiter } = books.environment;
  const text = required(entity, row, field, "Ledger account");
  const [mainAccount = "", ...values] = text.split(delimiter);
  if (values.length !== dimensions.length)
    throw writeFailed(
      entity.table,
      `Error: The account ${text} is not valid: the format has ${dimensions.length + 1} segments.`,
    );
  const account = books.find("mainAccounts", { MainAccountId: mainAccount });
  if (account === undefined) throw notInTable(entity.table, mainAccount, "Main account", "Main accounts");
  if (textOf(account[1]["IsSuspended"]) === "Yes")
    throw writeFailed(entity.table, `Error: Main account ${mainAccount} is suspended.`);
  for (const [index, value] of values.entries()) {
    if (value === "") continue;
    const dimension = dimensions[index] ?? "";
    const found = books.find("dimensionValues", { FinancialDimension: dimension, DimensionValue: value });
    if (found === undefined) throw notInTable(entity.table, value, dimension, "Financial dimension values");
    if (textOf(found[1]["IsSuspended"]) === "Yes")
      throw writeFailed(
        entity.table,
        `Error: The value ${value} of the dimension ${dimension} is suspended.`,
      );
  }
}

export function isClosed({ closedPeriods }: Rules, dateTime: string): boolean {
  return closedPeriods.has(dateTime.slice(0, "YYYY-MM".length));
}

/** What a document of a closed period is told when it is written, where the environment looks then. */
export function checkPeriod(rules: Rules, entity: EntityDefinition, row: Row, field: string): void {
  const dateTime = textOf(row[field]);
  if (rules.books.environment.periodCheck !== "write" || dateTime === "" || !isClosed(rules, dateTime))
    return;
  throw writeFailed(
    entity.table,
    `Error: The fiscal period of ${dateTime.slice(0, 10)} is not open: its status is On hold.`,
  );
}
