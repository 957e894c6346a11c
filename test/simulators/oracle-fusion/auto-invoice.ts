import { combinationOf, DISTRIBUTION, valueOf } from "./interface-columns.ts";
import {
  dayOf,
  errorsOfLine,
  fieldOf,
  keyOf,
  keyOfDistribution,
  type LineError,
  linkOf,
  type Selection,
} from "./interface-rules.ts";
import { OracleError } from "./errors.ts";
import type { InterfaceLine, Job } from "./store.ts";
import { type Books, newTransaction } from "./transaction-rules.ts";

/**
 * AutoInvoice: lines of the interface table to transactions. A job takes all lines of its business unit and source, also those that other loads have
 * brought or left. Lines that say the same of their transaction become one; one line that is wrong keeps its transaction out, and no other.
 */

const PARAMETERS = 24;
/** What lines of one transaction have in common. */
const GROUPING = [
  "source",
  "type",
  "terms",
  "transactionDate",
  "accountingDate",
  "number",
  "account",
  "site",
  "currency",
  "conversionType",
  "conversionDate",
  "conversionRate",
  "businessUnit",
  "comments",
  "notes",
] as const;

export interface ImportRules {
  /** Told as the job's end where lines were rejected. */
  readonly rejectionState: "SUCCEEDED" | "WARNING";
  /** Whether a transaction is made of the lines that are right. */
  readonly isPartial: boolean;
  /** Requests that a right sender never makes. */
  readonly noteWrong: (what: string) => void;
}

export function importInvoices(job: Job, books: Books, rules: ImportRules): NonNullable<Job["ended"]> {
  const { environment, store } = books;
  const [unitId = "", source = "", day = ""] = job.parameters;
  if (job.parameters.length !== PARAMETERS || !/^\d{4}-\d{2}-\d{2}$/.test(day)) {
    rules.noteWrong(`an import of invoices with the parameters ${job.parameters.join(",")}`);
    return { state: "ERROR", log: "The parameters can't be read." };
  }
  const unit = environment.businessUnits.find(({ id }) => id === unitId);
  const known = environment.transactionSources.find(({ name }) => name === source);
  if (unit === undefined || known === undefined || known.isInactive === true)
    return {
      state: "ERROR",
      log: "The transaction source isn't valid for the business unit based on reference set association.",
    };
  const all = store.all("interface-line").filter(({ isDistribution }) => !isDistribution);
  const lines = all.filter(
    (line) => fieldOf(line, "businessUnit") === unit.name && fieldOf(line, "source") === source,
  );
  const unknown = lines.find((line) => !environment.interfaceContexts.includes(fieldOf(line, "context")));
  if (unknown !== undefined)
    return {
      state: "ERROR",
      log: `You must enter a valid context for the ${fieldOf(unknown, "context")} flexfield.`,
    };
  const keys = new Set(lines.map(keyOf));
  const distributions = store
    .all("interface-line")
    .filter((each) => each.isDistribution && keys.has(keyOfDistribution(each)));
  const keyCounts = new Map<string, number>();
  for (const line of all) keyCounts.set(keyOf(line), (keyCounts.get(keyOf(line)) ?? 0) + 1);
  const usedKeys = new Set(store.all("transaction").flatMap(({ interfaceKeys }) => interfaceKeys));
  const selection = { ledgerId: unit.ledgerId, lines, distributions, keyCounts, usedKeys };
  const errors = lines.flatMap((line) => errorsOfLine(line, selection, books));
  for (const group of groupsOf(lines)) errors.push(...importGroup(group, errors, selection, books, rules));
  const rejected = new Set(errors.map(({ line }) => line.id)).size;
  return {
    state: rejected > 0 ? rules.rejectionState : "SUCCEEDED",
    log: `AutoInvoice Import\n${lines.length} row(s) selected\n${rejected} row(s) rejected\n`,
    report: reportOf(errors),
  };
}

function groupsOf(lines: readonly InterfaceLine[]): readonly (readonly InterfaceLine[])[] {
  const groups = new Map<string, InterfaceLine[]>();
  for (const line of lines) {
    const key = JSON.stringify(GROUPING.map((name) => fieldOf(line, name)));
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()];
}

