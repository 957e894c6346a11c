import { dividedUp, type ThresholdTarget } from "./targets.ts";
import { type MonotoneCharge, thresholdQuantity } from "./threshold-quantity.ts";

interface WatchedPrice {
  readonly chargeOf: MonotoneCharge;
  quantity: bigint;
  /** Below it the price can't be the reason that a target is reached; undefined: it never can. */
  nextQuantity: bigint | undefined;
}

const NOTHING: readonly ThresholdTarget[] = [];

/**
 * Watches what several prices come to together, as one commitment or balance for a whole contract does. What is missing to
 * the next target is shared out evenly: while no price uses up its share, the target can't be reached. So an update costs
 * one comparison; only a price that has used up its share has all charges added up, and the rest shared out again.
 */
export class SharedWatch {
  readonly #prices: readonly WatchedPrice[];
  readonly #targets: readonly ThresholdTarget[];
  #reported: number;

  /**
   * @param targets ascending by amount; each is reported once
   * @param reported how many of them have been reported before (what a checkpoint keeps)
   * @param prices charge functions and quantities now; an update names a price by its place here
   */
  constructor(
    prices: readonly { readonly chargeOf: MonotoneCharge; readonly quantity: bigint }[],
    targets: readonly ThresholdTarget[],
    reported: number,
  ) {
    this.#prices = prices.map(({ chargeOf, quantity }) => ({ chargeOf, quantity, nextQuantity: undefined }));
    this.#targets = targets;
    this.#reported = reported;
    this.#shareOut(this.#total());
  }

  get reported(): number {
    return this.#reported;
  }

  /** Targets that are reached by now and were not before. Throws RangeError for a place without a price. */
  update(place: number, quantity: bigint): readonly ThresholdTarget[] {
    const price = this.#prices[place];
    if (price === undefined) throw new RangeError(`no price at place ${place}`);
    price.quantity = quantity;
    if (price.nextQuantity === undefined || quantity < price.nextQuantity) return NOTHING;
    const total = this.#total();
    const first = this.#reported;
    while (this.#reported < this.#targets.length && total >= this.#targets[this.#reported]!.amount)
      this.#reported += 1;
    this.#shareOut(total);
    return this.#targets.slice(first, this.#reported);
  }

  #total(): bigint {
    return this.#prices.reduce((sum, { chargeOf, quantity }) => sum + chargeOf(quantity), 0n);
  }

  #shareOut(total: bigint): void {
    const target = this.#targets[this.#reported];
    const missing = target === undefined ? 0n : target.amount - total;
    for (const price of this.#prices) {
      if (target === undefined) {
        price.nextQuantity = undefined;
      } else {
        // Reached already (before it could be reported): any update tells.
        const share = missing > 0n ? dividedUp(missing, BigInt(this.#prices.length)) : 0n;
        const amount = price.chargeOf(price.quantity) + share;
        price.nextQuantity =
          missing > 0n ? thresholdQuantity(price.chargeOf, amount, price.quantity) : NEVER_BELOW;
      }
    }
  }
}

/** No quantity is less. */
const NEVER_BELOW = -(10n ** 60n);
