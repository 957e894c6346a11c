import { compileDiscounts, type DiscountFields } from "../rating/adjustments/discounts.ts";
import { exactOf } from "../rating/exact.ts";
import { type MoneyRounding, toMinorUnits } from "../rating/money.ts";

/**
 * What an invoice's discounts take off its subtotal, in minor units, with each line's share. Discounts are taken one
 * after the other in their order and rounded once; a subtotal that gives back is reduced by percentages alone.
 * @param amounts of the lines, minor units
 */
export function discountLines(
  discounts: DiscountFields,
  amounts: readonly bigint[],
  exponent: number,
  rounding: MoneyRounding,
): { readonly total: bigint; readonly byLine: readonly bigint[] } {
  const subtotal = amounts.reduce((sum, amount) => sum + amount, 0n);
  if (discounts.length === 0 || subtotal === 0n) return { total: 0n, byLine: amounts.map(() => 0n) };
  const per = 10n ** BigInt(exponent);
  const left = compileDiscounts(discounts)(exactOf(subtotal), exactOf(per));
  const total = subtotal - toMinorUnits(left, per, exponent, rounding);
  return { total, byLine: shareOut(total, amounts) };
}

/**
 * Divides a total among parts in proportion to their amounts, so that the shares add up to it: each gets what is whole of
 * its share, and what is left over goes, a unit each, to those whose shares were cut the most; the first of equals first.
 * Nothing where the amounts add up to 0.
 */
export function shareOut(total: bigint, amounts: readonly bigint[]): readonly bigint[] {
  const sum = amounts.reduce((all, amount) => all + amount, 0n);
  if (sum === 0n) return amounts.map(() => 0n);
  const shares = amounts.map((amount, index) => {
    const product = total * amount;
    const floor = floorDivide(product, sum);
    const cut = product - floor * sum;
    return { index, share: floor, cut: cut < 0n ? -cut : cut };
  });
  let left = total - shares.reduce((all, { share }) => all + share, 0n);
  for (const entry of shares.toSorted((a, b) =>
    a.cut === b.cut ? a.index - b.index : a.cut > b.cut ? -1 : 1,
  )) {
    if (left === 0n) break;
    entry.share += 1n;
    left -= 1n;
  }
  return shares.map(({ share }) => share);
}

function floorDivide(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const isCut = quotient * denominator !== numerator;
  return isCut && numerator < 0n !== denominator < 0n ? quotient - 1n : quotient;
}
