import { customerKey, type PostedInvoice, type PostingCommand } from "../../../model/posting.ts";
import { isZeroDecimal, negatedDecimal, sumOfDecimals } from "../common/decimals.ts";
import { checkInvoiceTotals } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { daysBetween } from "./days.ts";
import { externalIdOf } from "./external-id.ts";
import { MAX_HEADER_TEXT_CHARACTERS, MAX_NET_PAYMENT_DAYS } from "./limits.ts";
import { assignmentOf, optionalField, postingDateOf, requiredField } from "./mapped-fields.ts";
import type { DebtorItem, LedgerItem, PlanContext, SapPlan } from "./plan.ts";
import { checkedAmount, checkItemCount, itemText } from "./plan-items.ts";
import { taxCodeOf, taxItems } from "./plan-taxes.ts";

/**
 * An invoice or a credit memo as a document of FI: the customer owes the total, each line is income on the account of its product, each tax code has its
 * tax. Of a memo all signs are turned. Every amount is the document's own; nothing is left for SAP to work out.
 */
export function planInvoice(
  command: PostingCommand,
  document: PostedInvoice,
  { prefix, settings }: PlanContext,
): SapPlan {
  checkInvoiceTotals(document);
  const { number, issueDate, corrects } = document;
  const rows = new MappedRows(command.references);
  const isMemo = document.kind === "credit-memo";
  const companyCode = requiredField(rows, ["legal_entity", document.legalEntity, "id"], "companyCode");
  const currency = requiredField(rows, ["currency", document.currency, "id"], "currency");
  const known = optionalField(rows, ["customer", document.customer, "id"], "customer");
  const customer = known ?? externalIdOf(prefix, customerKey(document.legalEntity, document.customer));
  // Debits are positive: what an invoice sells is a credit.
  const debit = (amount: string): string => (isMemo ? negatedDecimal(amount) : sumOfDecimals([amount]));
  const credit = (amount: string): string => (isMemo ? sumOfDecimals([amount]) : negatedDecimal(amount));
  const items = bookedLines(document).map((line): LedgerItem => ({
    account: requiredField(rows, ["item", line.item, "account"], "account"),
    amount: credit(checkedAmount(line.net, number)),
    text: itemText(line),
    taxCode: taxCodeOf(line, rows),
    assignment: assignmentOf(rows, "item", line.item, line.dimensions),
  }));
  const taxes = taxItems(document, rows, credit);
  for (const { amount, baseAmount } of taxes) {
    checkedAmount(amount, number);
    checkedAmount(baseAmount, number);
  }
  checkItemCount(1 + items.length + taxes.length, number);
  const expectedLines = items.map(({ account, amount }) => ({
    reference: plainKey(account),
    amount: isMemo ? amount : negatedDecimal(amount),
  }));
  return {
    command,
    kind: command.kind,
    externalId: externalIdOf(prefix, command.key),
    expected: {
      customer: known === null ? customer : plainKey(known),
      legalEntity: companyCode,
      currency,
      date: issueDate,
      total: document.total,
      tax: document.tax,
      lines: expectedLines,
    },
    request: {
      kind: "journal-entry",
      documentType: isMemo ? settings.documentTypes.creditMemo : settings.documentTypes.invoice,
      createdBy: settings.createdBy,
      companyCode,
      currency,
      headerText: singleLineText(number, MAX_HEADER_TEXT_CHARACTERS),
      documentDate: issueDate,
      postingDate: postingDateOf(rows, issueDate),
      debtor: {
        customer: known === null ? { externalId: customer } : { id: known },
        amount: debit(checkedAmount(document.total, number)),
        ...dueOf(document),
      },
      items,
      taxes,
      appliesTo:
        // A memo takes from its invoice; an invoice that takes a memo back is a claim of its own.
        corrects === null || !isMemo || !settings.appliesCreditMemos
          ? null
          : {
              externalId: externalIdOf(prefix, corrects.key),
              mustExist: command.after.includes(corrects.key),
            },
    },
  };
}

/** A line of 0 changes no total and is no posting: it is left out, unless there is nothing else. */
export function bookedLines({ lines }: PostedInvoice): PostedInvoice["lines"] {
  const others = lines.filter(({ net }) => !isZeroDecimal(net));
  return others.length === 0 ? lines : others;
}

/** The due date as days behind a day: three digits, and never negative. */
function dueOf({ issueDate, dueDate }: PostedInvoice): Pick<DebtorItem, "dueBaseDate" | "netPaymentDays"> {
  const days = daysBetween(issueDate, dueDate);
  return days >= 0 && days <= MAX_NET_PAYMENT_DAYS
    ? { dueBaseDate: issueDate, netPaymentDays: days }
    : { dueBaseDate: dueDate, netPaymentDays: 0 };
}

/** A key of SAP's as it is compared: SAP shows one of digits with zeros before it, or without. */
export function plainKey(key: string): string {
  return /^\d+$/.test(key) ? key.replace(/^0+(?=\d)/, "") : key;
}
