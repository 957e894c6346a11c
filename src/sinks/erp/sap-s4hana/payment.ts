import type { PaymentStatus } from "../../../model/posting.ts";
import { compareDecimals, isSameDecimal, sumOfDecimals } from "../common/decimals.ts";
import type { AccountingDocument } from "./item-cube.ts";

/**
 * What has been paid of an invoice: what is open is its own item while that is not cleared, and all open items that name it. Payments of a part and memos are
 * negative there; what is left of a payment by which the invoice was cleared is positive.
 * @param others open documents that name invoices, this one or others
 */
export function paymentOf(
  invoice: AccountingDocument,
  others: readonly AccountingDocument[],
): { readonly status: PaymentStatus; readonly openAmount: string } {
  if (invoice.isReversed) return { status: "void", openAmount: "0" };
  const own = invoice.items.filter(({ kind }) => kind === "customer");
  const total = sumOfDecimals(own.map(({ amount }) => amount));
  const named = others.filter(
    (other) =>
      other.companyCode === invoice.companyCode &&
      other.invoice === invoice.number &&
      other.invoiceYear === invoice.fiscalYear &&
      !other.isReversed,
  );
  const openAmount = sumOfDecimals([
    ...own.filter(({ isCleared }) => !isCleared).map(({ amount }) => amount),
    ...named.flatMap(({ items }) => items.filter(({ isCleared }) => !isCleared).map(({ amount }) => amount)),
  ]);
  if (compareDecimals(openAmount, "0") <= 0) return { status: "paid", openAmount: "0" };
  return { status: isSameDecimal(openAmount, total) ? "open" : "partly-paid", openAmount };
}
