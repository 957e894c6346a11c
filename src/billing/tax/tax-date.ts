import { localDate } from "../zone-days.ts";
import type { InvoiceLine } from "../invoices/invoice-lines.ts";

/**
 * Calendar day whose rates hold for a line: the last one of its period, as late as it may be billed or corrected. What is
 * invoiced in advance is taxed as of the invoice, where its period has not ended by then.
 * @param timeZone the contract's, whose days its periods are made of: in another one the last moment of a month may be a
 *   day of the next
 */
export function taxDateOf(
  line: Pick<InvoiceLine, "inAdvance" | "adjusts" | "periodEndMs">,
  issuedMs: number,
  timeZone: string,
): string {
  const lastMs = line.periodEndMs - 1;
  const atMs = line.inAdvance && line.adjusts === undefined ? Math.min(issuedMs, lastMs) : lastMs;
  return localDate(timeZone, atMs);
}
