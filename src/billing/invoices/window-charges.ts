import type {
  BillingPeriod,
  CompiledContract,
  CompiledPrice,
  ContractCommitment,
} from "../catalog/compiled.ts";
import { applyWindowedCommitments, commitmentAt, trueUpOfEmpty } from "../commitments/windowed-commitment.ts";
import { plus, rounded } from "../ratio.ts";
import { localHours } from "../zone-days.ts";

/** What a price's windows have come to in a period. */
export interface PeriodWindows {
  /** Their length: they lie side by side from the period's start. */
  readonly windowMs: number;
  /** Exact charges at the normal rate by the windows' starts (`CompiledPrice.windowCharge`); those with usage. */
  readonly amounts: ReadonlyMap<number, string>;
  /** What quantities of the price's meter are divided by. */
  readonly divisor: bigint;
}

/** What commitments per window add to a price's charge at its normal rate. Minor units. */
export interface WindowedExtra {
  /** Beyond the commitments of windows. */
  readonly overage: bigint;
  /** Missing to the commitments of windows. */
  readonly trueUp: bigint;
}

/** The commitments of a contract that hold for each window of a price. */
export function windowCommitmentsOf(
  contract: Pick<CompiledContract, "commitments">,
  price: CompiledPrice,
): readonly ContractCommitment[] {
  return contract.commitments.filter(
    (commitment) => commitment.per === "window" && commitment.countsFor(price.key, "usage"),
  );
}

/**
 * What commitments per window add in a period that has ended. The committed charges of all windows stand in the place of
 * what the price's model charges: its discounts and limits follow, and the whole is rounded once, so that usage, overage
 * and true-up add up to it.
 * @param normal the charge of the price at its normal rate, minor units
 */
export function windowedExtra(
  contract: CompiledContract,
  price: CompiledPrice,
  commitments: readonly ContractCommitment[],
  period: BillingPeriod,
  { windowMs, amounts, divisor }: PeriodWindows,
  normal: bigint,
): WindowedExtra {
  const { currencyExponent: exponent, rounding, timeZone } = contract;
  const windows = [...amounts].map(([startMs, charge]) => ({
    startMs,
    amount: price.windowMinorUnits(charge, divisor, exponent),
  }));
  const isCovered = ({ startMs }: { readonly startMs: number }): boolean => startMs < period.endMs;
  const used = applyWindowedCommitments(commitments, timeZone, windows.filter(isCovered), rounding);
  // Usage behind an end that the contract got later: it is charged, but nothing is committed any more.
  const behind = windows.filter((window) => !isCovered(window));
  const atNormalRate = behind.reduce((sum, { amount }) => plus(sum, amount), used.atNormalRate);
  const hourAt = localHours(timeZone);
  const empty = new Map<ContractCommitment, number>();
  for (let startMs = period.startMs; startMs < period.endMs; startMs += windowMs) {
    if (amounts.has(startMs)) continue;
    const commitment = commitmentAt(commitments, hourAt(startMs));
    if (commitment !== undefined) empty.set(commitment, (empty.get(commitment) ?? 0) + 1);
  }
  const missing = trueUpOfEmpty([...empty].map(([commitment, count]) => ({ commitment, count })));
  const withoutTrueUp = plus(atNormalRate, used.overage);
  const withOverage = rounded(price.adjusted(withoutTrueUp, exponent), rounding);
  const total = rounded(price.adjusted(plus(plus(withoutTrueUp, used.trueUp), missing), exponent), rounding);
  return { overage: withOverage - normal, trueUp: total - withOverage };
}
