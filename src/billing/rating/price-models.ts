import { z } from "zod";
import { type AdjustedPrice, PricedLine } from "./adjustments/priced-line.ts";
import { spendLimitsFault } from "./adjustments/spend-limits.ts";
import { capacity } from "./capacity.ts";
import { dynamic } from "./dynamic.ts";
import { flat } from "./flat.ts";
import { graduatedPercentage } from "./graduated-percentage.ts";
import { graduated } from "./graduated.ts";
import { matrix } from "./matrix.ts";
import { packaged } from "./package.ts";
import { perUnit } from "./per-unit.ts";
import { percentage } from "./percentage.ts";
import { tieredBlocks } from "./tiered-blocks.ts";
import { volume } from "./volume.ts";

/** The registry: a new price model is one file and one line here. */
const PRICE_MODELS = [
  flat,
  perUnit,
  graduated,
  volume,
  packaged,
  tieredBlocks,
  percentage,
  graduatedPercentage,
  dynamic,
  matrix,
  capacity,
] as const;

const [firstModel, ...otherModels] = PRICE_MODELS;

/** A price as the catalog has it, told apart by `model`. */
export const priceSchema = z
  .discriminatedUnion("model", [firstModel.schema, ...otherModels.map((model) => model.schema)])
  .superRefine((price, context) => {
    const message = "meter" in price ? spendLimitsFault(price) : undefined;
    if (message !== undefined) context.addIssue({ code: "custom", path: ["maximum_amount"], message });
  });
export type Price = z.output<typeof priceSchema>;

/** Names of all models, in the order of the registry. */
export const PRICE_MODEL_NAMES: readonly string[] = PRICE_MODELS.map(({ name }) => name);

/** Prepares a validated price. */
export function compilePrice(price: Price): PricedLine {
  const model = PRICE_MODELS.find(({ name }) => name === price.model);
  if (model === undefined) throw new RangeError(`unknown price model ${price.model}`);
  const adjusted: AdjustedPrice = price;
  return new PricedLine(model.compile(price), adjusted);
}
