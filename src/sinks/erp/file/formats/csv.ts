import { stringify } from "csv-stringify/sync";
import { shownAsText } from "../../../file/formula.ts";
import { COLUMNS, documentRows, NUMBER_COLUMNS, type Row } from "../rows.ts";
import { amountSum } from "../totals.ts";
import type { FileFormat } from "./format.ts";

function cells(row: Row): readonly (string | { readonly number: string })[] {
  return COLUMNS.map((column) => {
    const value = row[column] ?? "";
    return NUMBER_COLUMNS.has(column) ? { number: value } : shownAsText(value);
  });
}

/**
 * RFC 4180, UTF-8, lines end in CR LF; texts are quoted, decimals are not and have a dot. The last line is `T,<rows>,<sum>`: the rows
 * between header and trailer, and the sum of the document's net and tax (of a journal: of its debits).
 */
export const csv: FileFormat = {
  name: "csv",
  extension: ".csv",
  render(command, externalId) {
    const rows = documentRows(command, externalId);
    const text = stringify([[...COLUMNS], ...rows.map(cells)], {
      record_delimiter: "\r\n",
      quoted_string: true,
      cast: { object: (value) => ({ value: String(Reflect.get(value, "number")), quoted: false }) },
    });
    return { text: `${text}T,${rows.length},${amountSum(command.document)}\r\n`, rows: rows.length };
  },
};
