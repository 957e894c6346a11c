import type { CompiledContract } from "../catalog/compiled.ts";
import type { CreditLedger } from "../credits/credit-ledger.ts";
import type { FrozenDocument } from "./billing-document.ts";
import { settleWithCredits } from "./credit-payment.ts";
import { discountLines } from "./invoice-discounts.ts";
import type { InvoiceLine } from "./invoice-lines.ts";

/** Tax of each line, minor units, on what discounts leave of it. */
export type TaxOfLines = (
  lines: readonly { readonly line: InvoiceLine; readonly taxable: bigint }[],
) => readonly bigint[];

export interface DocumentParts {
  readonly id: string;
  readonly contract: CompiledContract;
  readonly issuedMs: number;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly lines: readonly InvoiceLine[];
  readonly taxOf: TaxOfLines;
  /** Prepaid credits of the contract's currency; changed. Undefined where it has none. */
  readonly credits: Pick<CreditLedger, "burn" | "restore"> | undefined;
  /** Time at which credits pay. */
  readonly creditsAtMs: number;
  readonly catalogVersion: string;
}

/**
 * Brings lines to a document, in the order of docs/invoicing.md: line discounts are in the lines' amounts already, then the
 * invoice's discounts, tax on what is left, then credits. A document that comes to less than 0 is a credit memo.
 */
export function freezeDocument(parts: DocumentParts): FrozenDocument {
  const { id, contract, issuedMs, periodStartMs, periodEndMs, lines, catalogVersion } = parts;
  const amounts = lines.map(({ amount }) => amount);
  const { currencyExponent, rounding, invoiceDiscounts } = contract;
  const discounts = discountLines(invoiceDiscounts, amounts, currencyExponent, rounding);
  const taxed = lines.map((line, index) => ({
    line,
    taxable: line.amount - (discounts.byLine[index] ?? 0n),
  }));
  const taxes = parts.taxOf(taxed);
  const documentLines = lines.map((line, index) => ({
    ...line,
    discount: discounts.byLine[index] ?? 0n,
    tax: taxes[index] ?? 0n,
  }));
  const subtotal = sum(amounts);
  const tax = sum(taxes);
  const credits =
    parts.credits === undefined
      ? 0n
      : settleWithCredits(
          parts.credits,
          documentLines.map(({ product, meter, amount, discount, tax: lineTax }) => ({
            source: { product, meter: meter ?? "" },
            payable: amount - discount + lineTax,
          })),
          parts.creditsAtMs,
        );
  const total = subtotal - discounts.total + tax - credits;
  return {
    id,
    kind: total < 0n ? "credit-memo" : "invoice",
    contract: contract.id,
    issuedMs,
    periodStartMs,
    periodEndMs,
    lines: documentLines,
    subtotal,
    discounts: discounts.total,
    tax,
    credits,
    total,
    catalogVersion,
  };
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((all, amount) => all + amount, 0n);
}
