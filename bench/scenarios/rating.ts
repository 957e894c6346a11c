import { benchRating } from "../rating/rating-bench.ts";
import { sized, type Scenario, type ScenarioResult } from "./scenario.ts";

const NAME = "rating";
const QUANTITIES = 200_000;
const WARM_UP_QUANTITIES = 20_000;

/** Charges of cumulative quantities, by price model, on one core. */
export const rating: Scenario = {
  name: NAME,
  isInSmoke: true,
  run: (context) => Promise.resolve(measure(sized(context, QUANTITIES, 2_000))),
};

function measure(quantities: number): ScenarioResult {
  const hashes: Record<string, string> = {};
  const perSecond = (model: Parameters<typeof benchRating>[0]): number => {
    benchRating(model, Math.min(WARM_UP_QUANTITIES, quantities));
    const result = benchRating(model, quantities);
    hashes[`${NAME}: ${model}`] = result.hash;
    return result.perSecond;
  };
  return {
    figures: {
      ratingPerUnit: perSecond("per_unit"),
      ratingGraduated: perSecond("graduated"),
      ratingVolume: perSecond("volume"),
      ratingPackage: perSecond("package"),
    },
    hashes,
    parameters: { [`${NAME}: quantities`]: quantities },
  };
}
