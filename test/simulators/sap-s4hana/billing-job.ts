import { plainText, scaled } from "../exact-numbers.ts";
import type { BillingStores, StoredBillingDocument, StoredRequest } from "./billing-requests.ts";
import { nextNumber } from "./billing-requests.ts";
import type { StoredItem } from "./documents.ts";
import type { Books } from "./journal-rules.ts";

/**
 * The jobs of sales and distribution: one makes billing documents of requests that are due, the other posts those that accounting has refused. Requests
 * with the same header become one document.
 */

const FIRST_NUMBER = 90_000_000n;
const RECEIVABLES = "12100000";
const TAXES = "22000000";

/** Bills what was requested by `untilMs`. */
export function billDue({ requests, documents }: BillingStores, books: Books, untilMs: number): void {
  const due = new Map<string, StoredRequest[]>();
  const { billingReference } = books.system;
  for (const request of requests.all()) {
    const { status, pricingStatus, issue, createdMs } = request;
    if (status !== "A" || pricingStatus !== "C" || issue !== "" || createdMs > untilMs) continue;
    const key = headerOf(request, billingReference);
    due.set(key, [...(due.get(key) ?? []), request]);
  }
  for (const combined of due.values()) {
    const [first] = combined;
    if (first === undefined) continue;
    const items = combined.flatMap((request) =>
      request.items.map((item) => ({ ...item, request: request.number, requestItem: item.number })),
    );
    const { salesOrganization, channel, division, companyCode, soldTo, billingDate } = first;
    const { currency, paymentTerms, billingType } = first;
    const customerReference = billingReference === "" ? first.customerReference : billingReference;
    documents.save(
      accounted(
        {
          number: nextNumber(FIRST_NUMBER, documents.size),
          salesOrganization,
          channel,
          division,
          companyCode,
          soldTo,
          billingDate,
          currency,
          paymentTerms,
          customerReference,
          createdOn: books.today(),
          type: billingType,
          transferStatus: "",
          fiscalYear: billingDate.slice(0, 4),
          accountingDocument: "",
          isCancelled: false,
          cancels: "",
          items: items.map((item, index) => ({ ...item, number: String((index + 1) * 10).padStart(6, "0") })),
        },
        books,
      ),
    );
    for (const request of combined) requests.save({ ...request, status: "C" });
  }
}

/** Documents that were refused are tried again. */
export function releaseToAccounting({ documents }: BillingStores, books: Books): void {
  for (const document of documents.all())
    if (document.accountingDocument === "" && document.transferStatus === "" && !document.isCancelled) {
      const released = accounted(document, books);
      if (released.transferStatus !== "") documents.save(released);
    }
}

/** The document with its journal entry, or with what keeps it from one. */
function accounted(document: StoredBillingDocument, books: Books): StoredBillingDocument {
  const { system } = books;
  const month = document.billingDate.slice(0, 7);
  const accounts = document.items.map(
    ({ material }) => system.materials.find(({ id }) => id === material)?.account ?? "",
  );
  if (accounts.includes("")) return { ...document, transferStatus: "B" };
  const isBlocked = system.accounts.some(({ id, isBlocked: blocked }) => blocked && accounts.includes(id));
  if (system.closedMonths.has(month) || isBlocked) return document;
  const sign = document.type === "F2" ? 1n : -1n;
  const sum = (of: "net" | "tax"): bigint =>
    document.items.reduce((total, item) => total + scaled(item[of]), 0n);
  const item = (kind: StoredItem["kind"], account: string, amount: bigint): StoredItem => ({
    number: "",
    kind,
    account,
    customer: kind === "customer" ? document.soldTo : "",
    amount: plainText(sign * amount),
    taxCode: "",
    text: "",
    assignment: {},
    assignmentReference: document.number,
    dueBaseDate: kind === "customer" ? document.billingDate : "",
    netPaymentDays: kind === "customer" ? "30" : "",
    invoice: "",
    invoiceYear: "",
    clearedBy: "",
  });
  const tax = sum("tax");
  const items = [
    item("customer", RECEIVABLES, sum("net") + tax),
    ...document.items.map(({ net }, index) => item("ledger", accounts[index] ?? "", -scaled(net))),
    ...(tax === 0n ? [] : [item("tax", TAXES, -tax)]),
  ];
  const entry = books.documents.post({
    companyCode: document.companyCode,
    fiscalYear: document.fiscalYear,
    type: "RV",
    // Copying control gives the entry the customer's reference.
    reference: document.customerReference.slice(0, 16),
    headerText: "",
    createdBy: "BILLING_JOB",
    currency: document.currency,
    documentDate: document.billingDate,
    postingDate: document.billingDate,
    createdOn: books.today(),
    isReversal: false,
    isReversed: false,
    items: items.map((each, index) => ({ ...each, number: String(index + 1).padStart(3, "0") })),
  });
  return { ...document, transferStatus: "C", accountingDocument: entry.number };
}

/** What requests must have in common to become one document. */
function headerOf(request: StoredRequest, billingReference: string): string {
  const { salesOrganization, channel, division, soldTo, billingDate, currency } = request;
  const { paymentTerms, billingType } = request;
  const customerReference = billingReference === "" ? request.customerReference : billingReference;
  return JSON.stringify([
    salesOrganization,
    channel,
    division,
    soldTo,
    billingDate,
    currency,
    paymentTerms,
    customerReference,
    billingType,
  ]);
}
