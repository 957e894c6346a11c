import { isLess, lesser, minus, plus, type Ratio, ratio, rounded, times, ZERO } from "../ratio.ts";
import type { MoneyRounding } from "../rating/money.ts";
import { localHours } from "../zone-days.ts";
import type { CompiledCommitment } from "./compile-commitment.ts";

export type WindowCommitment = Pick<
  CompiledCommitment,
  "hours" | "overageFactor" | "trueUp" | "amountPerWindow"
>;

/** A window of a price that is charged window by window. */
export interface ChargedWindow {
  readonly startMs: number;
  /** What its quantity costs at the normal rate: exact, in minor units. */
  readonly amount: Ratio;
}

/** Exact, in minor units. */
export interface WindowCharge {
  readonly charge: Ratio;
  /** The part that is charged at the normal rate. */
  readonly atNormalRate: Ratio;
  /** The part beyond the commitment, multiplied. */
  readonly overage: Ratio;
  readonly trueUp: Ratio;
}

export interface WindowedOutcome extends WindowCharge {
  readonly windows: readonly WindowCharge[];
  /** The one line of the price, rounded once: minor units. */
  readonly total: bigint;
}

/** Windows without usage: how many there are under each commitment. */
export interface EmptyWindows {
  readonly commitment: WindowCommitment;
  readonly count: number;
}

/**
 * Charges of a price whose windows are committed one by one. Each window falls under the first commitment whose hours
 * hold its start, else under the one without hours, else under none: then it costs its normal rate.
 * @param rounding of the plan
 * @param windows all windows of the period for which a true-up is due; see `trueUpOfEmpty` for those without usage
 */
export function applyWindowedCommitments(
  commitments: readonly WindowCommitment[],
  timeZone: string,
  windows: readonly ChargedWindow[],
  rounding: MoneyRounding = "half_away_from_zero",
): WindowedOutcome {
  const hourAt = localHours(timeZone);
  const charges = windows.map(({ startMs, amount }) =>
    chargeWindow(commitmentAt(commitments, hourAt(startMs)), amount),
  );
  const sum = (part: (charge: WindowCharge) => Ratio): Ratio =>
    charges.reduce((total, charge) => plus(total, part(charge)), ZERO);
  const charge = sum((window) => window.charge);
  return {
    windows: charges,
    charge,
    atNormalRate: sum((window) => window.atNormalRate),
    overage: sum((window) => window.overage),
    trueUp: sum((window) => window.trueUp),
    total: rounded(charge, rounding),
  };
}

/** What is missing in windows without usage, exactly and in minor units. */
export function trueUpOfEmpty(windows: readonly EmptyWindows[]): Ratio {
  return windows.reduce(
    (sum, { commitment, count }) =>
      commitment.trueUp ? plus(sum, times(commitment.amountPerWindow, ratio(BigInt(count)))) : sum,
    ZERO,
  );
}

/**
 * The commitment that a window falls under.
 * @param hour of the day at its start, by the clocks of the contract's time zone
 */
export function commitmentAt<Commitment extends Pick<WindowCommitment, "hours">>(
  commitments: readonly Commitment[],
  hour: number,
): Commitment | undefined {
  return (
    commitments.find(({ hours }) => hours !== undefined && isWithin(hours, hour)) ??
    commitments.find(({ hours }) => hours === undefined)
  );
}

function chargeWindow(commitment: WindowCommitment | undefined, amount: Ratio): WindowCharge {
  if (commitment === undefined) return { charge: amount, atNormalRate: amount, overage: ZERO, trueUp: ZERO };
  const committed = commitment.amountPerWindow;
  const atNormalRate = lesser(amount, committed);
  const overage = times(minus(amount, atNormalRate), commitment.overageFactor);
  const trueUp = commitment.trueUp && isLess(amount, committed) ? minus(committed, amount) : ZERO;
  return { charge: plus(plus(atNormalRate, overage), trueUp), atNormalRate, overage, trueUp };
}

function isWithin({ from, to }: { readonly from: number; readonly to: number }, hour: number): boolean {
  return from < to ? hour >= from && hour < to : hour >= from || hour < to;
}
