import type { z } from "zod";
import type { Exact } from "./exact.ts";
import type { ExactCharge } from "./charge-input.ts";
import type { IntegerCharge } from "./integer-charge.ts";

/** A price of a model, ready to charge with. Numerators are over the `per` of the call, as in `ExactCharge`. */
export interface CompiledModel {
  readonly charge: ExactCharge;
  /** The same charge in integers, where the model has that form. */
  readonly integerCharge?: IntegerCharge;
  /** The charge depends on the quantity alone and never falls when it rises: what thresholds are calculated by. */
  readonly risesWithQuantity?: boolean;
  /** Charges nothing before the period has ended, because more usage can make the whole cheaper. */
  readonly ratedAtPeriodEnd?: boolean;
  /** The charge of each tier, in order; they add up to the charge. */
  readonly tierCharges?: (units: Exact, per: Exact) => readonly Exact[];
  /** What is counted instead of units, like whole packages. */
  readonly billedUnits?: (units: Exact, per: Exact) => Exact;
  /** Names the part of the quantity that a group of the meter counts in; the model then reads `figures.parts`. */
  readonly partOf?: (group: Readonly<Record<string, string>>) => string;
  /** The model reads `figures.eventQuantities` and charges nothing meaningful without. */
  readonly needsEachEvent?: boolean;
  /** The charge of one event's amount, where that of many is the sum of theirs. */
  readonly eventCharge?: (amount: Exact, per: Exact) => Exact;
}

/** A way to price a quantity: one file each, listed in price-models.ts, made by `definePriceModel`. */
export interface PriceModel<Schema extends z.ZodObject> {
  /** Value of the field `model` that selects it. */
  readonly name: string;
  /** Strict object of fields from price-fields.ts, `model` as a literal, and what the model needs; reports all its faults. */
  readonly schema: Schema;
  /** Prepares one price of the model; throws ZodError for anything else. */
  compile(price: unknown): CompiledModel;
}

export function definePriceModel<Schema extends z.ZodObject>(
  name: string,
  schema: Schema,
  compile: (price: z.output<Schema>) => CompiledModel,
): PriceModel<Schema> {
  return { name, schema, compile: (price) => compile(schema.parse(price)) };
}
