import type { CreditLedger } from "../credits/credit-ledger.ts";
import type { CreditSource } from "../credits/grant-terms.ts";

/** A line with what is to be paid for it: after discounts, with tax. Minor units. */
export interface PayableAmount {
  readonly source: CreditSource;
  readonly payable: bigint;
}

/**
 * Lets prepaid credits pay for the lines of a document, all lines of one product and meter together. What a correction
 * gives back is given back to the credits that had paid for it; only what had been paid in money is a credit in money.
 * @param ledger of the document's currency, changed
 * @param atMs the time at which credits are used: the last moment of the billing period
 * @returns what credits pay of the document (negative: what they get back) in minor units
 */
export function settleWithCredits(
  ledger: Pick<CreditLedger, "burn" | "restore">,
  lines: readonly PayableAmount[],
  atMs: number,
): bigint {
  const bySource = new Map<string, { readonly source: CreditSource; payable: bigint }>();
  for (const { source, payable } of lines) {
    const key = `${source.product}\u0000${source.meter}`;
    const known = bySource.get(key);
    if (known === undefined) bySource.set(key, { source, payable });
    else known.payable += payable;
  }
  let paid = 0n;
  // What is given back can pay for other lines of the document.
  for (const { source, payable } of bySource.values()) {
    if (payable >= 0n) continue;
    const { restored, lapsed } = ledger.restore(source, -payable, atMs);
    paid -= restored + lapsed;
  }
  for (const { source, payable } of bySource.values())
    if (payable > 0n) paid += ledger.burn(source, payable, atMs).burned;
  return paid;
}
