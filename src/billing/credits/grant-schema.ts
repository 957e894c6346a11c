import { z } from "zod";
import {
  durationField,
  durationMs,
  integerField,
  keyField,
  nonNegativeDecimalField,
  textField,
} from "../catalog/fields.ts";
import { DECIMAL_PATTERN } from "../decimal-text.ts";
import { isLess, ratio, ratioOfDecimal, times } from "../ratio.ts";
import type { GrantTerms, Rollover } from "./grant-terms.ts";

const MAX_PRIORITY = 255;
const MAX_RECURRENCE_COUNT = 1000;

const instantField = () => z.string().describe("A date or an RFC 3339 time with its offset.");

const recurrenceSchema = z.strictObject({
  unit: z.enum(["day", "week", "month", "year"]),
  count: integerField(1, MAX_RECURRENCE_COUNT).default(1),
  anchor: instantField()
    .optional()
    .describe("A moment of recurrence; left out: when the grant is effective."),
});

const rolloverSchema = z
  .strictObject({
    at: z.enum(["recurrence", "period_end", "expiry"]),
    minimum: nonNegativeDecimalField().default("0").describe("Less than this is filled up."),
    maximum: nonNegativeDecimalField().describe("More than this expires."),
    extension: durationField().optional().describe("How much longer the grant lives; for expiry only."),
  })
  .superRefine(({ at, minimum, maximum, extension }, context) => {
    const fault = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    // Refinements run beside those of the fields: what is no decimal has a fault already.
    if (DECIMAL_PATTERN.test(minimum) && DECIMAL_PATTERN.test(maximum)) {
      if (isLess(ratioOfDecimal(maximum), ratioOfDecimal(minimum)))
        fault("maximum", `must be at least the minimum, ${minimum}`);
    }
    if (at === "expiry" && extension === undefined) fault("extension", "is required at expiry");
    if (at !== "expiry" && extension !== undefined) fault("extension", "is for rollover at expiry only");
  });

/** A prepaid grant of credits, in the contract's currency or in the quantity of one meter. */
export const creditGrantSchema = z
  .strictObject({
    id: textField().describe("Names the grant within its account for ever."),
    amount: nonNegativeDecimalField(),
    unit: z.enum(["currency", "quantity"]).default("currency"),
    priority: integerField(0, MAX_PRIORITY).optional().describe("Lower ones are used first; none: last."),
    created: instantField().optional().describe("Decides between equals; left out: when it is effective."),
    effective: instantField(),
    expires: instantField().optional().describe("First moment at which it pays no more."),
    voided: instantField()
      .optional()
      .describe("Moment from which what is left of it can't be used any more: the grant was taken back."),
    products: z.array(keyField()).default([]).describe("Products that it pays for; none: all."),
    meters: z.array(keyField()).default([]).describe("Meters that it pays for; none: all."),
    recurrence: recurrenceSchema.optional(),
    rollover: rolloverSchema.optional(),
  })
  .superRefine((grant, context) => {
    const fault = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    if (grant.unit === "quantity" && grant.meters.length !== 1)
      fault("meters", "must name exactly one meter for a quantity");
    if (grant.rollover?.at === "recurrence" && grant.recurrence === undefined)
      fault("rollover", "at recurrence needs a recurrence");
    if (grant.rollover?.at === "expiry" && grant.expires === undefined)
      fault("rollover", "at expiry needs expires");
  });

/** A grant as the catalog has it. */
export type CreditGrant = z.output<typeof creditGrantSchema>;

/** What a grant has to know of its contract. */
export interface GrantContext {
  readonly timeZone: string;
  /** Decimal places of the ledger's unit: the currency's ISO 4217 digits, or the meter's scale. */
  readonly scale: number;
  /** Milliseconds of a date or time of the catalog, read in the time zone; undefined where it is none. */
  instantMs(text: string): number | undefined;
}

/** Prepares a valid grant. Throws RangeError for a time that is none and for an amount of more places than the unit has. */
export function compileGrant(grant: CreditGrant, context: GrantContext): GrantTerms {
  const instant = (text: string): number => {
    const timeMs = context.instantMs(text);
    if (timeMs === undefined)
      throw new RangeError(`grant ${grant.id}: ${JSON.stringify(text)} is not a time`);
    return timeMs;
  };
  const units = (decimal: string): bigint => {
    const { numerator, denominator } = times(ratioOfDecimal(decimal), ratio(10n ** BigInt(context.scale)));
    if (denominator !== 1n)
      throw new RangeError(`grant ${grant.id}: ${decimal} has more than ${context.scale} decimal places`);
    return numerator;
  };
  const effectiveMs = instant(grant.effective);
  const expiresMs = grant.expires === undefined ? undefined : instant(grant.expires);
  if (expiresMs !== undefined && expiresMs <= effectiveMs)
    throw new RangeError(`grant ${grant.id} expires before it is effective`);
  return {
    id: grant.id,
    amount: units(grant.amount),
    openingAmount: undefined,
    priority: grant.priority,
    createdMs: grant.created === undefined ? effectiveMs : instant(grant.created),
    effectiveMs,
    expiresMs,
    products: grant.products,
    meters: grant.meters,
    recurrence:
      grant.recurrence === undefined
        ? undefined
        : {
            unit: grant.recurrence.unit,
            count: grant.recurrence.count,
            anchorMs: grant.recurrence.anchor === undefined ? effectiveMs : instant(grant.recurrence.anchor),
            timeZone: context.timeZone,
          },
    rollover: grant.rollover === undefined ? undefined : compileRollover(grant.rollover, units),
  };
}

function compileRollover(
  rollover: NonNullable<CreditGrant["rollover"]>,
  units: (decimal: string) => bigint,
): Rollover {
  return {
    at: rollover.at,
    minimum: units(rollover.minimum),
    maximum: units(rollover.maximum),
    extensionMs: rollover.extension === undefined ? 0 : durationMs(rollover.extension),
  };
}
