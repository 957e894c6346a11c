import { createHash } from "node:crypto";
import type { DocumentTaxRequest, TaxAddress, TaxRequestLine } from "../../model/tax-service.ts";
import type { CompiledContract, CompiledProduct } from "../catalog/compiled.ts";
import type { LegalEntity } from "../catalog/legal-entity.ts";
import type { UntaxedDocument } from "../invoices/freeze-document.ts";
import { formatMinorUnits } from "../rating/money.ts";
import { localDate } from "../zone-days.ts";
import { taxDateOf } from "./tax-date.ts";
import type { TaxedCustomer } from "./tax-table.ts";

/** A customer, with what a tax service wants to know of it. */
export interface InvoicedCustomer extends TaxedCustomer {
  readonly street: string | undefined;
  readonly postalCode: string | undefined;
  readonly entityUseCode: string | undefined;
}

/** Hexadecimal digits of a fingerprint: 128 bits, so that no two requests share one. */
const FINGERPRINT_DIGITS = 32;

/**
 * What a tax service is asked about a document: a function of the document and the catalog, so that a replay knows whether
 * a reply belongs to it. Undefined where the customer has no country.
 */
export function documentTaxRequest(
  document: UntaxedDocument,
  contract: CompiledContract,
  customer: InvoicedCustomer,
  productOf: (key: string) => CompiledProduct | undefined,
): DocumentTaxRequest | undefined {
  const { legalEntity, currencyExponent } = contract;
  if (customer.country === undefined) return undefined;
  const lines = document.lines.map((line, index): TaxRequestLine => {
    const taxDate = taxDateOf(line, document.issuedMs, contract.timeZone);
    return {
      line: index + 1,
      amount: formatMinorUnits(line.amount - line.discount, currencyExponent),
      quantity: line.quantity,
      item: line.product,
      description: line.description,
      taxCode: productOf(line.product)?.taxCode,
      taxDate,
      exemption: exemptionOn(customer, taxDate),
      corrects: line.adjusts,
    };
  });
  const net = document.lines.reduce((sum, { amount, discount }) => sum + amount - discount, 0n);
  return {
    document: document.id,
    kind: net < 0n ? "return" : "sale",
    company: legalEntity.tax_company ?? legalEntity.key,
    currency: contract.currency,
    date: localDate(contract.timeZone, document.issuedMs),
    customer: contract.customer,
    taxId: customer.taxId,
    entityUseCode: customer.entityUseCode,
    seller: sellerAddress(legalEntity),
    buyer: {
      street: customer.street,
      city: customer.city,
      region: customer.region,
      postalCode: customer.postalCode,
      country: customer.country,
    },
    pricesIncludeTax: contract.pricesIncludeTax,
    lines,
  };
}

/** Names a request by what it says. */
export function taxRequestFingerprint(request: DocumentTaxRequest): string {
  return createHash("sha256")
    .update(JSON.stringify(request), "utf8")
    .digest("hex")
    .slice(0, FINGERPRINT_DIGITS);
}

function exemptionOn({ exemption }: TaxedCustomer, date: string): string | undefined {
  if (exemption === undefined || date < exemption.from) return undefined;
  return exemption.to === undefined || date < exemption.to ? exemption.certificate : undefined;
}

function sellerAddress({ street, city, region, postal_code: postalCode, country }: LegalEntity): TaxAddress {
  // The catalog's checks ask for the country of a legal entity with a tax service.
  return { street, city, region, postalCode, country: country ?? "" };
}
