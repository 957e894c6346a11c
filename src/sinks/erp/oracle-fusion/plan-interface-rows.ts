import type { PostedInvoice, PostedLine } from "../../../model/posting.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import type { InterfaceRow } from "./interface-file.ts";
import { MAX_DESCRIPTION_CHARACTERS, MAX_INTERFACE_COMMENTS_CHARACTERS } from "./limits.ts";
import { classificationOf, descriptionOf, revenueSegments, signedAmount } from "./line-values.ts";
import type { PlanSettings } from "./plan.ts";
import {
  DISTRIBUTION_COLUMN,
  END_MARK,
  type InterfaceRows,
  LINE_COLUMN,
  segmentColumns,
} from "./ra-interface.ts";

/** What all lines of a document say of its transaction, but for the customer's account, who is known when it is sent. */
export interface InterfaceHeader {
  readonly businessUnit: string;
  readonly source: string;
  readonly type: string;
  /** Payment terms; undefined where the customer's own apply. Memos have none. */
  readonly terms: string | undefined;
  readonly number: string;
  /** Oracle's code. */
  readonly currency: string;
  readonly comments: string;
  readonly externalId: string;
  /** What the segments of the document's lines begin with: they are unique by it. */
  readonly key: string;
}

type Entries = readonly (readonly [number, string])[];

/**
 * Rows of a document for AutoInvoice. A line is known by the context and two segments of the line transactions flexfield, document and line, which
 * Oracle takes once. Lines that say the same of their transaction become one: the external id among the notes keeps those of other documents apart.
 */
export function interfaceRows(
  document: PostedInvoice,
  rows: MappedRows,
  header: InterfaceHeader,
  settings: PlanSettings,
): InterfaceRows {
  const common: Entries = [
    ...headerColumns(document, header),
    ...currencyColumns(document, rows, header.currency, settings),
  ];
  const lines: InterfaceRow[] = [];
  const distributions: InterfaceRow[] = [];
  for (const line of document.lines) {
    const itself = {
      context: settings.interfaceContext,
      document: header.key,
      line: String(line.line),
    };
    lines.push(new Map([...common, ...lineColumns(document, line, rows), ...keyColumns(itself)]));
    line.taxes.forEach((tax, index) => {
      const optional = (column: number, field: string): Entries => {
        const value = rows.optional("tax", tax.key, field);
        return value === undefined ? [] : [[column, value]];
      };
      lines.push(
        new Map([
          ...common,
          [LINE_COLUMN.LINE_TYPE, "TAX"],
          [LINE_COLUMN.DESCRIPTION, singleLineText(tax.key, MAX_DESCRIPTION_CHARACTERS)],
          [LINE_COLUMN.AMOUNT, signedAmount(document, tax.amount)],
          [LINE_COLUMN.TAX_REGIME_CODE, rows.required("tax", tax.key, "regime")],
          ...optional(LINE_COLUMN.TAX, "tax"),
          ...optional(LINE_COLUMN.TAX_STATUS_CODE, "status"),
          [LINE_COLUMN.TAX_RATE_CODE, rows.required("tax", tax.key, "rate_code")],
          ...keyColumns({ ...itself, line: `${line.line}-${index + 1}` }),
          [LINE_COLUMN.LINK_TO_LINE_CONTEXT, itself.context],
          [LINE_COLUMN.LINK_TO_LINE_ATTRIBUTE1, itself.document],
          [LINE_COLUMN.LINK_TO_LINE_ATTRIBUTE2, itself.line],
        ]),
      );
    });
    const segments = revenueSegments(line, rows, settings.segmentDelimiter);
    if (segments !== undefined)
      distributions.push(
        new Map([
          [DISTRIBUTION_COLUMN.ACCOUNT_CLASS, "REV"],
          [DISTRIBUTION_COLUMN.AMOUNT, signedAmount(document, line.net)],
          [DISTRIBUTION_COLUMN.INTERFACE_LINE_CONTEXT, itself.context],
          [DISTRIBUTION_COLUMN.INTERFACE_LINE_ATTRIBUTE1, itself.document],
          [DISTRIBUTION_COLUMN.INTERFACE_LINE_ATTRIBUTE2, itself.line],
          ...segmentColumns(segments),
          [DISTRIBUTION_COLUMN.BU_NAME, header.businessUnit],
          [DISTRIBUTION_COLUMN.END, END_MARK],
        ]),
      );
  }
  return { lines, distributions };
}

function headerColumns({ kind, issueDate }: PostedInvoice, header: InterfaceHeader): Entries {
  const day = interfaceDay(issueDate);
  return [
    [LINE_COLUMN.BATCH_SOURCE_NAME, header.source],
    [LINE_COLUMN.CUST_TRX_TYPE_NAME, header.type],
    ...(kind === "invoice" && header.terms !== undefined
      ? ([[LINE_COLUMN.TERM_NAME, header.terms]] as const)
      : []),
    [LINE_COLUMN.TRX_DATE, day],
    [LINE_COLUMN.GL_DATE, day],
    [LINE_COLUMN.TRX_NUMBER, header.number],
    [LINE_COLUMN.CURRENCY_CODE, header.currency],
    [LINE_COLUMN.BU_NAME, header.businessUnit],
    [LINE_COLUMN.COMMENTS, singleLineText(header.comments, MAX_INTERFACE_COMMENTS_CHARACTERS)],
    [LINE_COLUMN.INTERNAL_NOTES, header.externalId],
    [LINE_COLUMN.END, END_MARK],
  ];
}

/** AutoInvoice wants to be told how amounts come to the ledger's currency: at 1 where it is theirs, by the type's rate of the day elsewhere. */
function currencyColumns(
  { legalEntity, issueDate }: PostedInvoice,
  rows: MappedRows,
  currency: string,
  { conversionType }: PlanSettings,
): Entries {
  return currency === rows.required("legal_entity", legalEntity, "ledger_currency")
    ? [
        [LINE_COLUMN.CONVERSION_TYPE, "User"],
        [LINE_COLUMN.CONVERSION_RATE, "1"],
      ]
    : [
        [LINE_COLUMN.CONVERSION_TYPE, conversionType],
        [LINE_COLUMN.CONVERSION_DATE, interfaceDay(issueDate)],
      ];
}

function lineColumns(document: PostedInvoice, line: PostedLine, rows: MappedRows): Entries {
  const amount = signedAmount(document, line.net);
  const classification = classificationOf(line, rows);
  return [
    [LINE_COLUMN.LINE_TYPE, "LINE"],
    [LINE_COLUMN.DESCRIPTION, descriptionOf(line)],
    [LINE_COLUMN.AMOUNT, amount],
    [LINE_COLUMN.QUANTITY, "1"],
    [LINE_COLUMN.UNIT_SELLING_PRICE, amount],
    ...(classification === undefined ? [] : ([[LINE_COLUMN.TAX_CODE, classification]] as const)),
    [LINE_COLUMN.MEMO_LINE_NAME, rows.required("item", line.item, "memo_line")],
  ];
}

function keyColumns(key: {
  readonly context: string;
  readonly document: string;
  readonly line: string;
}): Entries {
  return [
    [LINE_COLUMN.INTERFACE_LINE_CONTEXT, key.context],
    [LINE_COLUMN.INTERFACE_LINE_ATTRIBUTE1, key.document],
    [LINE_COLUMN.INTERFACE_LINE_ATTRIBUTE2, key.line],
  ];
}

function interfaceDay(date: string): string {
  return date.replaceAll("-", "/");
}
