import { type ChargeFigures, WHOLE_PERIOD } from "../charge-input.ts";
import { Exact } from "../exact.ts";
import type { IntegerCharge } from "../integer-charge.ts";
import type { CompiledModel } from "../price-model.ts";
import { compileDiscounts, type DiscountFields, type Discounting } from "./discounts.ts";
import { compileFreeUnits } from "./free-units.ts";
import { compileSpendLimits, type SpendLimiting, type SpendLimits } from "./spend-limits.ts";
import { compileUnitConversion, type ExactRatio, type UnitConversionFields } from "./unit-conversion.ts";

/** Fields of any price that the steps around its model read. */
export interface AdjustedPrice extends SpendLimits {
  readonly discounts?: DiscountFields | undefined;
  readonly unit_conversion?: UnitConversionFields | undefined;
  readonly free_units?: string | undefined;
  readonly rate_per?: "period" | "window";
}

/** The charge of a period step by step; each a numerator over `per`, each what is left after the step. */
export interface LineCharge {
  /** What the model charges. */
  readonly usage: Exact;
  readonly discounted: Exact;
  readonly capped: Exact;
  /** What is to be charged. */
  readonly total: Exact;
  readonly per: Exact;
}

const ZERO = new Exact(0);

/**
 * A price as a whole: its model with the steps before and behind it, always in this order:
 * 1. conversion of the quantity, with its rounding; 2. free units; 3. the model; 4. discounts; 5. maximum; 6. minimum
 * (once the period has ended). Rounding of money is no step of it.
 */
export class PricedLine {
  readonly model: CompiledModel;
  readonly ratedPer: "period" | "window";
  /** The whole charge of a period in integers; undefined where the price has a step before or behind its model. */
  readonly integerCharge: IntegerCharge | undefined;
  readonly #quantitySteps: readonly ((quantity: ExactRatio) => ExactRatio)[];
  readonly #discount: Discounting | undefined;
  readonly #limit: SpendLimiting;
  readonly #ratedAtPeriodEnd: boolean;

  constructor(model: CompiledModel, price: AdjustedPrice) {
    this.model = model;
    this.ratedPer = price.rate_per ?? "period";
    this.#quantitySteps = [
      ...(price.unit_conversion === undefined ? [] : [compileUnitConversion(price.unit_conversion)]),
      ...(price.free_units === undefined ? [] : [compileFreeUnits(price.free_units)]),
    ];
    this.#discount = price.discounts === undefined ? undefined : compileDiscounts(price.discounts);
    this.#limit = compileSpendLimits(price);
    this.#ratedAtPeriodEnd = model.ratedAtPeriodEnd === true;
    const isModelAlone =
      this.ratedPer === "period" &&
      !this.#ratedAtPeriodEnd &&
      this.#quantitySteps.length === 0 &&
      price.discounts === undefined &&
      price.minimum_amount === undefined &&
      price.maximum_amount === undefined;
    this.integerCharge = isModelAlone ? model.integerCharge : undefined;
  }

  /** The quantity that is priced: converted, rounded, free units off. */
  billedQuantity(units: Exact, per: Exact): ExactRatio {
    return this.#quantitySteps.reduce((quantity, step) => step(quantity), { units, per });
  }

  /**
   * What the model charges for the cumulative quantity `units` ÷ `per`. Its own `per` depends on the one that is given
   * alone, so charges of one meter can be added up. A window is priced like a whole period of its own.
   */
  usage(units: Exact, per: Exact, figures: ChargeFigures = WHOLE_PERIOD): { charge: Exact; per: Exact } {
    const billed = this.billedQuantity(units, per);
    if (this.#ratedAtPeriodEnd && !figures.periodEnded) return { charge: ZERO, per: billed.per };
    return { charge: this.model.charge(billed.units, billed.per, figures), per: billed.per };
  }

  /** Discounts and limits of a period's usage charge. */
  line(usage: Exact, per: Exact, periodEnded: boolean): LineCharge {
    const discounted = this.#discount === undefined ? usage : this.#discount(usage, per);
    return { usage, discounted, per, ...this.#limit(discounted, per, periodEnded) };
  }

  /** The whole charge of the cumulative quantity `units` ÷ `per` of a period. */
  charge(units: Exact, per: Exact, figures: ChargeFigures = WHOLE_PERIOD): LineCharge {
    const usage = this.usage(units, per, figures);
    return this.line(usage.charge, usage.per, figures.periodEnded);
  }
}