/** Makes the transaction of a group; what it found wrong as a whole. */
function importGroup(
  group: readonly InterfaceLine[],
  errors: readonly LineError[],
  { distributions }: Selection,
  books: Books,
  { isPartial }: ImportRules,
): readonly LineError[] {
  const [first] = group;
  const isWrong = (line: InterfaceLine): boolean => errors.some((error) => error.line === line);
  const right = group.filter((line) => !isWrong(line));
  if (first === undefined || right.length === 0 || (right.length < group.length && !isPartial)) return [];
  const isMemo = books.environment.transactionTypes.some(
    ({ name, isMemo: ofMemo }) => ofMemo && name === fieldOf(first, "type"),
  );
  const field = (name: Parameters<typeof fieldOf>[1]): string | undefined =>
    fieldOf(first, name) === "" ? undefined : fieldOf(first, name);
  const charged = right.filter((line) => fieldOf(line, "lineType") === "LINE");
  const taxesOf = (line: InterfaceLine) =>
    right
      .filter((each) => fieldOf(each, "lineType") === "TAX" && linkOf(each) === keyOf(line))
      .map((each) => ({
        TaxRegimeCode: fieldOf(each, "regime"),
        TaxRateCode: fieldOf(each, "rateCode"),
        TaxAmount: fieldOf(each, "amount"),
      }));
  const numberOf = (line: InterfaceLine): string => String(charged.indexOf(line) + 1);
  try {
    const transaction = newTransaction(
      {
        BusinessUnit: field("businessUnit"),
        TransactionSource: field("source"),
        TransactionType: field("type"),
        TransactionNumber: field("number"),
        CrossReference: undefined,
        TransactionDate: dayOf(first, "transactionDate"),
        AccountingDate: dayOf(first, "accountingDate"),
        BillToCustomerNumber: field("account"),
        BillToSite: field("site"),
        currency: field("currency"),
        terms: field("terms"),
        dueDate: undefined,
        comments: field("comments"),
        status: "Complete",
        lines: charged.map((line) => {
          const taxes = taxesOf(line);
          return {
            number: numberOf(line),
            memoLine: fieldOf(line, "memoLine"),
            itemNumber: undefined,
            description: fieldOf(line, "description"),
            quantity: fieldOf(line, "quantity"),
            price: fieldOf(line, "price"),
            classification: fieldOf(line, "classification") || undefined,
            taxes: taxes.length === 0 ? undefined : taxes,
          };
        }),
        distributions: charged.flatMap((line) =>
          distributions
            .filter((each) => keyOfDistribution(each) === keyOf(line))
            .map(({ row }) => ({
              accountClass: "Revenue",
              combination: combinationOf(row),
              amount: valueOf(row, DISTRIBUTION.amount),
              line: numberOf(line),
            })),
        ),
      },
      isMemo,
      books,
      { notes: fieldOf(first, "notes") || null, keys: right.map(keyOf) },
    );
    books.store.put(transaction);
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    return [{ line: first, message: error.message, invalidValue: fieldOf(first, "number") }];
  }
  const keys = new Set(right.map(keyOf));
  for (const { id } of [...right, ...distributions.filter((each) => keys.has(keyOfDistribution(each)))])
    books.store.remove(id);
  return [];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Data of the execution report: an element for each error. */
function reportOf(errors: readonly LineError[]): string {
  const records = errors.map(({ line, message, invalidValue }) => {
    const values = {
      TRX_NUMBER: fieldOf(line, "number"),
      INTERFACE_LINE_CONTEXT: fieldOf(line, "context"),
      INTERFACE_LINE_ATTRIBUTE1: fieldOf(line, "segment1"),
      INTERFACE_LINE_ATTRIBUTE2: fieldOf(line, "segment2"),
      MESSAGE_TEXT: message,
      INVALID_VALUE: invalidValue,
    };
    const fields = Object.entries(values).map(([name, value]) => `<${name}>${escaped(value)}</${name}>`);
    return `<G_ERRORS>${fields.join("")}</G_ERRORS>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?><DATA_DS><LIST_G_ERRORS>${records.join("")}</LIST_G_ERRORS></DATA_DS>`;
}
