import { plainText, roundedText, scaled, UNIT } from "../exact-numbers.ts";
import type { Documents, StoredDocument, StoredItem } from "./documents.ts";
import type { Partners } from "./partners.ts";
import type { System } from "./system.ts";
import type { XmlElement } from "./xml-reader.ts";

/** What accounting checks of a document before it posts it, in the words of SAP's messages. Those with invented numbers are told in README.md. */

export interface LogItem {
  readonly typeId: string;
  readonly severity: number;
  readonly note: string;
}

export interface Books {
  readonly system: System;
  readonly documents: Documents;
  readonly partners: Partners;
  /** YYYY-MM-DD. */
  readonly today: () => string;
}

const error = (typeId: string, note: string): LogItem => ({ typeId, severity: 3, note });
const MAX_ITEMS = 999;

export const childrenOf = (node: XmlElement, name: string): readonly XmlElement[] =>
  node.children.filter((child) => child.name === name);
export const textOf = (node: XmlElement | undefined, ...path: readonly string[]): string => {
  let found = node;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found?.text ?? "";
};

type Draft = Omit<StoredDocument, "number">;

/** The document that an entry asks for, or what is wrong with it. */
export function draftOf(entry: XmlElement, books: Books): { readonly draft: Draft } | readonly LogItem[] {
  const { system } = books;
  const companyCode = textOf(entry, "CompanyCode");
  const type = textOf(entry, "AccountingDocumentType");
  const postingDate = textOf(entry, "PostingDate");
  const items = itemsOf(entry);
  const faults: LogItem[] = [];
  if (!system.companyCodes.some(({ id }) => id === companyCode))
    faults.push(error("165(F5)", `Company code ${companyCode} does not exist`));
  if (!system.documentTypes.includes(type))
    faults.push(error("814(F5)", `Document type ${type} is not defined`));
  if (textOf(entry, "OriginalReferenceDocumentType") !== "BKPFF")
    faults.push(error("002(FINS_FI_POSTING_IF)", "Reference document type must be BKPFF"));
  for (const day of ["DocumentDate", "PostingDate"]) {
    const text = textOf(entry, day);
    if (!isDay(text)) faults.push(error("003(FINS_FI_POSTING_IF)", `${day} ${text} is no date`));
  }
  const headerText = textOf(entry, "DocumentHeaderText");
  if (system.refusedTexts.has(headerText))
    faults.push(error("001(ZFI)", `Validation of the company code: ${headerText} needs somebody's consent`));
  const month = postingDate.slice(0, 7);
  if (system.closedMonths.has(month))
    faults.push(error("201(F5)", `Posting period 0${month.slice(5)} ${month.slice(0, 4)} is not open`));
  if (items.length < 2 || items.length > MAX_ITEMS)
    faults.push(error("002(RW)", `A document has 2 to ${MAX_ITEMS} items, not ${items.length}`));
  faults.push(...currencyFaults(entry, system), ...balanceFaults(items));
  for (const item of items) faults.push(...itemFaults(item, companyCode, books));
  faults.push(...taxFaults(entry, items, system));
  const invoice = invoiceOf(entry, companyCode, items, books);
  if ("note" in invoice) faults.push(invoice);
  if (faults.length > 0) return faults;
  const named = "note" in invoice ? { number: "", fiscalYear: "" } : invoice;
  return {
    draft: {
      companyCode,
      fiscalYear: postingDate.slice(0, 4),
      type,
      reference: textOf(entry, "DocumentReferenceID").toUpperCase(),
      headerText,
      createdBy: textOf(entry, "CreatedByUser"),
      currency: currenciesOf(entry)[0] ?? "",
      documentDate: textOf(entry, "DocumentDate"),
      postingDate,
      createdOn: books.today(),
      isReversal: false,
      isReversed: false,
      // A tax of 0 leaves no item.
      items: items
        .filter(({ kind, amount }) => kind !== "tax" || scaled(amount) !== 0n)
        .sort((a, b) => Number(a.number) - Number(b.number))
        .map((item, index) => ({
          ...item,
          number: String(index + 1).padStart(3, "0"),
          ...(item.kind === "customer" && { invoice: named.number, invoiceYear: named.fiscalYear }),
        })),
    },
  };
}

