import type { PaymentStatus } from "../../../model/posting.ts";
import { isSameDecimal, isZeroDecimal } from "../common/decimals.ts";

/** What has been paid of an invoice, by its total and its balance. Credits that were applied count as paid. */
export function paymentOf(
  total: string,
  balance: string,
): { readonly status: PaymentStatus; readonly openAmount: string } {
  if (isZeroDecimal(balance)) return { status: "paid", openAmount: "0" };
  return { status: isSameDecimal(balance, total) ? "open" : "partly-paid", openAmount: balance };
}
