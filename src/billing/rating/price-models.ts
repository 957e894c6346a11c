import { z } from "zod";
import { graduated } from "./graduated.ts";
import { perUnit } from "./per-unit.ts";
import type { ExactCharge } from "./price-model.ts";

/** The registry: a new price model is one file and one line here. */
const PRICE_MODELS = [perUnit, graduated] as const;

const [firstModel, ...otherModels] = PRICE_MODELS;

/** A price as the catalog has it, told apart by `model`. */
export const priceSchema = z.discriminatedUnion("model", [
  firstModel.schema,
  ...otherModels.map((model) => model.schema),
]);
export type Price = z.output<typeof priceSchema>;

/** Prepares the charge function of a validated price. */
export function compilePrice(price: Price): ExactCharge {
  const model = PRICE_MODELS.find(({ name }) => name === price.model);
  if (model === undefined) throw new RangeError(`unknown price model ${price.model}`);
  return model.compile(price);
}