function itemsOf(entry: XmlElement): readonly StoredItem[] {
  const of = (name: string, kind: StoredItem["kind"], last: number): StoredItem[] =>
    childrenOf(entry, name).map((node, index) => ({
      number: textOf(node, "ReferenceDocumentItem") || String(last + index),
      kind,
      account: kind === "ledger" ? textOf(node, "GLAccount") : kind === "tax" ? "22000000" : "12100000",
      customer: textOf(node, "Debtor"),
      amount: textOf(node, "AmountInTransactionCurrency"),
      taxCode: kind === "tax" ? textOf(node, "TaxCode") : textOf(node, "Tax", "TaxCode"),
      text: textOf(node, "DocumentItemText"),
      assignment: Object.fromEntries(
        childrenOf(node, "AccountAssignment").flatMap(({ children }) =>
          children.map(({ name: field, text }) => [field, text] as const),
        ),
      ),
      assignmentReference: textOf(node, "AssignmentReference"),
      dueBaseDate: textOf(node, "CashDiscountTerms", "DueCalculationBaseDate"),
      netPaymentDays: textOf(node, "CashDiscountTerms", "NetPaymentDays"),
      invoice: "",
      invoiceYear: "",
      clearedBy: "",
    }));
  return [
    ...of("Item", "ledger", 1),
    ...of("DebtorItem", "customer", 1),
    ...of("ProductTaxItem", "tax", 5000),
  ];
}

function amountNodes(entry: XmlElement): readonly XmlElement[] {
  return ["Item", "DebtorItem", "ProductTaxItem"]
    .flatMap((name) => childrenOf(entry, name))
    .flatMap(({ children }) => children.filter(({ attributes }) => "currencyCode" in attributes));
}

function currenciesOf(entry: XmlElement): readonly string[] {
  return [...new Set(amountNodes(entry).map(({ attributes }) => attributes["currencyCode"] ?? ""))];
}

function currencyFaults(entry: XmlElement, system: System): readonly LogItem[] {
  const currencies = currenciesOf(entry);
  if (currencies.includes("") || currencies.length === 0)
    return [error("004(FINS_FI_POSTING_IF)", "Currency is missing")];
  if (currencies.length > 1) return [error("610(RW)", "A document has one transaction currency")];
  const digits = system.currencies[currencies[0] ?? ""];
  if (digits === undefined) return [error("041(SV)", `Currency ${currencies[0]} is not defined`)];
  return amountNodes(entry)
    .filter(({ text }) => (text.split(".")[1] ?? "").replace(/0+$/, "").length > digits)
    .map(({ text }) => error("612(RW)", `Amount ${text} has too many decimal places for ${currencies[0]}`));
}

function balanceFaults(items: readonly StoredItem[]): readonly LogItem[] {
  const sum = items.reduce((total, { amount }) => total + scaled(amount), 0n);
  return sum === 0n
    ? []
    : [error("016(FINS_FI_POSTING_IF)", `Balance in transaction currency is not zero: ${plainText(sum)}`)];
}

function itemFaults(item: StoredItem, companyCode: string, { system, partners }: Books): readonly LogItem[] {
  const { kind, account, customer, assignment, taxCode } = item;
  if (kind === "customer") {
    const known = partners.customer(customer);
    if (known?.companies.some((company) => company["CompanyCode"] === companyCode) === true) return [];
    return [error("102(F5)", `Customer ${customer} is not defined in company code ${companyCode}`)];
  }
  const faults: LogItem[] = [];
  if (kind === "ledger") {
    const known = system.accounts.find(({ id }) => id === account.replace(/^0+/, ""));
    if (known === undefined)
      return [error("507(F5)", `G/L account ${account} is not defined in chart of accounts YCOA`)];
    if (known.isBlocked)
      faults.push(
        error("155(F5)", `Account ${account} in company code ${companyCode} is blocked for posting`),
      );
    if (known.isReconciliation)
      faults.push(
        error(
          "351(F5)",
          `Account ${account} is a reconciliation account: it is not valid for direct posting`,
        ),
      );
    if (known.needsTaxCode && taxCode === "")
      faults.push(error("023(FINS_FI_POSTING_IF)", `Enter a tax code for account ${account}`));
    const { CostCenter, ProfitCenter } = assignment;
    if (known.needsAssignment && CostCenter === undefined && ProfitCenter === undefined)
      faults.push(error("808(F5)", `Account ${account} requires an assignment to a CO object`));
  }
  const lists: Readonly<Record<string, readonly string[]>> = {
    CostCenter: system.costCenters,
    ProfitCenter: system.profitCenters,
    Segment: system.segments,
    WBSElement: system.wbsElements,
  };
  for (const [field, value] of Object.entries(assignment))
    if (lists[field]?.includes(value) !== true)
      faults.push(error("808(F5)", `${field} ${value} does not exist`));
  if (taxCode !== "" && !system.taxCodes.some(({ id }) => id === taxCode))
    faults.push(error("707(FF)", `Tax code ${taxCode} is not defined`));
  return faults;
}

function isDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Sides, and taxes: each code that is used has a tax item, out of what its items come to, as high as its rate says but for the rounding of lines. */
function taxFaults(entry: XmlElement, items: readonly StoredItem[], system: System): readonly LogItem[] {
  const faults: LogItem[] = [];
  for (const name of ["Item", "DebtorItem", "ProductTaxItem"])
    for (const node of childrenOf(entry, name)) {
      const side = textOf(node, "DebitCreditCode");
      const amount = scaled(textOf(node, "AmountInTransactionCurrency"));
      if ((side === "S" && amount < 0n) || (side === "H" && amount > 0n))
        faults.push(error("015(FINS_FI_POSTING_IF)", `Amount and debit/credit code ${side} do not fit`));
    }
  const used = new Map<string, { base: bigint; count: number }>();
  for (const { kind, taxCode, amount } of items) {
    if (kind !== "ledger" || taxCode === "") continue;
    const known = used.get(taxCode) ?? { base: 0n, count: 0 };
    used.set(taxCode, { base: known.base + scaled(amount), count: known.count + 1 });
  }
  const taxItems = childrenOf(entry, "ProductTaxItem");
  const codes = new Set(taxItems.map((node) => textOf(node, "TaxCode")));
  for (const code of used.keys())
    if (!codes.has(code)) faults.push(error("805(FF)", `Tax item for tax code ${code} is missing`));
  for (const code of codes) {
    const of = taxItems.filter((node) => textOf(node, "TaxCode") === code);
    const { base = 0n, count = 0 } = used.get(code) ?? {};
    if (count === 0) faults.push(error("806(FF)", `No item has the tax code ${code}`));
    for (const node of of) {
      const stated = scaled(textOf(node, "TaxBaseAmountInTransCrcy") || "0");
      if (of.length === 1 && stated !== base)
        faults.push(
          error(
            "807(FF)",
            `Tax base ${plainText(stated)} of ${code} differs from its items: ${plainText(base)}`,
          ),
        );
      const percent = system.taxCodes.find(({ id }) => id === code)?.percent ?? null;
      if (percent === null || of.length > 1) continue;
      const amount = scaled(textOf(node, "AmountInTransactionCurrency"));
      const right = scaled(roundedText(stated * scaled(percent), UNIT * UNIT * 100n, 2));
      const difference = amount > right ? amount - right : right - amount;
      // A cent a line, at most: each was rounded by itself.
      if (difference > (BigInt(count) * UNIT) / 100n)
        faults.push(
          error(
            "747(FF)",
            `Tax entered incorrect (code ${code}, amount ${plainText(amount)}), correct ${plainText(right)}`,
          ),
        );
    }
  }
  return faults;
}

/** The invoice that a document names, which must have something open of the same customer. */
function invoiceOf(
  entry: XmlElement,
  companyCode: string,
  items: readonly StoredItem[],
  { documents }: Books,
): LogItem | { readonly number: string; readonly fiscalYear: string } {
  const key = textOf(entry, "InvoiceReferenceDocument");
  if (key === "") return { number: "", fiscalYear: "" };
  const [number, company, fiscalYear] = [key.slice(0, 10), key.slice(10, 14).trim(), key.slice(14)];
  const invoice = company === companyCode ? documents.find(company, fiscalYear, number) : undefined;
  const customer = items.find(({ kind }) => kind === "customer")?.customer;
  const open = invoice?.items.some(
    (item) => item.kind === "customer" && item.customer === customer && item.clearedBy === "",
  );
  return open === true
    ? { number, fiscalYear }
    : error("125(F5)", `Invoice reference ${key} has no open item of customer ${customer ?? ""}`);
}
