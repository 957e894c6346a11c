/** Charge of a quantity in minor units; never less for more. */
export type MonotoneCharge = (quantity: bigint) => bigint;

/**
 * Quantities beyond this (up or down) are not searched: 10^40 of a meter's last place is more than its values can add up
 * to (they have at most 34 digits), so a target that is not reached there never is.
 */
export const MAX_SEARCHED_QUANTITY = 10n ** 40n;

/**
 * The least quantity whose charge is at least `target`: undefined where none within the limit is, minus the limit where all
 * are. Exact, by about 2 × log2 of the distance from `near` calls of the charge function, after which one comparison of
 * integers a change suffices.
 * @param chargeOf must be monotone: a price whose total can fall (volume, at a tier's bound) is compared at each change
 * @param near where the search begins: the quantity now
 */
export function thresholdQuantity(
  chargeOf: MonotoneCharge,
  target: bigint,
  near: bigint,
): bigint | undefined {
  const direction = chargeOf(near) < target ? 1n : -1n;
  const limit = direction * MAX_SEARCHED_QUANTITY;
  let last = near;
  let step = 1n;
  for (;;) {
    if (last === limit) return direction > 0n ? undefined : limit;
    const ahead = near + direction * step;
    const next = direction * ahead < MAX_SEARCHED_QUANTITY ? ahead : limit;
    const isBelow = chargeOf(next) < target;
    if (direction > 0n && !isBelow) return bisect(chargeOf, target, last, next);
    if (direction < 0n && isBelow) return bisect(chargeOf, target, next, last);
    last = next;
    step *= 2n;
  }
}

/** @param low charged less than the target; @param high charged the target or more */
function bisect(chargeOf: MonotoneCharge, target: bigint, low: bigint, high: bigint): bigint {
  let [below, reached] = [low, high];
  while (reached - below > 1n) {
    const middle = below + (reached - below) / 2n;
    if (chargeOf(middle) < target) below = middle;
    else reached = middle;
  }
  return reached;
}
