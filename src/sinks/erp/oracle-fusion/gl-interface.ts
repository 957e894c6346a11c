import { interfaceCsv, type InterfaceRow, zippedTexts } from "./interface-file.ts";
import { GL_INTERFACE_COLUMNS } from "./limits.ts";

/** The file of a journal's import: GlInterface.csv. */

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

export function glInterfaceCsv(rows: readonly InterfaceRow[]): string {
  return interfaceCsv(rows, GL_INTERFACE_COLUMNS);
}

/** Base64 of the ZIP. */
export function glInterfaceZip(rows: readonly InterfaceRow[]): string {
  return zippedTexts({ [GL_INTERFACE_FILE]: glInterfaceCsv(rows) });
}
