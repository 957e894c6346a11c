/** What rating a quantity again gives. Amounts are integers of minor units. */
export interface DeltaCharge {
  /** To be billed (or, negative, credited) now. */
  readonly delta: bigint;
  /** Billed in all, with it. */
  readonly billed: bigint;
}

/**
 * Delta rating: charge = round(rate(cumulative quantity)) − already billed. One function serves first, mid-period, final
 * and corrected runs; whatever the split, the deltas add up to the charge of the whole.
 * @param chargeOf the rounded charge of a cumulative quantity in minor units
 */
export function chargeDelta(
  cumulative: bigint,
  alreadyBilled: bigint,
  chargeOf: (cumulative: bigint) => bigint,
): DeltaCharge {
  const billed = chargeOf(cumulative);
  return { delta: billed - alreadyBilled, billed };
}
