import { z } from "zod";
import { isJsonNumber } from "../../../model/decimal.ts";
import type { ErpReference, PostingKind } from "../../../model/posting.ts";
import { paymentOf } from "../common/payment.ts";
import type { ComparedDocument, ComparedLine, FoundDocument } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import {
  enumText,
  isOneOf,
  nextPath,
  type Page,
  pageOf,
  type Question,
  questionPath,
  readAll,
  readPage,
} from "./odata.ts";
import { lineReference } from "./plan-lines.ts";

/** Invoices and credit memos as the API gives them, drafts and posted ones in one list. Numbers come as their texts. */

interface SaleSet {
  readonly set: "salesInvoices" | "salesCreditMemos";
  readonly lines: "salesInvoiceLines" | "salesCreditMemoLines";
}

export function saleSetOf(kind: PostingKind): SaleSet {
  return kind === "invoice"
    ? { set: "salesInvoices", lines: "salesInvoiceLines" }
    : { set: "salesCreditMemos", lines: "salesCreditMemoLines" };
}

const amount = z.string().refine(isJsonNumber, "must be a number");
const lineSchema = z.looseObject({
  lineType: z.string().transform(enumText),
  lineObjectNumber: z.string(),
  netAmount: amount,
});
const saleSchema = z.looseObject({
  "@odata.etag": z.string().optional(),
  id: z.string(),
  number: z.string().nullish(),
  externalDocumentNumber: z.string(),
  postingDate: z.string(),
  customerNumber: z.string(),
  currencyCode: z.string().nullish(),
  totalTaxAmount: amount,
  totalAmountIncludingTax: amount,
  remainingAmount: amount.nullish(),
  status: z.string().transform(enumText),
  invoiceNumber: z.string().nullish(),
  salesInvoiceLines: z.array(lineSchema).optional(),
  salesCreditMemoLines: z.array(lineSchema).optional(),
  "salesInvoiceLines@odata.nextLink": z.string().optional(),
  "salesCreditMemoLines@odata.nextLink": z.string().optional(),
});
type SaleRow = z.output<typeof saleSchema>;
type LineRow = z.output<typeof lineSchema>;

/** A document that is not in the books yet. */
const DRAFT_STATUSES: ReadonlySet<string> = new Set(["Draft", "In Review", " ", ""]);

export interface ReadSale {
  readonly found: FoundDocument;
  readonly etag: string;
  readonly isDraft: boolean;
  /** The posted invoice that a memo applies to; "" for none. */
  readonly appliesTo: string;
}

export interface SalesQuestion {
  readonly operation: string;
  readonly company: string;
  readonly kind: PostingKind;
  readonly externalIds: readonly string[];
  readonly signal: AbortSignal;
}

/** All documents with some external ids, drafts too: there may be several with one. */
export async function readSales(
  client: BusinessCentralClient,
  question: SalesQuestion,
): Promise<readonly ReadSale[]> {
  const rows = await readAll(client, salesQuestion(question), saleSchema);
  return readRows(client, rows, question);
}

/** What a batch answers to `salesPath`. */
export async function salesOfPage(
  client: BusinessCentralClient,
  body: unknown,
  question: SalesQuestion,
): Promise<readonly ReadSale[]> {
  return readRows(client, pageOf(client, body, saleSchema).rows, question);
}

export function salesPath(question: SalesQuestion): string {
  return questionPath(salesQuestion(question));
}

function salesQuestion({ operation, company, kind, externalIds, signal }: SalesQuestion): Question {
  const { set, lines } = saleSetOf(kind);
  return {
    operation,
    path: `companies(${company})/${set}`,
    filter: isOneOf("externalDocumentNumber", externalIds),
    expand: lines,
    signal,
  };
}

async function readRows(
  client: BusinessCentralClient,
  rows: readonly SaleRow[],
  question: SalesQuestion,
): Promise<readonly ReadSale[]> {
  const sales: ReadSale[] = [];
  for (const row of rows) sales.push(readSale(row, await linesOf(client, row, question), question));
  return sales;
}

/** A long document's lines have pages of their own. */
async function linesOf(
  client: BusinessCentralClient,
  row: SaleRow,
  { operation, signal, kind }: SalesQuestion,
): Promise<readonly LineRow[]> {
  const { lines } = saleSetOf(kind);
  const all = [...(row[lines] ?? [])];
  let next = nextPath(client, row[`${lines}@odata.nextLink`]);
  while (next !== undefined) {
    const path: string = next;
    const page: Page<LineRow> = await readPage(client, { operation, path, signal }, lineSchema);
    all.push(...page.rows);
    ({ next } = page);
  }
  return all;
}

function readSale(row: SaleRow, lines: readonly LineRow[], { company, kind }: SalesQuestion): ReadSale {
  const isDraft = DRAFT_STATUSES.has(row.status);
  return {
    found: {
      erp: referenceOf(row),
      externalId: row.externalDocumentNumber,
      document: comparedSale(row, lines, company),
      payment:
        kind === "invoice" && !isDraft
          ? paymentOf({
              total: row.totalAmountIncludingTax,
              openAmount: row.remainingAmount ?? row.totalAmountIncludingTax,
              isVoid: row.status === "Canceled",
            })
          : null,
    },
    etag: row["@odata.etag"] ?? "*",
    isDraft,
    appliesTo: row.invoiceNumber ?? "",
  };
}

function referenceOf({ id, number }: SaleRow): ErpReference {
  return { id, number: number === undefined || number === "" ? null : number };
}

function comparedSale(row: SaleRow, lines: readonly LineRow[], company: string): ComparedDocument {
  return {
    customer: row.customerNumber,
    legalEntity: company,
    currency: row.currencyCode ?? null,
    date: row.postingDate,
    total: row.totalAmountIncludingTax,
    tax: row.totalTaxAmount,
    lines: lines
      .filter(({ lineType }) => lineType !== "Comment")
      .map(({ lineType, lineObjectNumber, netAmount }): ComparedLine => ({
        reference: lineReference(lineType, lineObjectNumber),
        amount: netAmount,
      })),
  };
}
