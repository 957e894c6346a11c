import { z } from "zod";
import {
  integerField,
  nonNegativeDecimalField,
  percentRateField,
  positiveDecimalField,
} from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { usageFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";

const MAX_FREE_EVENTS = 999_999_999;

const schema = z
  .strictObject({
    ...usageFields,
    model: z.literal("percentage"),
    rate_percent: percentRateField().describe("Percent of the amount that the meter adds up."),
    fixed_fee: nonNegativeDecimalField().default("0").describe("Charged for each event that is not free."),
    free_events: integerField(1, MAX_FREE_EVENTS)
      .optional()
      .describe("The first events of each billing period, which are free."),
    free_amount: positiveDecimalField()
      .optional()
      .describe("The first part of each billing period's amount, which is free."),
    min_per_event: nonNegativeDecimalField()
      .optional()
      .describe("Least charge of an event that is not free, fixed fee included."),
    max_per_event: nonNegativeDecimalField()
      .optional()
      .describe("Highest charge of an event, fixed fee included."),
  })
  .superRefine(({ min_per_event: minimum, max_per_event: maximum }, context) => {
    if (minimum === undefined || maximum === undefined || !new Exact(minimum).gt(maximum)) return;
    const message = `must not be less than min_per_event, ${minimum}`;
    context.addIssue({ code: "custom", path: ["max_per_event"], message });
  });

/**
 * A percentage of an amount, and a fee for each event. Free are the first events, or the first part of the amount, or
 * with both no more than either allows; an event that lies in the free part as a whole pays no fee, of one that exceeds
 * it the rest is charged. Limits per event don't apply to refunds (negative amounts).
 *
 * Where the charge follows from the amount and the number of events, no single event is looked at.
 */
export const percentage = definePriceModel("percentage", schema, (price) => {
  const rate = new Exact(price.rate_percent).times("1e-2");
  const fee = new Exact(price.fixed_fee);
  const freeAmount = price.free_amount === undefined ? undefined : new Exact(price.free_amount);
  const freeEvents = price.free_events;
  const minimum = price.min_per_event === undefined ? undefined : new Exact(price.min_per_event);
  const maximum = price.max_per_event === undefined ? undefined : new Exact(price.max_per_event);
  const zero = new Exact(0);

  const needsEachEvent =
    minimum !== undefined ||
    maximum !== undefined ||
    (freeEvents !== undefined && (!rate.isZero() || freeAmount !== undefined)) ||
    (freeAmount !== undefined && !fee.isZero());

  /** Charge of an event, of which `paid` is not free. */
  const eventCharge = (paid: Exact, per: Exact): Exact => {
    const charge = paid.times(rate).plus(fee.times(per));
    if (paid.isNegative()) return charge;
    const lowest = minimum?.times(per);
    if (lowest !== undefined && charge.lt(lowest)) return lowest;
    const highest = maximum?.times(per);
    return highest !== undefined && charge.gt(highest) ? highest : charge;
  };

  if (needsEachEvent) {
    return {
      needsEachEvent,
      // What is free goes by the order of the events, so that no event has a charge of its own.
      ...(freeEvents === undefined && freeAmount === undefined ? { eventCharge } : {}),
      charge(_units, per, { eventQuantities }) {
        if (eventQuantities === undefined)
          throw new RangeError("the price needs the amount of each event, which was not given");
        let charge = zero;
        let free = freeAmount?.times(per);
        for (const [index, amount] of eventQuantities.entries()) {
          const mayBeFree = freeEvents === undefined ? free !== undefined : index < freeEvents;
          if (!mayBeFree || amount.isNegative()) {
            charge = charge.plus(eventCharge(amount, per));
          } else if (free !== undefined) {
            if (amount.gt(free)) charge = charge.plus(eventCharge(amount.minus(free), per));
            free = amount.gt(free) ? zero : free.minus(amount);
          }
        }
        return charge;
      },
    };
  }
  return {
    risesWithQuantity: fee.isZero(),
    charge(units, per, { events }) {
      const free = freeAmount?.times(per);
      const paid =
        free === undefined || units.isNegative() ? units : units.gt(free) ? units.minus(free) : zero;
      const paidEvents = freeEvents === undefined ? events : events - BigInt(freeEvents);
      const charge = paid.times(rate);
      return paidEvents > 0n ? charge.plus(fee.times(paidEvents.toString()).times(per)) : charge;
    },
  };
});
