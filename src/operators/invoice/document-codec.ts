import { Packr } from "msgpackr";
import type { DocumentLine, FrozenDocument } from "../../billing/invoices/billing-document.ts";
import type { TaxDetail } from "../../billing/tax/tax-table.ts";

/** Amounts are written as text: they have no upper limit. */
const packr = new Packr({ useRecords: false });

type LineRow = Omit<DocumentLine, "amount" | "discount" | "tax" | "taxDetails"> & {
  readonly amount: string;
  readonly discount: string;
  readonly tax: string;
  readonly taxDetails: readonly (Omit<TaxDetail, "amount"> & { readonly amount: string })[];
};

type DocumentRow = Omit<FrozenDocument, "lines" | "subtotal" | "discounts" | "tax" | "credits" | "total"> & {
  readonly lines: readonly LineRow[];
  /** Subtotal, discounts, tax, credits, total. */
  readonly sums: readonly [string, string, string, string, string];
};

/** A document that waits for its number, as a row. */
export function encodeFrozen(document: FrozenDocument): Uint8Array {
  const { subtotal, discounts, tax, credits, total, lines, ...rest } = document;
  const row: DocumentRow = {
    ...rest,
    lines: lines.map((line) => ({
      ...line,
      amount: line.amount.toString(),
      discount: line.discount.toString(),
      tax: line.tax.toString(),
      taxDetails: line.taxDetails.map((detail) => ({ ...detail, amount: detail.amount.toString() })),
    })),
    sums: [subtotal.toString(), discounts.toString(), tax.toString(), credits.toString(), total.toString()],
  };
  return packr.pack(row);
}

export function decodeFrozen(value: Uint8Array): FrozenDocument {
  const row: DocumentRow = packr.unpack(value);
  const { sums, lines, ...rest } = row;
  const [subtotal, discounts, tax, credits, total] = sums;
  return {
    ...rest,
    lines: lines.map((line) => ({
      ...line,
      amount: BigInt(line.amount),
      discount: BigInt(line.discount),
      tax: BigInt(line.tax),
      taxDetails: line.taxDetails.map((detail) => ({ ...detail, amount: BigInt(detail.amount) })),
    })),
    subtotal: BigInt(subtotal),
    discounts: BigInt(discounts),
    tax: BigInt(tax),
    credits: BigInt(credits),
    total: BigInt(total),
  };
}
