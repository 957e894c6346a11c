import type { PostedInvoice, PostedLine, PostedTax } from "../../model/posting.ts";
import type { CompiledContract } from "../catalog/compiled.ts";
import type { PublishedDocument, PublishedLine } from "../invoices/billing-document.ts";
import { currencyExponent } from "../rating/currencies.ts";
import { formatMinorUnits, minorUnitsOfText } from "../rating/money.ts";
import { localDate } from "../zone-days.ts";
import { dayAfter } from "./journal-block.ts";

/** What of a contract its documents are posted with. */
export type PostedContract = Pick<CompiledContract, "dimensions" | "timeZone">;

/** Key of the mapping table `item` for what prepaid credits pay. */
export const CREDITS_ITEM = "credits";

/** Key of the mapping table `tax`: "DE:VAT:19". A tax service's rates have no other name. */
export function taxKey({
  jurisdiction,
  name,
  percent,
}: Pick<PostedTax, "jurisdiction" | "name" | "percent">): string {
  return `${jurisdiction}:${name}:${percent}`;
}

/** Idempotency key of a document in a connection: numbers are unique within a legal entity only. */
export function invoiceKey({
  kind,
  legalEntity,
  number,
}: Pick<PostedInvoice, "kind" | "legalEntity" | "number">): string {
  return `${kind}:${legalEntity}:${number}`;
}

/** Kind of the document that one corrects: a credit memo gives back of an invoice, an invoice takes a credit memo back. */
export function correctedKind(kind: PostedInvoice["kind"]): PostedInvoice["kind"] {
  return kind === "credit-memo" ? "invoice" : "credit-memo";
}

/**
 * A final document as an ERP books it: lines net of discounts and tax, what prepaid credits paid as a line of its own. The
 * amounts of a credit memo are those that it gives back, so all signs are turned. total = Σ net + Σ tax to the minor unit.
 * @param contract whose dimensions the line of credits has, which no product's apply to, and in whose time zone days are
 * @param corrects key of the document that it corrects; null where that one is not posted to the connection
 */
export function postedInvoice(
  document: PublishedDocument,
  contract: PostedContract,
  corrects: PostedInvoice["corrects"],
): PostedInvoice {
  const exponent = currencyExponent(document.currency) ?? 0;
  const sign = document.kind === "credit-memo" ? -1n : 1n;
  const money = (minorUnits: bigint): string => formatMinorUnits(sign * minorUnits, exponent);
  const lines = document.lines.map((line) =>
    postedLine(line, document.taxIncluded, contract.timeZone, money),
  );
  const credits = minorUnitsOfText(document.credits);
  if (credits !== 0n) lines.push(creditsLine(document, lines.length + 1, money(-credits), contract));
  const tax = minorUnitsOfText(document.tax);
  const total = minorUnitsOfText(document.total);
  const number = document.number ?? "";
  const title = document.kind === "invoice" ? "Invoice" : "Credit memo";
  const corrected = correctedKind(document.kind) === "invoice" ? "invoice" : "credit memo";
  const of = document.corrects === undefined ? "" : ` of ${corrected} ${document.corrects.number}`;
  return {
    kind: document.kind,
    document: document.id,
    number,
    legalEntity: document.legalEntity,
    customer: document.customer,
    account: document.account,
    contract: document.contract,
    currency: document.currency,
    issueDate: document.issueDate,
    dueDate: document.dueDate,
    ...serviceDays(document, contract.timeZone),
    lines,
    net: money(total - tax),
    tax: money(tax),
    total: money(total),
    corrects,
    memo: `${title} ${number}${of}, contract ${document.contract}`,
  };
}

/** The calendar days [start, end) of a period: the last one is part of it also where it ends within that day. */
function serviceDays(
  { periodStart, periodEnd }: Pick<PublishedLine, "periodStart" | "periodEnd">,
  timeZone: string,
): Pick<PostedLine, "periodStart" | "periodEnd"> {
  const startMs = Date.parse(periodStart);
  const endMs = Date.parse(periodEnd);
  const start = localDate(timeZone, startMs);
  return {
    periodStart: start,
    periodEnd: endMs > startMs ? dayAfter(localDate(timeZone, endMs - 1)) : start,
  };
}

function postedLine(
  line: PublishedLine,
  taxIncluded: boolean,
  timeZone: string,
  money: (minorUnits: bigint) => string,
): PostedLine {
  const tax = minorUnitsOfText(line.tax);
  const net = minorUnitsOfText(line.amount) - minorUnitsOfText(line.discount) - (taxIncluded ? tax : 0n);
  return {
    line: line.line,
    kind: "charge",
    item: line.product,
    meter: line.meter,
    description: line.description,
    quantity: line.quantity,
    net: money(net),
    tax: money(tax),
    taxes: line.taxes.map(({ name, jurisdiction, percent, amount }) => ({
      key: taxKey({ name, jurisdiction, percent }),
      name,
      jurisdiction,
      percent,
      basis: money(net),
      amount: money(minorUnitsOfText(amount)),
    })),
    ...serviceDays(line, timeZone),
    adjusts: line.adjusts,
    dimensions: line.dimensions,
  };
}

function creditsLine(
  document: PublishedDocument,
  line: number,
  net: string,
  { dimensions, timeZone }: PostedContract,
): PostedLine {
  return {
    line,
    kind: "credits",
    item: CREDITS_ITEM,
    meter: null,
    description: "Prepaid credits",
    quantity: null,
    net,
    tax: formatMinorUnits(0n, fractionDigits(net)),
    taxes: [],
    ...serviceDays(document, timeZone),
    adjusts: null,
    dimensions,
  };
}

function fractionDigits(amount: string): number {
  const point = amount.indexOf(".");
  return point === -1 ? 0 : amount.length - point - 1;
}
