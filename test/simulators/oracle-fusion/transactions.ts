import { z } from "zod";
import { plainText, scaled } from "../exact-numbers.ts";
import { checkedBody } from "./body-check.ts";
import { notFound, refused } from "./errors.ts";
import type { Item } from "./lists.ts";
import { givenInvoice, givenMemo, TRANSACTION_BODIES } from "./transaction-bodies.ts";
import type { Transaction } from "./store.ts";
import { type Books, checkCompletion, newTransaction } from "./transaction-rules.ts";

/** The resources receivablesInvoices and receivablesCreditMemos. */

const number = (text: string): { readonly $number: string } => ({ $number: text });
export const timeOf = (ms: number): string => new Date(ms).toISOString().replace("Z", "+00:00");

export function createTransaction(body: unknown, isMemo: boolean, books: Books): Transaction {
  const given = isMemo
    ? givenMemo(checkedBody(TRANSACTION_BODIES.memo, body))
    : givenInvoice(checkedBody(TRANSACTION_BODIES.invoice, body));
  const transaction = newTransaction(given, isMemo, books);
  books.store.put(transaction);
  return transaction;
}

const status = z.enum(["Complete", "Incomplete"]).optional();

/** Only these can be changed; all others are for reading once they are made. */
export function changeTransaction(transaction: Transaction, body: unknown, books: Books): void {
  const changes = z.record(z.string(), z.unknown()).parse(body);
  const changeable = transaction.isMemo
    ? ["CreditMemoStatus", "TransactionType", "AllowCompletion"]
    : ["InvoiceStatus", "PaymentTerms", "TransactionDate"];
  for (const name of Object.keys(changes))
    if (!changeable.includes(name))
      throw refused(`Attribute ${name} cannot be set.`, "JBO-27008", `/${name}`);
  const wanted = status.parse(changes[transaction.isMemo ? "CreditMemoStatus" : "InvoiceStatus"]);
  if (wanted === "Complete" && !transaction.isComplete) {
    checkCompletion(transaction, books);
    transaction.isComplete = true;
  }
  if (wanted === "Incomplete") {
    if (transaction.balance !== transaction.total)
      throw refused("You can't incomplete a transaction that has activities.", "AR_TRX_HAS_ACTIVITY");
    transaction.isComplete = false;
  }
  transaction.changedMs = books.nowMs();
  books.store.put(transaction);
}

export function deleteTransaction(transaction: Transaction, { store }: Books): void {
  if (transaction.isMemo) throw refused("The method DELETE isn't supported.", "JBO-DELETE");
  if (transaction.isComplete)
    throw refused("You can't delete a transaction that is complete.", "AR_TRX_DELETE_COMPLETE");
  store.remove(transaction.id);
}

export function transactionOf(id: string, isMemo: boolean, { store }: Books): Transaction {
  const found = store.all("transaction").find((each) => each.id === id && each.isMemo === isMemo);
  if (found === undefined) throw notFound();
  return found;
}

export const TRANSACTION_ATTRIBUTES = [
  "CustomerTransactionId",
  "TransactionNumber",
  "TransactionSource",
  "TransactionType",
  "CrossReference",
  "InternalNotes",
  "BusinessUnit",
  "BillToCustomerNumber",
  "BillToSite",
  "TransactionDate",
  "AccountingDate",
  "EnteredAmount",
  "LastUpdateDate",
  "CreationDate",
  "InvoiceStatus",
  "CreditMemoStatus",
  "InvoiceCurrencyCode",
  "CreditMemoCurrency",
  "InvoiceBalanceAmount",
] as const;

export function transactionItem(transaction: Transaction): Item {
  const { isMemo, lines } = transaction;
  const state = transaction.isComplete ? "Complete" : "Incomplete";
  return {
    attributes: {
      CustomerTransactionId: number(transaction.id),
      TransactionNumber: transaction.number,
      TransactionSource: transaction.source,
      TransactionType: transaction.type,
      CrossReference: transaction.crossReference,
      InternalNotes: transaction.internalNotes,
      BusinessUnit: transaction.businessUnit,
      BillToCustomerNumber: transaction.customerNumber,
      BillToSite: transaction.site,
      TransactionDate: transaction.transactionDate,
      AccountingDate: transaction.accountingDate,
      EnteredAmount: number(short(transaction.total)),
      LastUpdateDate: timeOf(transaction.changedMs),
      CreationDate: timeOf(transaction.createdMs),
      ...(isMemo
        ? {
            CreditMemoStatus: state,
            CreditMemoCurrency: transaction.currency,
            CreditMemoComments: transaction.comments,
          }
        : {
            InvoiceStatus: state,
            InvoiceCurrencyCode: transaction.currency,
            Comments: transaction.comments,
            PaymentTerms: transaction.terms,
            DueDate: transaction.dueDate,
            InvoiceBalanceAmount: transaction.isComplete ? number(short(transaction.balance)) : null,
          }),
    },
    children: {
      [isMemo ? "receivablesCreditMemoLines" : "receivablesInvoiceLines"]: lines.map((line): Item => ({
        attributes: {
          CustomerTransactionLineId: number(line.id),
          LineNumber: number(line.number),
          MemoLine: line.memoLine,
          [isMemo ? "LineDescription" : "Description"]: line.description,
          [isMemo ? "LineQuantityCredit" : "Quantity"]: number(line.quantity),
          UnitSellingPrice: number(short(line.price)),
          [isMemo ? "LineAmountCredit" : "LineAmount"]: number(short(line.amount)),
          TaxClassificationCode: line.classification,
        },
        children: {
          [isMemo ? "receivablesCreditMemoLineTaxLines" : "receivablesInvoiceLineTaxLines"]: line.taxes.map(
            (tax): Item => ({
              attributes: {
                CustomerTransactionLineId: number(tax.id),
                TaxRegimeCode: tax.regime,
                TaxRateCode: tax.rateCode,
                TaxAmount: number(short(tax.amount)),
              },
              children: {},
            }),
          ),
        },
      })),
    },
  };
}

/** Numbers have no zeros at their ends: 120.5. */
function short(text: string): string {
  return plainText(scaled(text));
}
