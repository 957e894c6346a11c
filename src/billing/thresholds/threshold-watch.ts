import { type MonotoneCharge, thresholdQuantity } from "./threshold-quantity.ts";
import type { ThresholdTarget } from "./targets.ts";

const NOTHING: readonly ThresholdTarget[] = [];

/**
 * Watches the quantity of one price. Each target is reported once, at the first update at which the charge is at least its
 * amount, also if a correction takes the quantity back later. An update costs one comparison until one is reached.
 */
export class ThresholdWatch {
  readonly #chargeOf: MonotoneCharge;
  readonly #targets: readonly ThresholdTarget[];
  #reported: number;
  /** The quantity at which the next target is reached; undefined: none will be. */
  #nextQuantity: bigint | undefined;

  /**
   * @param targets ascending by amount
   * @param reported how many of them have been reported before (what a checkpoint keeps)
   * @param quantity the quantity now
   */
  constructor(
    chargeOf: MonotoneCharge,
    targets: readonly ThresholdTarget[],
    reported: number,
    quantity: bigint,
  ) {
    this.#chargeOf = chargeOf;
    this.#targets = targets;
    this.#reported = reported;
    this.#search(quantity);
  }

  /** How many targets have been reported. */
  get reported(): number {
    return this.#reported;
  }

  get nextQuantity(): bigint | undefined {
    return this.#nextQuantity;
  }

  /** Targets that are reached by now and were not before. */
  update(quantity: bigint): readonly ThresholdTarget[] {
    if (this.#nextQuantity === undefined || quantity < this.#nextQuantity) return NOTHING;
    const charge = this.#chargeOf(quantity);
    const first = this.#reported;
    while (this.#reported < this.#targets.length && charge >= this.#targets[this.#reported]!.amount)
      this.#reported += 1;
    this.#search(quantity);
    return this.#targets.slice(first, this.#reported);
  }

  #search(quantity: bigint): void {
    const target = this.#targets[this.#reported];
    this.#nextQuantity =
      target === undefined ? undefined : thresholdQuantity(this.#chargeOf, target.amount, quantity);
  }
}
