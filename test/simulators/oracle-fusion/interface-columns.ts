import type { CsvRow } from "./interface-files.ts";

/** Columns of AutoInvoice's files, counted from 1 as in the template. */

export const LINES_FILE = "RaInterfaceLinesAll.csv";
export const DISTRIBUTIONS_FILE = "RaInterfaceDistributionsAll.csv";
const WIDTHS: Readonly<Record<string, number>> = { [LINES_FILE]: 372, [DISTRIBUTIONS_FILE]: 140 };

/** Place, and the most characters that it holds. */
type Column = readonly [at: number, maxCharacters: number];

export const LINE = {
  source: [2, 50],
  type: [3, 20],
  terms: [4, 15],
  transactionDate: [5, 10],
  accountingDate: [6, 10],
  number: [7, 20],
  account: [19, 30],
  site: [20, 30],
  lineType: [26, 20],
  description: [27, 240],
  currency: [28, 15],
  conversionType: [29, 30],
  conversionDate: [30, 10],
  conversionRate: [31, 40],
  amount: [32, 40],
  quantity: [33, 40],
  price: [35, 40],
  context: [37, 30],
  segment1: [38, 30],
  segment2: [39, 30],
  classification: [54, 50],
  regime: [81, 30],
  tax: [82, 30],
  taxStatus: [83, 30],
  rateCode: [84, 150],
  memoLine: [111, 50],
  linkContext: [114, 30],
  linkSegment1: [115, 30],
  linkSegment2: [116, 30],
  businessUnit: [287, 240],
  comments: [288, 240],
  notes: [289, 240],
} as const satisfies Record<string, Column>;
export type LineField = keyof typeof LINE;

export const DISTRIBUTION = {
  accountClass: [2, 20],
  amount: [3, 40],
  context: [6, 30],
  segment1: [7, 30],
  segment2: [8, 30],
  businessUnit: [99, 240],
} as const satisfies Record<string, Column>;
const FIRST_ACCOUNT_SEGMENT = 22;
const ACCOUNT_SEGMENTS = 30;

export function valueOf(row: CsvRow, [at]: Column): string {
  return row[at - 1] ?? "";
}

/** Account of a distribution. */
export function combinationOf(row: CsvRow): string {
  return row
    .slice(FIRST_ACCOUNT_SEGMENT - 1, FIRST_ACCOUNT_SEGMENT - 1 + ACCOUNT_SEGMENTS)
    .filter((segment) => segment !== "")
    .join("-");
}

/** What keeps a file from being loaded; undefined for a right one. */
export function loadError(files: Readonly<Record<string, readonly CsvRow[]>>): string | undefined {
  if (files[LINES_FILE] === undefined) return `the ZIP has no ${LINES_FILE}`;
  for (const [name, rows] of Object.entries(files)) {
    const width = WIDTHS[name];
    if (width === undefined) return `the ZIP has a file ${name}`;
    const known: readonly Column[] = name === LINES_FILE ? Object.values(LINE) : Object.values(DISTRIBUTION);
    for (const row of rows) {
      if (row.length !== width) return `${name}: a row has ${row.length} columns`;
      if (row[width - 1] !== "END") return `${name}: a row does not end with END`;
      const wrong = row.findIndex((value, index) => {
        if (value === "" || index === width - 1) return false;
        const column = known.find(([at]) => at === index + 1);
        if (column !== undefined) return value.length > column[1];
        const isAccount =
          name === DISTRIBUTIONS_FILE &&
          index + 1 >= FIRST_ACCOUNT_SEGMENT &&
          index + 1 < FIRST_ACCOUNT_SEGMENT + ACCOUNT_SEGMENTS;
        return !isAccount;
      });
      if (wrong !== -1) return `${name}: column ${wrong + 1} is too long, or nobody knows it`;
    }
  }
  return undefined;
}
