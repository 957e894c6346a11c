import type { DocumentTaxRequest, TaxRequestLine, TaxReversal } from "../../model/tax-service.ts";
import type { CompiledContract } from "../catalog/compiled.ts";
import type { FrozenDocument } from "../invoices/billing-document.ts";
import { formatMinorUnits } from "../rating/money.ts";
import { localDate } from "../zone-days.ts";

/**
 * What a tax service was told of the parties and lines of a document when it taxed it. What takes the document back says
 * the same: the customer may live elsewhere by now, and the tax is that of the place and day of the sale.
 */
export interface TaxedAs extends Pick<
  DocumentTaxRequest,
  "company" | "customer" | "taxId" | "entityUseCode" | "seller" | "buyer"
> {
  readonly lines: readonly Pick<TaxRequestLine, "taxCode" | "taxDate" | "exemption">[];
}

export function taxedAs(request: DocumentTaxRequest): TaxedAs {
  const { company, customer, taxId, entityUseCode, seller, buyer } = request;
  const lines = request.lines.map(({ taxCode, taxDate, exemption }) => ({ taxCode, taxDate, exemption }));
  return { company, customer, taxId, entityUseCode, seller, buyer, lines };
}

/** The same of some of its lines (from 0), in their order. */
export function taxedAsOfLines(taxed: TaxedAs, lines: readonly number[]): TaxedAs {
  return { ...taxed, lines: lines.flatMap((index) => taxed.lines[index] ?? []) };
}

/**
 * What a tax service is to record of a document that takes back another one: its amounts with the tax that they have,
 * which is known. Follows from the document alone, whatever the catalog says by now.
 */
export function reversalTaxRequest(
  document: FrozenDocument,
  { currency, currencyExponent: exponent, timeZone }: CompiledContract,
  reverses: TaxReversal,
  taxed: TaxedAs,
): DocumentTaxRequest {
  const net = document.lines.reduce((sum, { amount, discount }) => sum + amount - discount, 0n);
  const lines = document.lines.map((line, index): TaxRequestLine => {
    const { taxCode, taxDate = "", exemption } = taxed.lines[index] ?? {};
    return {
      line: index + 1,
      amount: formatMinorUnits(line.amount - line.discount, exponent),
      quantity: line.quantity,
      item: line.product,
      description: line.description,
      taxCode,
      taxDate,
      exemption,
      corrects: document.corrects?.number,
      tax: formatMinorUnits(line.tax, exponent),
    };
  });
  const { company, customer, taxId, entityUseCode, seller, buyer } = taxed;
  return {
    document: document.id,
    kind: net < 0n ? "return" : "sale",
    company,
    currency,
    date: localDate(timeZone, document.issuedMs),
    customer,
    taxId,
    entityUseCode,
    seller,
    buyer,
    pricesIncludeTax: document.taxIncluded,
    lines,
    reverses,
  };
}
