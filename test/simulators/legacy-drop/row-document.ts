import {
  DROP_KINDS,
  documentSum,
  DropFault,
  equalAmounts,
  requireDecimal,
  type DropDocument,
} from "./document.ts";

/** Columns of CSV and fixed-width files, in their order, with the widths of the latter: docs/erp/file.md. */
export const ROW_COLUMNS: readonly (readonly [name: string, width: number])[] = [
  ["record", 1],
  ["external_id", 60],
  ["kind", 12],
  ["document_number", 60],
  ["legal_entity", 20],
  ["customer", 40],
  ["customer_name", 80],
  ["email", 80],
  ["tax_id", 30],
  ["street", 80],
  ["city", 50],
  ["region", 30],
  ["postal_code", 20],
  ["country", 2],
  ["currency", 5],
  ["date", 10],
  ["due_date", 10],
  ["reversal_date", 10],
  ["terms", 20],
  ["line", 6],
  ["item", 40],
  ["account", 40],
  ["description", 120],
  ["quantity", 34],
  ["net", 24],
  ["tax", 24],
  ["tax_codes", 60],
  ["debit", 24],
  ["credit", 24],
  ["period_start", 24],
  ["period_end", 24],
  ["dimensions", 200],
  ["corrects", 60],
];

/** Columns of decimals: without quotes in CSV, on the right in fixed-width lines. */
export const DECIMAL_COLUMNS: ReadonlySet<string> = new Set([
  "line",
  "quantity",
  "net",
  "tax",
  "debit",
  "credit",
]);

export type DropRow = Readonly<Record<string, string>>;

/** The document that rows make: a head, and a line each; of a customer one row. Throws DropFault. */
export function documentOfRows(rows: readonly DropRow[]): DropDocument {
  const [head, ...lines] = rows;
  if (head === undefined) throw new DropFault("ROWS", "there are no rows");
  const value = (row: DropRow, column: string): string => row[column] ?? "";
  const kind = DROP_KINDS.find((each) => each === value(head, "kind"));
  if (kind === undefined) throw new DropFault("ROW", `no kind of document: ${value(head, "kind")}`);
  if (value(head, "record") !== (kind === "customer" ? "C" : "H"))
    throw new DropFault("ROW", "the first row is no head");
  for (const line of lines)
    if (value(line, "record") !== "L") throw new DropFault("ROW", "behind the head there must be lines");
  for (const column of ["external_id", "kind", "document_number"])
    if (new Set(rows.map((row) => value(row, column))).size > 1)
      throw new DropFault("ROW", `the rows are of several documents by ${column}`);
  for (const row of rows)
    if (value(row, "quantity") !== "") requireDecimal(value(row, "quantity"), "a quantity");
  return {
    kind,
    externalId: value(head, "external_id"),
    number: value(head, "document_number"),
    legalEntity: value(head, "legal_entity"),
    customer: value(head, "customer"),
    currency: value(head, "currency"),
    date: value(head, "date"),
    net: value(head, "net"),
    tax: value(head, "tax"),
    lines: lines.map((row) => ({
      line: value(row, "line"),
      item: value(row, "item"),
      account: value(row, "account"),
      net: value(row, "net"),
      tax: value(row, "tax"),
      debit: value(row, "debit"),
      credit: value(row, "credit"),
    })),
    rows: rows.length,
  };
}

/** The last line: the rows between it and the header, and what the document comes to. Throws DropFault. */
export function checkTrailer(document: DropDocument, count: string, sum: string): void {
  if (count !== String(document.rows)) throw new DropFault("TRAILER", "the trailer counts other rows");
  requireDecimal(sum, "the trailer's sum");
  if (!equalAmounts(sum, documentSum(document)))
    throw new DropFault("TRAILER", "the trailer has another sum");
}
