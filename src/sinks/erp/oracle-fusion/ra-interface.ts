import { interfaceCsv, type InterfaceRow, zippedTexts } from "./interface-file.ts";
import { MAX_SEGMENTS, RA_DISTRIBUTIONS_COLUMNS, RA_LINES_COLUMNS } from "./limits.ts";

/** The files of an import by AutoInvoice: lines, which hold what their transaction says as well, and revenue accounts. */

/** Positions from 0 (template AutoInvoiceImportTemplate, sheet RA_INTERFACE_LINES_ALL, release 26C). */
export const LINE_COLUMN = {
  BATCH_SOURCE_NAME: 1,
  CUST_TRX_TYPE_NAME: 2,
  TERM_NAME: 3,
  TRX_DATE: 4,
  GL_DATE: 5,
  TRX_NUMBER: 6,
  BILL_CUSTOMER_ACCOUNT_NUMBER: 18,
  BILL_CUSTOMER_SITE_NUMBER: 19,
  LINE_TYPE: 25,
  DESCRIPTION: 26,
  CURRENCY_CODE: 27,
  CONVERSION_TYPE: 28,
  CONVERSION_DATE: 29,
  CONVERSION_RATE: 30,
  AMOUNT: 31,
  QUANTITY: 32,
  UNIT_SELLING_PRICE: 34,
  INTERFACE_LINE_CONTEXT: 36,
  INTERFACE_LINE_ATTRIBUTE1: 37,
  INTERFACE_LINE_ATTRIBUTE2: 38,
  /** Tax classification of a line. */
  TAX_CODE: 53,
  TAX_REGIME_CODE: 80,
  TAX: 81,
  TAX_STATUS_CODE: 82,
  TAX_RATE_CODE: 83,
  MEMO_LINE_NAME: 110,
  LINK_TO_LINE_CONTEXT: 113,
  LINK_TO_LINE_ATTRIBUTE1: 114,
  LINK_TO_LINE_ATTRIBUTE2: 115,
  /** The template moves it here from its second column. */
  BU_NAME: 286,
  COMMENTS: 287,
  INTERNAL_NOTES: 288,
  END: RA_LINES_COLUMNS - 1,
} as const;

/** Positions from 0 (the same template, sheet RA_INTERFACE_DISTRIBUTIONS_ALL). */
export const DISTRIBUTION_COLUMN = {
  ACCOUNT_CLASS: 1,
  AMOUNT: 2,
  INTERFACE_LINE_CONTEXT: 5,
  INTERFACE_LINE_ATTRIBUTE1: 6,
  INTERFACE_LINE_ATTRIBUTE2: 7,
  FIRST_SEGMENT: 21,
  BU_NAME: 98,
  END: RA_DISTRIBUTIONS_COLUMNS - 1,
} as const;

/** What stands in the last column of each row. */
export const END_MARK = "END";

export const LINES_FILE = "RaInterfaceLinesAll.csv";
export const DISTRIBUTIONS_FILE = "RaInterfaceDistributionsAll.csv";

/** Rows of one document, or of several. */
export interface InterfaceRows {
  readonly lines: readonly InterfaceRow[];
  readonly distributions: readonly InterfaceRow[];
}

/** Base64 of the ZIP. Revenue accounts have a file only where there are any. */
export function raInterfaceZip({ lines, distributions }: InterfaceRows): string {
  return zippedTexts({
    [LINES_FILE]: interfaceCsv(lines, RA_LINES_COLUMNS),
    ...(distributions.length > 0 && {
      [DISTRIBUTIONS_FILE]: interfaceCsv(distributions, RA_DISTRIBUTIONS_COLUMNS),
    }),
  });
}

/** Segments of an account in the row of a distribution. */
export function segmentColumns(segments: readonly string[]): readonly (readonly [number, string])[] {
  return segments
    .slice(0, MAX_SEGMENTS)
    .map((segment, index) => [DISTRIBUTION_COLUMN.FIRST_SEGMENT + index, segment] as const);
}
