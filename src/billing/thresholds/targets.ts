/** A level whose crossing is reported. */
export interface ThresholdTarget {
  /** 80 for 80 %. */
  readonly percent: number;
  /** Charged amount (minor units) at which it is reached. */
  readonly amount: bigint;
}

/** Levels of a commitment, the least first: the smallest whole amounts that are at least so many percent of it. */
export function commitmentTargets(
  commitment: bigint,
  percents: readonly number[],
): readonly ThresholdTarget[] {
  return ascending(percents).map((percent) => ({
    percent,
    amount: dividedUp(commitment * BigInt(percent), 100n),
  }));
}

/**
 * Levels of a credit balance: charges at which no more than so many percent of what was granted are left, provided that
 * all charges from now on are paid by these credits. To be made anew when the ledger changes otherwise.
 * @param charged charged amount now
 */
export function creditTargets(
  granted: bigint,
  balance: bigint,
  charged: bigint,
  percents: readonly number[],
): readonly ThresholdTarget[] {
  return ascending(percents)
    .reverse()
    .map((percent) => ({ percent, amount: charged + balance - (granted * BigInt(percent)) / 100n }));
}

function ascending(percents: readonly number[]): number[] {
  return [...new Set(percents)].sort((a, b) => a - b);
}

/** dividend ÷ divisor, rounded up; both not negative. */
export function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
