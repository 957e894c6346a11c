import { earnedBy } from "../ledger/release.ts";
import type { CommittedLine } from "../commitments/apply-commitment.ts";
import type { BillingPeriod, CompiledContract, CompiledPrice } from "../catalog/compiled.ts";
import { ratio, rounded } from "../ratio.ts";
import {
  byFirstUse,
  commitmentCharges,
  committedFees,
  feeCharges,
  NO_USAGE,
  pricesByKey,
} from "./period-charges.ts";
import { type PeriodWindows, windowCommitmentsOf, windowedExtra } from "./window-charges.ts";

/** What a price's usage had come to by a moment within its billing period. */
export interface EarnedUsage {
  /** Charged at its normal rates, minor units. */
  readonly amount: bigint;
  /** An integer; divided by `divisor` it is in the meter's unit. */
  readonly quantity: bigint;
  readonly divisor: bigint;
  /** Units of it that were paid in advance: an integer like the quantity. */
  readonly prepaidUnits: bigint;
  /** Prices of a period are in the order of their first use by it. */
  readonly order: number;
}

/** Minor units; without tax, before the invoice's discounts. */
export interface EarnedAmount {
  readonly product: string;
  readonly amount: bigint;
}

/**
 * What is earned by a moment of a billing period that goes on behind it, without what is due in advance: what would be
 * invoiced of the usage so far if nothing more were used, and the days' share of recurring fees.
 * - Prepaid units are no claim: what they pay for was invoiced when they were sold.
 * - Usage beyond a commitment is at its overage rate. Fees use the commitment up first, those of the whole period: later
 *   usage makes neither less.
 * - What is missing to a commitment of the period, or to a minimum, is not earned: the customer may still use it. It is when
 *   the period has ended (ASC 606-10-55-48, IFRS 15.B46: breakage, once further use is remote).
 * - A commitment per window is one for each window: of those that are over, what is missing is earned.
 * @param timeMs start of an accounting month
 * @param usageOf undefined where a price has had no usage
 * @param windowsOf asked for prices whose windows are committed one by one
 */
export function earnedCharges(
  contract: CompiledContract,
  period: BillingPeriod,
  timeMs: number,
  usageOf: (price: CompiledPrice) => EarnedUsage | undefined,
  windowsOf: (price: CompiledPrice) => PeriodWindows,
): readonly EarnedAmount[] {
  const earned: EarnedAmount[] = [];
  const commitments = contract.commitments.filter(({ per }) => per === "period");
  const lines: CommittedLine[] = commitments.length > 0 ? committedFees(contract, period) : [];
  const used = contract.usagePrices.map((price) => ({ price, usage: usageOf(price) })).sort(byFirstUse);
  for (const { price, usage } of used) {
    const { product } = price;
    const amount = usage?.amount ?? 0n;
    const prepaid = usage === undefined ? 0n : prepaidAmount(contract, price, usage);
    earned.push({ product, amount }, { product, amount: prepaid });
    lines.push({ price: price.key, kind: "usage", amount: ratio(amount + prepaid) });
    const windowed = windowCommitmentsOf(contract, price);
    if (windowed.length === 0) continue;
    const { overage, trueUp } = windowedExtra(
      contract,
      price,
      windowed,
      { startMs: period.startMs, endMs: timeMs },
      windowsBefore(windowsOf(price), timeMs),
      amount,
    );
    earned.push({ product, amount: overage + trueUp });
  }
  const prices = pricesByKey(contract);
  for (const commitment of commitments)
    earned.push(...commitmentCharges(contract, commitment, period, lines, prices, false));
  for (const { product, amount, inAdvance } of feeCharges(contract, period)) {
    if (inAdvance) continue;
    const { startMs, endMs } = period;
    earned.push({ product, amount: earnedBy(amount, contract.timeZone, startMs, endMs, timeMs) });
  }
  return earned.filter(({ amount }) => amount !== 0n);
}

/** What usage costs less because its last units were paid in advance. */
function prepaidAmount(
  { currencyExponent, rounding }: CompiledContract,
  price: CompiledPrice,
  { quantity, divisor, prepaidUnits }: EarnedUsage,
): bigint {
  if (prepaidUnits === 0n) return 0n;
  // Such a price follows from the quantity alone.
  const figures = { ...NO_USAGE, periodEnded: false };
  const costOf = (units: bigint): bigint =>
    rounded(price.exactMinorUnits(units, divisor, currencyExponent, figures), rounding);
  return costOf(quantity - prepaidUnits) - costOf(quantity);
}

function windowsBefore(windows: PeriodWindows, timeMs: number): PeriodWindows {
  return { ...windows, amounts: new Map([...windows.amounts].filter(([startMs]) => startMs < timeMs)) };
}
