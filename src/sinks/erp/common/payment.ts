import type { PaymentStatus } from "../../../model/posting.ts";
import { isSameDecimal, isZeroDecimal } from "./decimals.ts";

/** What has been paid of an invoice, by its total and what is open of it. */
export function paymentOf(invoice: {
  readonly total: string;
  readonly openAmount: string;
  readonly isVoid: boolean;
}): { readonly status: PaymentStatus; readonly openAmount: string } {
  const { total, openAmount, isVoid } = invoice;
  if (isVoid) return { status: "void", openAmount: "0" };
  if (isZeroDecimal(openAmount)) return { status: "paid", openAmount };
  return { status: isSameDecimal(openAmount, total) ? "open" : "partly-paid", openAmount };
}
