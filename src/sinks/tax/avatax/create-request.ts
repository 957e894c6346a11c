import { createHash } from "node:crypto";
import type {
  DocumentTaxRequest,
  TaxAddress,
  TaxRequestLine,
  TaxTransaction,
} from "../../../model/tax-service.ts";
import { type ExactJson, JsonDecimal } from "../../http/exact-json.ts";

/** Name of the service in control records and on documents. */
export const AVATAX = "avatax";

/** Longest transaction code that AvaTax takes, and the longest of its other texts. */
const MAX_CODE_CHARACTERS = 50;
const MAX_ITEM_CODE_CHARACTERS = 50;
const MAX_DESCRIPTION_CHARACTERS = 255;
/** Hexadecimal digits that tell codes apart which are cut: 80 bits. */
const CODE_HASH_DIGITS = 20;

type RequestedLine = { readonly [name: string]: ExactJson | undefined };

/**
 * The record that a document has at AvaTax. Records are told apart by company, code and type, so that asking again about a
 * document replaces its record. A document's id that is too long for a code is cut, and its hash added.
 */
export function transactionOf(request: DocumentTaxRequest): TaxTransaction {
  return {
    service: AVATAX,
    company: request.company,
    code: transactionCode(request.document),
    type: request.kind === "return" ? "ReturnInvoice" : "SalesInvoice",
  };
}

/** Body of `POST /api/v2/transactions/create`: not committed, with amounts after all discounts. */
export function createTransactionBody(request: DocumentTaxRequest): ExactJson {
  const { code, type } = transactionOf(request);
  const exemptionNo = commonExemption(request.lines);
  return {
    code,
    type,
    companyCode: request.company,
    date: request.date,
    customerCode: request.customer,
    currencyCode: request.currency,
    commit: false,
    referenceCode:
      request.reverses?.transaction.code ??
      request.lines.find(({ corrects }) => corrects !== undefined)?.corrects,
    businessIdentificationNo: request.taxId,
    entityUseCode: request.entityUseCode,
    exemptionNo,
    addresses: { shipFrom: addressOf(request.seller), shipTo: addressOf(request.buyer) },
    lines: request.lines.map((line) => requestedLine(line, request, exemptionNo)),
  };
}

function requestedLine(
  line: TaxRequestLine,
  { pricesIncludeTax, date }: DocumentTaxRequest,
  commonExemptionNo: string | undefined,
): RequestedLine {
  const quantity = quantityOf(line.quantity);
  return {
    number: String(line.line),
    amount: new JsonDecimal(line.amount),
    quantity: quantity === undefined ? undefined : new JsonDecimal(quantity),
    itemCode: line.item.slice(0, MAX_ITEM_CODE_CHARACTERS),
    description: line.description.slice(0, MAX_DESCRIPTION_CHARACTERS),
    taxCode: line.taxCode,
    taxIncluded: pricesIncludeTax,
    exemptionCode: commonExemptionNo === undefined ? line.exemption : undefined,
    taxOverride: overrideOf(line, date),
  };
}

/** What is known of a line's tax: the amount that is taken back, or the day. */
function overrideOf({ tax, taxDate, corrects }: TaxRequestLine, date: string): ExactJson | undefined {
  const reason = corrects === undefined ? "End of the service period" : `Correction of ${corrects}`;
  if (tax !== undefined) return { type: "TaxAmount", taxAmount: new JsonDecimal(tax), taxDate, reason };
  return taxDate === date ? undefined : { type: "TaxDate", taxDate, reason };
}

/** AvaTax wants the quantity that changed hands, whichever way; it takes none for 1. */
function quantityOf(quantity: string | undefined): string | undefined {
  const magnitude = quantity?.replace(/^-/, "");
  return magnitude === undefined || !/[1-9]/.test(magnitude) ? undefined : magnitude;
}

/** The exemption that holds for every line: then it is the document's. */
function commonExemption(lines: readonly TaxRequestLine[]): string | undefined {
  const [first] = lines;
  return lines.every(({ exemption }) => exemption === first?.exemption) ? first?.exemption : undefined;
}

function addressOf({ street, city, region, postalCode, country }: TaxAddress): ExactJson {
  return { line1: street, city, region, postalCode, country };
}

function transactionCode(document: string): string {
  if (document.length <= MAX_CODE_CHARACTERS) return document;
  const hash = createHash("sha256").update(document, "utf8").digest("hex").slice(0, CODE_HASH_DIGITS);
  return `${document.slice(0, MAX_CODE_CHARACTERS - CODE_HASH_DIGITS - 1)}~${hash}`;
}

/** Characters that AvaTax can't take in a path, with what it takes for them. */
const PATH_CODES: readonly (readonly [character: string, written: string])[] = [
  ["/", "_-ava2f-_"],
  ["+", "_-ava2b-_"],
  ["?", "_-ava3f-_"],
  ["%", "_-ava25-_"],
  ["#", "_-ava23-_"],
];

/** Path of a transaction. */
export function transactionPath({ company, code }: TaxTransaction): string {
  return `/api/v2/companies/${pathPart(company)}/transactions/${pathPart(code)}`;
}

function pathPart(text: string): string {
  let written = text;
  for (const [character, code] of PATH_CODES) written = written.replaceAll(character, code);
  return encodeURIComponent(written);
}
