import { ErpFault } from "../../erp-sink.ts";
import { COLUMNS, type Column, documentRows, NUMBER_COLUMNS, type Row } from "../rows.ts";
import { amountSum } from "../totals.ts";
import type { FileFormat } from "./format.ts";

/** A column and its width in characters. */
export interface FixedColumn {
  readonly column: Column;
  readonly width: number;
}

const DEFAULT_WIDTHS: Readonly<Record<Column, number>> = {
  record: 1,
  external_id: 60,
  kind: 12,
  document_number: 60,
  legal_entity: 20,
  customer: 40,
  customer_name: 80,
  email: 80,
  tax_id: 30,
  street: 80,
  city: 50,
  region: 30,
  postal_code: 20,
  country: 2,
  currency: 5,
  date: 10,
  due_date: 10,
  reversal_date: 10,
  terms: 20,
  line: 6,
  item: 40,
  account: 40,
  description: 120,
  quantity: 34,
  net: 24,
  tax: 24,
  tax_codes: 60,
  debit: 24,
  credit: 24,
  period_start: 24,
  period_end: 24,
  dimensions: 200,
  corrects: 60,
};

/** All columns, wide enough for what this project writes. */
export const DEFAULT_LAYOUT: readonly FixedColumn[] = COLUMNS.map((column) => ({
  column,
  width: DEFAULT_WIDTHS[column],
}));

/** Text for people: cut where it is too long. Everything else decides what is booked, and is refused instead. */
const CUT: ReadonlySet<Column> = new Set(["description", "customer_name", "street"]);

/**
 * One line a row, UTF-8, CR LF; texts left-aligned, decimals right-aligned, filled up with blanks. The last line is `T`, the number of rows in
 * ten digits and the sum in 30 characters. Widths are counted in characters, not bytes.
 */
export function fixedWidth(layout: readonly FixedColumn[] = DEFAULT_LAYOUT): FileFormat {
  return {
    name: "fixed-width",
    extension: ".txt",
    render(command, externalId) {
      const rows = documentRows(command, externalId);
      const lines = rows.map((row) => layout.map((fixed) => field(row, fixed)).join(""));
      const trailer = `T${String(rows.length).padStart(10, "0")}${amountSum(command.document).padStart(30)}`;
      return { text: [...lines, trailer, ""].join("\r\n"), rows: rows.length };
    },
  };
}

function field(row: Row, { column, width }: FixedColumn): string {
  // A line break within a field would begin another row.
  const characters = Array.from((row[column] ?? "").replaceAll(/[\r\n\t]+/g, " "));
  const fill = " ".repeat(Math.max(0, width - characters.length));
  if (characters.length <= width)
    return NUMBER_COLUMNS.has(column) ? fill + characters.join("") : characters.join("") + fill;
  if (CUT.has(column)) return characters.slice(0, width).join("");
  throw new ErpFault(
    "validation",
    `${column} has ${characters.length} characters, the file's column ${width}`,
    { code: "field-too-long" },
  );
}
