import { strToU8, zipSync } from "fflate";
import { stringify } from "csv-stringify/sync";
import { GL_INTERFACE_COLUMNS } from "./limits.ts";

/** The file of a journal's import: GlInterface.csv without header, its columns known by their positions alone, in a ZIP. */

/** Positions from 0 (template JournalImportTemplate, sheet GL_INTERFACE, release 25C). */
export const GL_COLUMN = {
  STATUS: 0,
  LEDGER_ID: 1,
  ACCOUNTING_DATE: 2,
  SOURCE: 3,
  CATEGORY: 4,
  CURRENCY: 5,
  DATE_CREATED: 6,
  ACTUAL_FLAG: 7,
  FIRST_SEGMENT: 8,
  ENTERED_DEBIT: 38,
  ENTERED_CREDIT: 39,
  /** REFERENCE1, 2, 4, 5 and 10. */
  BATCH_NAME: 42,
  BATCH_DESCRIPTION: 43,
  JOURNAL_NAME: 45,
  JOURNAL_DESCRIPTION: 46,
  LINE_DESCRIPTION: 51,
  GROUP_ID: 66,
} as const;

export const GL_INTERFACE_FILE = "GlInterface.csv";
/** Entries of a ZIP have a time; a fixed one makes the same journal the same file. The format begins at 1980. */
const ENTRY_TIME = new Date(Date.UTC(2000, 0, 1));

export function glInterfaceCsv(rows: readonly ReadonlyMap<number, string>[]): string {
  const columns = Array.from({ length: GL_INTERFACE_COLUMNS }, (_, position) => position);
  return stringify(
    rows.map((row) => columns.map((position) => row.get(position) ?? "")),
    { record_delimiter: "\r\n" },
  );
}

/** Base64 of the ZIP. */
export function glInterfaceZip(rows: readonly ReadonlyMap<number, string>[]): string {
  const entry = strToU8(glInterfaceCsv(rows));
  const zip = zipSync({ [GL_INTERFACE_FILE]: entry }, { mtime: ENTRY_TIME });
  return Buffer.from(zip).toString("base64");
}
