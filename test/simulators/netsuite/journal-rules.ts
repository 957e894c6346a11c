import { plainText } from "../exact-numbers.ts";
import { currencyDigits, findEntry } from "./account.ts";
import { textOf, type Draft } from "./draft.ts";
import { mustEnter, userError } from "./errors.ts";
import type { RecordDefinition } from "./record-definitions.ts";
import { referenceId, type Fields, type StoredRecord } from "./record-store.ts";
import { checkSubsidiary } from "./references.ts";
import type { Totals } from "./sales-rules.ts";
import {
  accountType,
  amountOf,
  checkClassifications,
  currencyOf,
  periodOf,
  settlePeriod,
  type Books,
} from "./transaction-rules.ts";

/** Completes and checks a journal entry: balanced, each line with one positive side. Throws the ERP's error. */
export function completeJournal(
  draft: Draft,
  before: StoredRecord | undefined,
  definition: RecordDefinition,
  books: Books,
): Totals {
  const { account } = books;
  const { fields } = draft;
  const subsidiary = referenceId(fields["subsidiary"]);
  if (subsidiary === undefined) throw mustEnter("Subsidiary", "subsidiary");
  const base = findEntry(account, ["subsidiary"], subsidiary)?.values["currency"] ?? "";
  fields["currency"] ??= { id: base };
  fields["exchangeRate"] ??= { $number: "1" };
  fields["approved"] ??= true;
  settlePeriod(draft, before, books);
  checkSubsidiary(fields, definition.fields, subsidiary, account, "");
  checkReversal(draft, books);

  const lines = draft.sublists["line"] ?? [];
  if (lines.length < MIN_LINES)
    throw userError("You must enter at least two lines for this transaction.", "line");
  let debits = 0n;
  let credits = 0n;
  lines.forEach((line, index) => {
    const path = `line.items[${index}]`;
    const ledgerAccount = referenceId(line["account"]);
    if (ledgerAccount === undefined) throw mustEnter("Account", `${path}.account`);
    checkSubsidiary(line, definition.sublists["line"]?.fields ?? {}, subsidiary, account, path);
    checkClassifications(line, draft, path, account);
    if (accountType(ledgerAccount, account) === "AcctRec" && line["entity"] === undefined)
      throw mustEnter("Name", `${path}.entity`);
    const debit = amountOf(line, "debit", `${path}.debit`, currencyOf(fields), account);
    const credit = amountOf(line, "credit", `${path}.credit`, currencyOf(fields), account);
    if ((debit === undefined) === (credit === undefined))
      throw userError("A journal line must have either a debit or a credit.", path);
    if ((debit ?? credit ?? 0n) <= 0n)
      throw userError("The amounts of a journal entry must be greater than zero.", path);
    debits += debit ?? 0n;
    credits += credit ?? 0n;
  });
  if (debits !== credits)
    throw userError(
      `The amounts in a journal entry must balance. (Debits ${plainText(debits)}, credits ${plainText(credits)}, ${currencyDigits(account, currencyOf(fields))} digits)`,
      "line",
    );
  return { subtotal: plainText(debits), taxTotal: "0", total: plainText(debits) };
}
const MIN_LINES = 2;

function checkReversal(draft: Draft, { account }: Books): void {
  const date = textOf(draft.fields["reversalDate"]);
  if (date === undefined) return;
  if (date <= (textOf(draft.fields["tranDate"]) ?? ""))
    throw userError("The reversal date must be after the transaction date.", "reversalDate");
  const period = periodOf(account, date);
  if (period === undefined || period.isClosed)
    throw userError("The reversal date is in a closed period.", "reversalDate");
}

/** The lines of the entry that reverses another one: debits and credits change places. */
export function reversedLines(lines: readonly Fields[]): Fields[] {
  return lines.map((line) => {
    const { debit, credit, ...others } = line;
    return {
      ...others,
      ...(debit === undefined ? {} : { credit: debit }),
      ...(credit === undefined ? {} : { debit: credit }),
    };
  });
}
