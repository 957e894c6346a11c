import { z } from "zod";
import { integerField, keyField, nonNegativeDecimalField } from "../catalog/fields.ts";

const hoursSchema = z
  .strictObject({
    from: integerField(0, 23).describe("First hour of the day, in the contract's time zone."),
    to: integerField(1, 24).describe("Hour before which it ends; below `from` it reaches over midnight."),
  })
  .refine(({ from, to }) => from !== to, { path: ["to"], error: "must differ from `from`" });

/**
 * A minimum that a contract commits to: as an amount of its currency, or as a quantity of one price. It is checked
 * against the charges of one billing period, or (`per: window`) of every window of a price by itself.
 */
export const commitmentSchema = z
  .strictObject({
    key: keyField().describe("Names the commitment within its plan or contract."),
    amount: nonNegativeDecimalField().optional().describe("Committed amount in currency units."),
    quantity: nonNegativeDecimalField()
      .optional()
      .describe("Committed quantity of one price; worth what the price charges for it."),
    prices: z
      .array(keyField())
      .default([])
      .describe("Keys of the prices whose charges count; none: those of the whole contract."),
    counts: z
      .array(z.enum(["recurring", "usage"]))
      .min(1, "must name at least one kind of charge")
      .default(["recurring", "usage"])
      .describe("Kinds of charges that count towards the commitment."),
    overage_factor: nonNegativeDecimalField()
      .default("1")
      .describe("What usage beyond the commitment is multiplied with."),
    true_up: z.boolean().default(true).describe("Whether what is missing is charged at the end."),
    prorate: z
      .enum(["days", "none"])
      .default("days")
      .describe("Whether a period that is covered in part commits to its days' share."),
    per: z.enum(["period", "window"]).default("period"),
    hours: hoursSchema.optional().describe("Windows that it is for; none: those that no other is for."),
  })
  .superRefine((commitment, context) => {
    const fault = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    if ((commitment.amount === undefined) === (commitment.quantity === undefined))
      fault("amount", "either amount or quantity is required, not both");
    if (commitment.quantity !== undefined && commitment.prices.length !== 1)
      fault("prices", "must name exactly one price for a quantity");
    if (commitment.per === "window" && commitment.prices.length !== 1)
      fault("prices", "must name exactly one price for a commitment per window");
    if (commitment.hours !== undefined && commitment.per !== "window")
      fault("hours", "are for commitments per window");
    if (commitment.overage_factor === "0") fault("overage_factor", "must be greater than 0");
    if (new Set(commitment.prices).size !== commitment.prices.length) fault("prices", "names a price twice");
    if (new Set(commitment.counts).size !== commitment.counts.length) fault("counts", "names a kind twice");
  });

/** A commitment as the catalog has it. */
export type Commitment = z.output<typeof commitmentSchema>;
