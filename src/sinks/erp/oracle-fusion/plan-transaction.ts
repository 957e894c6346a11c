import { customerKey, type PostedInvoice, type PostingCommand } from "../../../model/posting.ts";
import { checkInvoiceTotals } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import { derivedNumberOf, externalIdOf } from "./external-id.ts";
import { MAX_COMMENTS_CHARACTERS, MAX_TRANSACTION_NUMBER_CHARACTERS } from "./limits.ts";
import { comparedLines } from "./line-values.ts";
import type { BillTo, JsonObject, PlanContext, PlanSettings, TransactionPlan } from "./plan.ts";
import { type InterfaceHeader, interfaceRows } from "./plan-interface-rows.ts";
import { transactionLines } from "./plan-lines.ts";

/** An invoice, or a credit memo on the customer's account: a request of its own, or lines of an import. */
export function planTransaction(
  command: PostingCommand,
  document: PostedInvoice,
  { prefix, settings }: PlanContext,
): TransactionPlan {
  checkInvoiceTotals(document);
  const rows = new MappedRows(command.references);
  const { legalEntity, issueDate, corrects } = document;
  const isInvoice = document.kind === "invoice";
  const externalId = externalIdOf(prefix, command.key);
  const number = transactionNumber(document.number, command.key, prefix, settings);
  const businessUnit = rows.required("legal_entity", legalEntity, "business_unit");
  const source =
    rows.optional("legal_entity", legalEntity, "transaction_source") ?? settings.transactionSource;
  const currency = rows.required("currency", document.currency, "code");
  const billTo = billToOf(document, rows, prefix);
  const type = isInvoice
    ? (rows.optional("legal_entity", legalEntity, "invoice_type") ?? settings.invoiceType)
    : (rows.optional("legal_entity", legalEntity, "credit_memo_type") ?? settings.creditMemoType);
  const header = { businessUnit, source, type, number, currency, externalId };
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer: "accountNumber" in billTo ? billTo.accountNumber : billTo.externalId,
      legalEntity: businessUnit,
      currency,
      date: issueDate,
      total: document.total,
      tax: document.tax,
      lines: comparedLines(document, rows),
    },
    request: {
      kind: "transaction",
      businessUnit,
      ledgerId: rows.optional("legal_entity", legalEntity, "ledger_id"),
      number,
      source,
      billTo,
      sent: settings.importsInvoices
        ? {
            by: "import",
            key: derivedNumberOf(prefix, command.key),
            rows: interfaceRows(
              document,
              rows,
              {
                ...header,
                terms: termsOf(document, rows),
                comments: commentsOf(document),
                key: derivedNumberOf(prefix, command.key),
              },
              settings,
            ),
          }
        : { by: "request", body: bodyOf(document, rows, header, settings) },
      applyTo:
        // A memo is applied to its invoice; an invoice that takes a memo back is a claim of its own.
        isInvoice || corrects === null || !settings.appliesCreditMemos
          ? null
          : {
              number: transactionNumber(corrects.number, corrects.key, prefix, settings),
              externalId: externalIdOf(prefix, corrects.key),
              source,
              isImported: settings.importsInvoices,
              mustExist: command.after.includes(corrects.key),
            },
    },
  };
}

/** What `receivablesInvoices` or `receivablesCreditMemos` is sent. It is made incomplete: it counts only when it has been compared and completed. */
function bodyOf(
  document: PostedInvoice,
  rows: MappedRows,
  header: Omit<InterfaceHeader, "terms" | "comments" | "key">,
  settings: PlanSettings,
): JsonObject {
  const { issueDate } = document;
  const { lines, distributions } = transactionLines(document, rows, settings);
  const common = {
    BusinessUnit: header.businessUnit,
    TransactionSource: header.source,
    TransactionNumber: header.number,
    CrossReference: header.externalId,
    TransactionDate: issueDate,
    AccountingDate: issueDate,
    TransactionType: header.type,
  };
  return document.kind === "invoice"
    ? {
        ...common,
        InvoiceCurrencyCode: header.currency,
        PaymentTerms: termsOf(document, rows),
        DueDate: document.dueDate,
        Comments: commentsOf(document),
        InvoiceStatus: "Incomplete",
        receivablesInvoiceLines: lines,
        receivablesInvoiceDistributions: distributions,
      }
    : {
        ...common,
        CreditMemoCurrency: header.currency,
        CreditMemoComments: commentsOf(document),
        CreditMemoStatus: "Incomplete",
        receivablesCreditMemoLines: lines,
        receivablesCreditMemoDistributions: distributions,
      };
}

function transactionNumber(
  number: string,
  key: string,
  prefix: string,
  { ownNumbers }: PlanSettings,
): string {
  if (!ownNumbers) return derivedNumberOf(prefix, key);
  if (number.length > MAX_TRANSACTION_NUMBER_CHARACTERS || /['"%\p{Cc}]/u.test(number))
    throw new ErpFault(
      "validation",
      `Oracle's transaction numbers have at most ${MAX_TRANSACTION_NUMBER_CHARACTERS} characters, without quotes: ${number}`,
    );
  return number;
}

function billToOf({ customer, legalEntity }: PostedInvoice, rows: MappedRows, prefix: string): BillTo {
  const accountNumber = rows.optional("customer", customer, "account_number");
  return accountNumber === undefined
    ? { externalId: externalIdOf(prefix, customerKey(legalEntity, customer)) }
    : { accountNumber, site: rows.optional("customer", customer, "site") };
}

const DAY_MS = 86_400_000;

/** Terms by the days between issue and due date; without a row the customer's own apply. */
function termsOf({ issueDate, dueDate }: PostedInvoice, rows: MappedRows): string | undefined {
  const days = (Date.parse(dueDate) - Date.parse(issueDate)) / DAY_MS;
  return rows.optional("terms", String(days), "name");
}

/** Our number comes first: the transaction's may be another one. */
function commentsOf({ number, memo, corrects }: PostedInvoice): string {
  const facts = [number, ...(corrects === null ? [] : [`corrects ${corrects.number}`])].join(", ");
  return singleLineText(memo === "" ? facts : `${facts}: ${memo}`, MAX_COMMENTS_CHARACTERS);
}
