import { strToU8, zipSync } from "fflate";
import { stringify } from "csv-stringify/sync";

/** Files of an import: CSV without headers, whose columns are known by their positions alone, in a ZIP. */

/** Values of a row, by their positions from 0; what isn't there is empty. */
export type InterfaceRow = ReadonlyMap<number, string>;

/** Entries of a ZIP have a time; a fixed one makes the same documents the same file. The format begins at 1980. */
const ENTRY_TIME = new Date(Date.UTC(2000, 0, 1));

export function interfaceCsv(rows: readonly InterfaceRow[], columns: number): string {
  const positions = Array.from({ length: columns }, (_, position) => position);
  return stringify(
    rows.map((row) => positions.map((position) => row.get(position) ?? "")),
    { record_delimiter: "\r\n" },
  );
}

/** Base64 of a ZIP with texts, by the names of their entries. */
export function zippedTexts(files: Readonly<Record<string, string>>): string {
  const entries = Object.entries(files).map(([name, text]) => [name, strToU8(text)] as const);
  return Buffer.from(zipSync(Object.fromEntries(entries), { mtime: ENTRY_TIME })).toString("base64");
}
