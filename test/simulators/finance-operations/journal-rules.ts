import { type Row, textOf } from "./books.ts";
import type { EntityDefinition } from "./entity-definitions.ts";
import { notInTable, writeFailed } from "./errors.ts";
import {
  checkAmount,
  checkCurrency,
  checkLedgerAccount,
  checkNamed,
  checkPeriod,
  required,
  type Rules,
} from "./ledger-rules.ts";

/** A journal's header as it is kept; throws where it can't be. Its number is the company's next, and nobody else's to choose. */
export function checkJournalHeader({ books }: Rules, entity: EntityDefinition, row: Row): Row {
  required(entity, row, "JournalName", "Name");
  checkNamed(books, entity, row, {
    field: "JournalName",
    label: "Name",
    table: "journalNames",
    tableLabel: "Journal names",
    by: "Name",
  });
  if (textOf(row["JournalBatchNumber"]) !== "")
    throw writeFailed(
      entity.table,
      "Error: Number selection is not allowed: the number sequence of journal batch numbers is not manual.",
    );
  const used = books.rows("journals").map(([, { JournalBatchNumber: number }]) => Number(textOf(number)));
  return {
    IsPosted: "No",
    ...row,
    JournalBatchNumber: String(Math.max(0, ...used) + 1).padStart(6, "0"),
  };
}

/** A journal's line as it is kept; throws where it can't be. */
export function checkJournalLine(rules: Rules, entity: EntityDefinition, row: Row): Row {
  const { books } = rules;
  const number = required(entity, row, "JournalBatchNumber", "Journal batch number");
  const header = books.find("journals", {
    dataAreaId: textOf(row["dataAreaId"]),
    JournalBatchNumber: number,
  })?.[1];
  if (header === undefined)
    throw notInTable(entity.table, number, "Journal batch number", "Ledger journal table");
  if (textOf(header["IsPosted"]) === "Yes")
    throw writeFailed(entity.table, `Error: The journal ${number} is posted and can't be changed.`);
  required(entity, row, "LineNumber", "Line number");
  if (textOf(row["AccountType"]) !== "Ledger")
    throw writeFailed(entity.table, "Error: The account type is not valid for the journal.");
  checkLedgerAccount(books, entity, row, "AccountDisplayValue");
  const digits = checkCurrency(books, entity, row, "CurrencyCode");
  const debit = checkAmount(entity, row, "DebitAmount", digits);
  const credit = checkAmount(entity, row, "CreditAmount", digits);
  if (debit < 0n || credit < 0n || (debit === 0n) === (credit === 0n))
    throw writeFailed(entity.table, "Error: A line must have a debit or a credit, above 0.");
  const date = required(entity, row, "TransDate", "Date");
  checkPeriod(rules, entity, row, "TransDate");
  if (textOf(row["ReverseEntry"]) === "Yes") {
    const reverseDate = required(entity, row, "ReverseDate", "Reversing date");
    if (Date.parse(reverseDate) <= Date.parse(date))
      throw writeFailed(entity.table, "Error: The reversing date must be later than the date of the line.");
    checkPeriod(rules, entity, row, "ReverseDate");
  }
  return { ReverseEntry: "No", ...row };
}
