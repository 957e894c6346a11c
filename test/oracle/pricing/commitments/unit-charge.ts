import type { UnitsCharge } from "../../../../src/billing/commitments/compile-commitment.ts";
import { compilePrice, priceSchema } from "../../../../src/billing/rating/price-models.ts";

const FIELDS = { key: "p", product: "p", meter: "p" };

/** The charge function of a price as the catalog has it, made from the fields of its model. */
export function chargeOfPrice(fields: Readonly<Record<string, unknown>>): UnitsCharge {
  const line = compilePrice(priceSchema.parse({ ...FIELDS, ...fields }));
  return (units, per) => line.charge(units, per);
}
