import type { TimedRequest } from "../common/request-log.ts";
import { plainText, scaled } from "../exact-numbers.ts";
import { type Books, type Row, textOf } from "./books.ts";
import type { TableName } from "./entity-definitions.ts";

/** Records as tests look at them: figures are decimal texts. */

export interface LedgerInvoice {
  readonly externalId: string;
  /** Customer requisition: the sender's own number. */
  readonly requisition: string;
  readonly company: string;
  readonly customer: string;
  readonly currency: string;
  readonly isPosted: boolean;
  /** Of a draft what its lines come to. */
  readonly total: string;
  readonly tax: string;
  readonly openAmount: string;
  readonly lines: readonly { readonly account: string; readonly amount: string }[];
  readonly fields: Readonly<Record<string, string>>;
}

export interface LedgerJournal {
  readonly batchNumber: string;
  readonly description: string;
  readonly company: string;
  readonly isPosted: boolean;
  readonly debits: string;
  readonly credits: string;
  readonly lines: readonly Readonly<Record<string, string>>[];
}

export interface LoggedRequest extends TimedRequest {
  /** What was said; null of what was done. */
  readonly message: string | null;
}

export interface Ledger {
  readonly customers: readonly Readonly<Record<string, string>>[];
  readonly invoices: readonly LedgerInvoice[];
  readonly journals: readonly LedgerJournal[];
  readonly requests: readonly LoggedRequest[];
  /** Why tokens or requests were refused. */
  readonly loginAudit: readonly string[];
  /** Why the batch jobs left documents as they are. */
  readonly postingLog: readonly string[];
  /** The most requests that were worked on at once. */
  readonly highestConcurrency: number;
}

export function ledgerRecords(books: Books): Pick<Ledger, "customers" | "invoices" | "journals"> {
  return {
    customers: rowsOf(books, "customers").map(texts),
    invoices: rowsOf(books, "invoices").map((row) => ledgerInvoice(books, row)),
    journals: rowsOf(books, "journals").map((row) => ledgerJournal(books, row)),
  };
}

function ledgerInvoice(books: Books, header: Row): LedgerInvoice {
  const externalId = textOf(header["ExternalInvoiceId"]);
  const company = textOf(header["dataAreaId"]);
  const lines = rowsOf(books, "invoiceLines").filter(
    (line) => textOf(line["ExternalInvoiceId"]) === externalId && textOf(line["dataAreaId"]) === company,
  );
  const reference = { dataAreaId: company, CustomersOrderReference: textOf(header["CustomerReference"]) };
  const isPosted = textOf(header["IsPosted"]) === "Yes";
  const invoice = isPosted ? books.find("postedInvoices", reference)?.[1] : undefined;
  const transaction =
    invoice === undefined
      ? undefined
      : books.find("customerTransactions", {
          dataAreaId: company,
          Voucher: textOf(invoice["LedgerVoucher"]),
        })?.[1];
  const net = sum(lines.map((line) => textOf(line["TransactionCurrencyAmount"])));
  return {
    externalId,
    company,
    requisition: textOf(header["CustomerRequisition"]),
    customer: textOf(header["CustomerAccount"]),
    currency: textOf(header["CurrencyCode"]),
    isPosted,
    total: invoice === undefined ? net : textOf(invoice["TotalInvoiceAmount"]),
    tax: invoice === undefined ? "0" : textOf(invoice["TotalTaxAmount"]),
    openAmount:
      transaction === undefined
        ? "0"
        : plainText(
            scaled(textOf(transaction["AmountCur"])) - scaled(textOf(transaction["SettleAmountCur"])),
          ),
    lines: lines.map((line) => ({
      account: textOf(line["MainAccountDisplayValue"]),
      amount: textOf(line["TransactionCurrencyAmount"]),
    })),
    fields: texts(header),
  };
}

function ledgerJournal(books: Books, header: Row): LedgerJournal {
  const batchNumber = textOf(header["JournalBatchNumber"]);
  const company = textOf(header["dataAreaId"]);
  const lines = rowsOf(books, "journalLines").filter(
    (line) => textOf(line["JournalBatchNumber"]) === batchNumber && textOf(line["dataAreaId"]) === company,
  );
  return {
    batchNumber,
    company,
    description: textOf(header["Description"]),
    isPosted: textOf(header["IsPosted"]) === "Yes",
    debits: sum(lines.map((line) => textOf(line["DebitAmount"]))),
    credits: sum(lines.map((line) => textOf(line["CreditAmount"]))),
    lines: lines.map(texts),
  };
}

function rowsOf(books: Books, table: TableName): readonly Row[] {
  return books.rows(table).map(([, row]) => row);
}

function texts(row: Row): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textOf(value)]));
}

function sum(amounts: readonly string[]): string {
  return plainText(amounts.reduce((total, amount) => total + scaled(amount === "" ? "0" : amount), 0n));
}
