import { z } from "zod";
import { integerField, positiveDecimalField } from "../../catalog/fields.ts";
import { Exact } from "../exact.ts";
import { type QuotientRounding, wholeQuotient } from "../quotient.ts";

/** Decimal places to which a quantity may be rounded; negative ones round to tens, hundreds and so on. */
const MIN_PRECISION = -12;
const MAX_PRECISION = 12;

export const unitConversionField = z
  .strictObject({
    divide_by: positiveDecimalField().optional().describe("The quantity is divided by this."),
    multiply_by: positiveDecimalField().optional().describe("The quantity is multiplied by this."),
    round: z
      .enum(["up", "down", "half_up"])
      .optional()
      .describe("How the converted quantity is rounded; exact where left out."),
    precision: integerField(MIN_PRECISION, MAX_PRECISION)
      .optional()
      .describe("Decimal places of the rounding, 0 where left out; −2 rounds to hundreds."),
  })
  .superRefine((conversion, context) => {
    const { divide_by: divideBy, multiply_by: multiplyBy, round, precision } = conversion;
    const fault = (path: string[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    if (divideBy !== undefined && multiplyBy !== undefined)
      fault(["multiply_by"], "must be left out where divide_by is given");
    if (divideBy === undefined && multiplyBy === undefined && round === undefined)
      fault([], "must have divide_by, multiply_by or round");
    if (precision !== undefined && round === undefined) fault(["precision"], "needs round");
  })
  .optional()
  .describe(
    "Converts the quantity before anything else is done with it: bytes to gigabytes, seconds to minutes.",
  );
export type UnitConversionFields = NonNullable<z.output<typeof unitConversionField>>;

/** A quantity as numerator ÷ denominator. */
export interface ExactRatio {
  readonly units: Exact;
  readonly per: Exact;
}

/** Prepares the conversion of quantities: exact unless it rounds. */
export function compileUnitConversion(fields: UnitConversionFields): (quantity: ExactRatio) => ExactRatio {
  const factor = new Exact(fields.multiply_by ?? "1");
  const divisor = new Exact(fields.divide_by ?? "1");
  const rounding: QuotientRounding | undefined = fields.round;
  if (rounding === undefined)
    return ({ units, per }) => ({ units: units.times(factor), per: per.times(divisor) });
  const precision = fields.precision ?? 0;
  const one = new Exact(1);
  const step = new Exact(10).pow(precision < 0 ? -precision : precision);
  return ({ units, per }) => {
    const numerator = units.times(factor);
    const denominator = per.times(divisor);
    if (precision >= 0)
      return { units: wholeQuotient(numerator.times(step), denominator, rounding), per: step };
    return { units: wholeQuotient(numerator, denominator.times(step), rounding).times(step), per: one };
  };
}
