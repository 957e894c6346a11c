import { isLess, lesser, minus, plus, type Ratio, ratio, rounded, times, ZERO } from "../ratio.ts";
import type { ChargeKind, CompiledCommitment } from "./compile-commitment.ts";

/** What a price has come to in the period, at its normal rates. */
export interface CommittedLine {
  readonly price: string;
  readonly kind: ChargeKind;
  /** Exact, in minor units. */
  readonly amount: Ratio;
}

/** How a line divides at the commitment, exactly and in minor units. */
export interface DividedLine extends CommittedLine {
  readonly withinCommitment: Ratio;
  /** Beyond the commitment, before the factor. */
  readonly beyondCommitment: Ratio;
  /** The line's charge: what lies beyond is multiplied with the overage factor. */
  readonly charge: Ratio;
}

/** A line with its charge, rounded once. Amounts are in minor units. */
export interface ChargedLine {
  readonly price: string;
  readonly kind: ChargeKind;
  readonly charge: bigint;
  /** The part of the charge that lies beyond the commitment (already multiplied); the rest is at normal rates. */
  readonly overage: bigint;
}

export interface CommitmentOutcome {
  readonly commitment: bigint;
  readonly lines: readonly ChargedLine[];
  /** What is missing, as a line of its own; 0 before the end of the period. */
  readonly trueUp: bigint;
  /** Lines and true-up. */
  readonly total: bigint;
}

/**
 * Divides lines at a commitment. Recurring charges use it up first and are never multiplied; usage follows in the given
 * order, which is the order of first use. Lines that don't count are left as they are.
 */
export function divideAtCommitment(
  commitment: Pick<CompiledCommitment, "countsFor" | "overageFactor">,
  amount: Ratio,
  lines: readonly CommittedLine[],
): readonly DividedLine[] {
  let left = amount;
  for (const line of lines)
    if (line.kind === "recurring" && commitment.countsFor(line.price, line.kind))
      left = minus(left, line.amount);
  return lines.map((line) => {
    if (line.kind === "recurring" || !commitment.countsFor(line.price, line.kind))
      return { ...line, withinCommitment: line.amount, beyondCommitment: ZERO, charge: line.amount };
    const withinCommitment = lesser(line.amount, isLess(left, ZERO) ? ZERO : left);
    const beyondCommitment = minus(line.amount, withinCommitment);
    left = minus(left, withinCommitment);
    const charge = plus(withinCommitment, times(beyondCommitment, commitment.overageFactor));
    return { ...line, withinCommitment, beyondCommitment, charge };
  });
}

/**
 * Charges of a period under a commitment of `amount` minor units. Every line is rounded once; the true-up is what the
 * rounded lines lack, so lines and true-up never come to less than the commitment.
 * @param isFinal the period has ended: before that nothing is missing yet
 */
export function applyCommitment(
  commitment: Pick<CompiledCommitment, "countsFor" | "overageFactor" | "trueUp" | "rounding">,
  amount: bigint,
  lines: readonly CommittedLine[],
  isFinal: boolean,
): CommitmentOutcome {
  const charged = divideAtCommitment(commitment, ratio(amount), lines).map((line) => {
    const charge = rounded(line.charge, commitment.rounding);
    const within = rounded(line.withinCommitment, commitment.rounding);
    const overage = line.beyondCommitment.numerator === 0n ? 0n : charge - within;
    return { price: line.price, kind: line.kind, charge, overage };
  });
  let counted = 0n;
  let total = 0n;
  for (const line of charged) {
    total += line.charge;
    if (commitment.countsFor(line.price, line.kind)) counted += line.charge;
  }
  const trueUp = isFinal && commitment.trueUp && counted < amount ? amount - counted : 0n;
  return { commitment: amount, lines: charged, trueUp, total: total + trueUp };
}
