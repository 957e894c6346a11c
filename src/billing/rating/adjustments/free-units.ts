import type { z } from "zod";
import { nonNegativeDecimalField } from "../../catalog/fields.ts";
import { Exact } from "../exact.ts";
import type { ExactRatio } from "./unit-conversion.ts";

export const freeUnitsField = nonNegativeDecimalField()
  .optional()
  .describe("Units of each billing period that cost nothing, counted after the conversion and its rounding.");

/** Takes the free units off: never below zero, and not from a negative quantity, which is a credit. */
export function compileFreeUnits(
  fields: NonNullable<z.output<typeof freeUnitsField>>,
): (quantity: ExactRatio) => ExactRatio {
  const free = new Exact(fields);
  const zero = new Exact(0);
  return (quantity) => {
    if (quantity.units.lte(0)) return quantity;
    const rest = quantity.units.minus(free.times(quantity.per));
    return { units: rest.isNegative() ? zero : rest, per: quantity.per };
  };
}
