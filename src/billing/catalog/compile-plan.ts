import type { Commitment } from "../commitments/commitment-schema.ts";
import { type CommitmentContext, compileCommitment } from "../commitments/compile-commitment.ts";
import { currencyExponent } from "../rating/currencies.ts";
import type { CompiledPrice, ContractCommitment } from "./compiled.ts";
import type { Plan } from "./entities.ts";
import { RatedPrice } from "./rated-price.ts";

/** A plan with its prices by meter: shared by all contracts that pin it. */
export interface CompiledPlan {
  readonly currency: string;
  readonly currencyExponent: number;
  readonly prices: ReadonlyMap<string, CompiledPrice>;
  readonly usagePrices: readonly CompiledPrice[];
  readonly flatPrices: readonly CompiledPrice[];
  readonly plan: Plan;
  /** The plan's own, for contracts that add none. */
  readonly commitments: readonly ContractCommitment[];
  commit(commitments: readonly Commitment[]): readonly ContractCommitment[];
}

export function compilePlan(plan: Plan): CompiledPlan {
  const exponent = currencyExponent(plan.currency);
  if (exponent === undefined) throw new RangeError(`unknown currency ${plan.currency}`);
  const prices = plan.prices.map((price) => new RatedPrice(plan, price));
  const context: CommitmentContext = {
    exponent,
    rounding: plan.rounding,
    chargeOf: (key) => {
      const price = prices.find((candidate) => candidate.key === key);
      return price === undefined ? undefined : (units, per) => price.exactCharge(units, per);
    },
  };
  const commit = (commitments: readonly Commitment[]): readonly ContractCommitment[] =>
    commitments
      .map((commitment) => ({ ...compileCommitment(commitment, context), per: commitment.per }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    plan,
    commitments: commit(plan.commitments ?? []),
    commit,
    currency: plan.currency,
    currencyExponent: exponent,
    prices: new Map(
      prices.flatMap((price): [string, CompiledPrice][] =>
        price.meter === undefined ? [] : [[price.meter, price]],
      ),
    ),
    usagePrices: prices.filter((price) => price.meter !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1)),
    flatPrices: prices.filter((price) => price.meter === undefined).sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}
