import { strFromU8, unzipSync } from "fflate";

/** Files of imports: CSV without headers in a ZIP, base64. */

export type CsvRow = readonly string[];

const MAX_ROWS = 100_000;

/** Rows of a ZIP's files, by their names; a text that says what is wrong with it. */
export function filesOf(content: string): Readonly<Record<string, readonly CsvRow[]>> | string {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(Buffer.from(content, "base64"));
  } catch {
    return "the document is no ZIP";
  }
  const read = Object.entries(files).map(([name, file]) => [name, csvRows(strFromU8(file))] as const);
  const wrong = read.find(([, rows]) => rows.length === 0 || rows.length > MAX_ROWS);
  return wrong === undefined ? Object.fromEntries(read) : `${wrong[0]} has ${wrong[1].length} rows`;
}

/** RFC 4180. */
function csvRows(csv: string): string[][] {
  const rows: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let row: string[] = [];
  while (cell.lastIndex < csv.length) {
    const match = cell.exec(csv);
    if (match === null) return [];
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
