import { z } from "zod";
import { isJsonNumber } from "../../../model/decimal.ts";
import { negatedDecimal, sumOfDecimals } from "../common/decimals.ts";
import type { ComparedDocument, FoundDocument } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import { paymentOf } from "./payment.ts";
import type { TransactionPlan } from "./plan.ts";
import { childSchema, FINANCIALS, parsed, readAll } from "./resources.ts";

/** Invoices and credit memos as Oracle gives them: the same things under other names. Amounts of memos are negative there, positive here. */

interface TransactionResource {
  readonly path: string;
  readonly status: string;
  readonly currency: string;
  readonly lines: string;
  readonly taxLines: string;
  readonly lineAmount: string;
  readonly isNegative: boolean;
}

export const TRANSACTION_RESOURCES: Readonly<Record<"invoice" | "credit-memo", TransactionResource>> = {
  invoice: {
    path: `${FINANCIALS}/receivablesInvoices`,
    status: "InvoiceStatus",
    currency: "InvoiceCurrencyCode",
    lines: "receivablesInvoiceLines",
    taxLines: "receivablesInvoiceLineTaxLines",
    lineAmount: "LineAmount",
    isNegative: false,
  },
  "credit-memo": {
    path: `${FINANCIALS}/receivablesCreditMemos`,
    status: "CreditMemoStatus",
    currency: "CreditMemoCurrency",
    lines: "receivablesCreditMemoLines",
    taxLines: "receivablesCreditMemoLineTaxLines",
    lineAmount: "LineAmountCredit",
    isNegative: true,
  },
};

export function resourceOf({ kind }: TransactionPlan): TransactionResource {
  return TRANSACTION_RESOURCES[kind === "invoice" ? "invoice" : "credit-memo"];
}

export interface TransactionRecord {
  readonly id: string;
  readonly number: string;
  readonly source: string;
  /** Our external id where it was made by a request; imports can't give one. */
  readonly crossReference: string;
  /** Our external id where it was imported. */
  readonly internalNotes: string;
  readonly isComplete: boolean;
  readonly customerNumber: string;
  readonly businessUnit: string;
  readonly currency: string;
  readonly accountingDate: string;
  readonly total: string;
  /** Open amount of an invoice; null of a memo, and of what is not complete. */
  readonly balance: string | null;
  readonly lines: readonly { readonly memoLine: string; readonly amount: string; readonly tax: string }[];
}

const amount = z.string().refine(isJsonNumber, "must be a number");
const text = z.string().nullish();
const headerSchema = z
  .looseObject({
    CustomerTransactionId: z.string().regex(/^\d{1,18}$/),
    TransactionNumber: z.string(),
    TransactionSource: text,
    CrossReference: text,
    InternalNotes: text,
    BillToCustomerNumber: text,
    BusinessUnit: text,
    AccountingDate: text,
    EnteredAmount: amount,
    InvoiceBalanceAmount: amount.nullish(),
  })
  .catchall(z.unknown());
const lineSchema = z.looseObject({ MemoLine: text, CustomerTransactionLineId: text }).catchall(z.unknown());
const taxLineSchema = z.looseObject({ TaxAmount: amount.nullish() });
const textSchema = text;
const amountSchema = amount;

/** Reads a record with its lines and taxes. Throws ErpFault `transient` for what is none. */
export async function readTransaction(
  client: OracleClient,
  resource: TransactionResource,
  body: unknown,
  signal: AbortSignal,
): Promise<TransactionRecord> {
  const header = parsed(headerSchema, body, "transaction");
  const id = header.CustomerTransactionId;
  const positive = (value: string): string =>
    resource.isNegative ? negatedDecimal(value) : sumOfDecimals([value]);
  const linePath = `${resource.path}/${id}/child/${resource.lines}`;
  const lines = await children(client, header[resource.lines], {
    path: linePath,
    expand: resource.taxLines,
    signal,
  });
  const read: { memoLine: string; amount: string; tax: string }[] = [];
  for (const each of lines) {
    const line = parsed(lineSchema, each, "transaction's line");
    const taxPath = `${linePath}/${line.CustomerTransactionLineId ?? ""}/child/${resource.taxLines}`;
    const taxLines = await children(client, line[resource.taxLines], { path: taxPath, signal });
    const taxes = taxLines.map((tax) => parsed(taxLineSchema, tax, "tax line").TaxAmount ?? "0");
    read.push({
      memoLine: line.MemoLine ?? "",
      amount: positive(parsed(amountSchema, line[resource.lineAmount], "line's amount")),
      tax: positive(sumOfDecimals(taxes)),
    });
  }
  const isComplete = /^complete$/i.test(parsed(textSchema, header[resource.status], "status") ?? "");
  return {
    id,
    number: header.TransactionNumber,
    source: header.TransactionSource ?? "",
    crossReference: header.CrossReference ?? "",
    internalNotes: header.InternalNotes ?? "",
    isComplete,
    customerNumber: header.BillToCustomerNumber ?? "",
    businessUnit: header.BusinessUnit ?? "",
    currency: parsed(textSchema, header[resource.currency], "currency") ?? "",
    accountingDate: header.AccountingDate ?? "",
    total: positive(header.EnteredAmount),
    balance: resource.isNegative || !isComplete ? null : (header.InvoiceBalanceAmount ?? null),
    lines: read,
  };
}

/** Whether it is the document of an external id, whichever way it was made. */
export function isReferredToAs(
  { crossReference, internalNotes }: TransactionRecord,
  externalId: string,
): boolean {
  return crossReference === externalId || internalNotes === externalId;
}

/** Children that came with a record, or all of them where they did not all come. */
async function children(
  client: OracleClient,
  value: unknown,
  { path, expand, signal }: { readonly path: string; readonly expand?: string; readonly signal: AbortSignal },
): Promise<readonly unknown[]> {
  const child = parsed(childSchema, value, "list of lines");
  if (child !== undefined && child !== null && !child.hasMore) return child.items;
  return readAll(client, {
    operation: "read-lines",
    path,
    parameters: { ...(expand !== undefined && { expand }), orderBy: "CustomerTransactionLineId:asc" },
    signal,
  });
}

/** What is compared of a record. The customer is compared by account number, and told as the plan names it where that is the same. */
export function comparedTransaction(
  record: TransactionRecord,
  plan: TransactionPlan,
  expectedNumber: string | undefined,
): ComparedDocument {
  const isOurs = isReferredToAs(record, plan.externalId);
  return {
    customer: record.customerNumber === expectedNumber ? plan.expected.customer : record.customerNumber,
    // Another document of the same number must not be taken for ours because its amounts are the same.
    legalEntity: isOurs
      ? record.businessUnit
      : `${record.businessUnit} with the cross-reference ${record.crossReference || "none"}`,
    currency: record.currency,
    date: record.accountingDate,
    total: record.total,
    tax: sumOfDecimals(record.lines.map(({ tax }) => tax)),
    lines: record.lines.map(({ memoLine, amount: lineAmount }) => ({
      reference: memoLine,
      amount: lineAmount,
    })),
  };
}

export function foundTransaction(
  record: TransactionRecord,
  plan: TransactionPlan,
  expectedNumber: string | undefined,
): FoundDocument {
  return {
    erp: { id: record.id, number: record.number },
    externalId: plan.externalId,
    document: comparedTransaction(record, plan, expectedNumber),
    payment:
      plan.kind === "invoice" && record.balance !== null ? paymentOf(record.total, record.balance) : null,
  };
}
