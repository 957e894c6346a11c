import { compareDecimals, negatedDecimal, sumOfDecimals } from "../common/decimals.ts";
import type { ComparedDocument, FoundDocument } from "../erp-sink.ts";
import type { SapClient } from "./client.ts";
import { referenceOf } from "./confirmation.ts";
import { customersByNumber } from "./customers.ts";
import { type AccountingDocument, type DocumentItem, readByReference, readOpenOf } from "./item-cube.ts";
import { paymentOf } from "./payment.ts";
import type { JournalEntryPlan } from "./plan.ts";
import { plainKey } from "./plan-invoice.ts";

/** Documents of FI as SAP has them, with lines and payments: at most three questions for all of them. Those that it doesn't have are missing. */
export async function readEntries(
  client: SapClient,
  operation: string,
  plans: readonly JournalEntryPlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (plans.length === 0) return [];
  const documents = await readByReference(
    client,
    operation,
    plans.map(({ externalId, request }) => ({ companyCode: request.companyCode, reference: externalId })),
    signal,
  );
  const planOf = new Map(plans.map((plan) => [plan.externalId, plan]));
  const found = documents.flatMap((document) => {
    const plan = planOf.get(document.reference.toUpperCase());
    return plan === undefined ? [] : [{ plan, document }];
  });
  const invoices = found
    .filter(({ plan, document }) => plan.kind === "invoice" && !document.isReversed)
    .map(({ document }) => document);
  const others = invoices.length === 0 ? [] : await readOpenOf(client, invoices, signal);
  const unnamed = found.flatMap(({ plan, document }) =>
    document.items
      .filter(({ kind, customer }) => kind === "customer" && plainKey(customer) !== plan.expected.customer)
      .map(({ customer }) => customer),
  );
  const externalIds = await customersByNumber(client, unnamed, signal);
  return found.map(({ plan, document }) => foundDocument(plan, document, others, externalIds));
}

function foundDocument(
  plan: JournalEntryPlan,
  document: AccountingDocument,
  others: readonly AccountingDocument[],
  externalIds: ReadonlyMap<string, string>,
): FoundDocument {
  return {
    erp: referenceOf(document),
    externalId: plan.externalId,
    document: plan.kind === "journal" ? comparedJournal(document) : comparedSale(plan, document, externalIds),
    payment: plan.kind === "invoice" ? paymentOf(document, others) : null,
  };
}

function comparedJournal({ companyCode, currency, date, items }: AccountingDocument): ComparedDocument {
  // A tax that was booked, or a customer, is none of the journal's lines: it shows as a difference.
  return {
    customer: null,
    legalEntity: companyCode,
    currency,
    date,
    total: sumOfDecimals(
      items.map(({ amount }) => amount).filter((amount) => compareDecimals(amount, "0") > 0),
    ),
    tax: null,
    lines: items.map(({ account, amount }) => ({ reference: plainKey(account), amount })),
  };
}

/** Debits are positive: what an invoice sells is a credit, what a memo gives back a debit. */
function comparedSale(
  { kind, expected }: JournalEntryPlan,
  { companyCode, currency, date, items }: AccountingDocument,
  externalIds: ReadonlyMap<string, string>,
): ComparedDocument {
  const isInvoice = kind === "invoice";
  const of = (wanted: DocumentItem["kind"]): readonly DocumentItem[] =>
    items.filter((item) => item.kind === wanted);
  const sum = (some: readonly DocumentItem[]): string => sumOfDecimals(some.map(({ amount }) => amount));
  const credit = (amount: string): string => (isInvoice ? negatedDecimal(amount) : amount);
  const customers = of("customer");
  const number = plainKey(customers[0]?.customer ?? "");
  const owed = sum(customers);
  return {
    customer: number === expected.customer ? number : (externalIds.get(number) ?? number),
    legalEntity: companyCode,
    currency,
    date,
    total: isInvoice ? owed : negatedDecimal(owed),
    tax: credit(sum(of("tax"))),
    lines: of("ledger").map(({ account, amount }) => ({
      reference: plainKey(account),
      amount: credit(amount),
    })),
  };
}
