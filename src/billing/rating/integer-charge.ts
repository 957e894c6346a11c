import { powerOfTen } from "../../model/decimal.ts";
import { placesOf, scaledInteger } from "../decimal-text.ts";

/**
 * A charge in integers alone, for windows that are rated by the million: equal to `ExactCharge` of the same model, of which
 * it is a faster form. Only for models whose charge depends on the quantity alone and needs no division.
 */
export interface IntegerCharge {
  /** What the charge is a numerator over, besides the `per` of the call. */
  readonly unit: bigint;
  /** Charge of `units` ÷ `per` in currency units, times `unit` × `per`. */
  charge(units: bigint, per: bigint): bigint;
}

/** Decimals as the catalog has them, like the fields of `compileTier`. */
interface TierDecimals {
  readonly up_to: string | null;
  readonly unit_price: string;
  readonly flat_fee: string;
  readonly maximum_amount?: string | undefined;
}

/** `graduatedCharges` added up, see there for the rules. */
export function integerTiers(tiers: readonly TierDecimals[], chargesZero: boolean): IntegerCharge {
  const boundPlaces = placesOf(tiers.map((tier) => tier.up_to));
  const ratePlaces = placesOf(tiers.map((tier) => tier.unit_price));
  const amountPlaces = placesOf(tiers.flatMap((tier) => [tier.flat_fee, tier.maximum_amount]));
  const chargePlaces = boundPlaces + ratePlaces;
  const places = chargePlaces > amountPlaces ? chargePlaces : amountPlaces;
  const scaled = tiers.map((tier) => ({
    bound: tier.up_to === null ? undefined : scaledInteger(tier.up_to, boundPlaces),
    rate: scaledInteger(tier.unit_price, places - boundPlaces),
    flatFee: scaledInteger(tier.flat_fee, places),
    cap: tier.maximum_amount === undefined ? undefined : scaledInteger(tier.maximum_amount, places),
  }));
  const boundUnit = powerOfTen(boundPlaces);
  return {
    unit: powerOfTen(places),
    charge(units, per) {
      const quantity = units * boundUnit;
      let sum = 0n;
      let lower = 0n;
      for (const { bound, rate, flatFee, cap } of scaled) {
        const upper = bound === undefined ? undefined : bound * per;
        const endsHere = upper === undefined || quantity <= upper;
        let charge = ((endsHere ? quantity : upper) - lower) * rate;
        // A tier behind the first one is only reached by what exceeds its lower bound.
        if (quantity > lower || chargesZero) charge += flatFee * per;
        if (cap !== undefined && charge > cap * per) charge = cap * per;
        sum += charge;
        if (endsHere) break;
        lower = upper;
      }
      return sum;
    },
  };
}

/** Every unit at one price. */
export function integerUnitPrice(unitPrice: string): IntegerCharge {
  return integerTiers([{ up_to: null, unit_price: unitPrice, flat_fee: "0" }], false);
}
