import { z } from "zod";
import { keyField } from "../catalog/fields.ts";
import type { Exact } from "./exact.ts";

/** Fields that the prices of every model have. */
export const priceFields = {
  key: keyField().describe("Names the price within its plan."),
  product: keyField().describe("Key of the product that the charge is booked under."),
  meter: keyField().describe("Key of the meter whose quantity is priced."),
};

/**
 * Charge of the cumulative quantity `units` ÷ `per`, given as charge × `per`: no division takes place, so the result is
 * exact also for quantities that have no finite decimal form (level-milliseconds as level-hours). A model multiplies its
 * own bounds and fees by `per` instead.
 */
export type ExactCharge = (units: Exact, per: Exact) => Exact;

/** A way to price a quantity: one file each, listed in price-models.ts, made by `definePriceModel`. */
export interface PriceModel<Schema extends z.ZodObject> {
  /** Value of the field `model` that selects it. */
  readonly name: string;
  /** Strict object of `priceFields`, `model` as a literal, and what the model needs; reports all its faults. */
  readonly schema: Schema;
  /** Prepares the charge function of one price of the model; throws ZodError for anything else. */
  compile(price: unknown): ExactCharge;
}

export function definePriceModel<Schema extends z.ZodObject>(
  name: string,
  schema: Schema,
  compile: (price: z.output<Schema>) => ExactCharge,
): PriceModel<Schema> {
  return { name, schema, compile: (price) => compile(schema.parse(price)) };
}
