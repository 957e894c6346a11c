import type { MoneyRounding } from "../rating/money.ts";
import { ratio, ratioOfDecimal, rounded, times } from "../ratio.ts";
import type { CreditLedger, CreditPart } from "./credit-ledger.ts";
import type { CreditSource } from "./grant-terms.ts";

/** A line to be paid, after discounts. */
export interface PayableLine {
  readonly id: string;
  readonly source: CreditSource;
  /** Without tax, in minor units. */
  readonly net: bigint;
  /** A decimal: "19". */
  readonly taxPercent: string;
}

/** Amounts in minor units; net + tax = credited + due. */
export interface PaidLine {
  readonly id: string;
  readonly net: bigint;
  readonly tax: bigint;
  readonly credits: readonly CreditPart[];
  readonly credited: bigint;
  readonly due: bigint;
}

/**
 * Pays lines with the credits of a ledger of the same currency, one after the other.
 * @param taxBase what tax is charged on: the line (`net`; credits then pay line and tax, like money paid in advance), or
 *   what credits leave of it (`net_after_credits`)
 */
export function payWithCredits(
  ledger: Pick<CreditLedger, "burn">,
  lines: readonly PayableLine[],
  atMs: number,
  taxBase: "net" | "net_after_credits" = "net",
  rounding: MoneyRounding = "half_away_from_zero",
): readonly PaidLine[] {
  return lines.map(({ id, source, net, taxPercent }) => {
    const taxOn = (base: bigint): bigint =>
      rounded(times(times(ratio(base), ratioOfDecimal(taxPercent)), ratio(1n, 100n)), rounding);
    const payable = taxBase === "net" ? net + taxOn(net) : net;
    // A line that gives money back uses no credits.
    const { parts, burned } = payable > 0n ? ledger.burn(source, payable, atMs) : { parts: [], burned: 0n };
    const tax = taxBase === "net" ? taxOn(net) : taxOn(net - burned);
    return { id, net, tax, credits: parts, credited: burned, due: net + tax - burned };
  });
}
