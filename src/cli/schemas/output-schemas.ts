import { z } from "zod";

/** The canonical outputs as schemas; a test holds them equal to the types of src/model/outputs.ts. */

const instant = () => z.iso.datetime().meta({ description: "RFC 3339, UTC." });
const decimal = (description: string) =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .meta({ description });

export const ratedAggregateSchema = z
  .strictObject({
    kind: z.enum(["window", "refinement", "adjustment", "reversal", "period"]).meta({
      description:
        "window: a window is complete; refinement: a late event changed a complete window of an open billing period; " +
        "adjustment: of a closed one; reversal: an event was taken back from a window that is not kept any more, value and " +
        "events are what that changes; period: a billing period closed.",
    }),
    account: z.string().meta({ description: "Billing account." }),
    meter: z.string().meta({ description: "Key of the meter." }),
    group: z
      .record(z.string(), z.string())
      .meta({ description: "Group-by dimensions by name; empty for kind period." }),
    start: instant(),
    end: instant(),
    value: decimal(
      "Value of the window or period so far: the corrected total, not a difference (but for kind reversal).",
    ),
    events: z.int().meta({ description: "Events in it; below 0 for kind reversal alone." }),
    revision: z.int().min(1).meta({ description: "1 for the first emission, then 2, 3 …" }),
    contract: z.string().meta({ description: "Id of the contract." }),
    periodStart: instant(),
    periodEnd: instant(),
    price: z
      .string()
      .nullable()
      .meta({ description: "Price that the amounts follow from; null without one." }),
    catalogVersion: z.string().meta({ description: "SHA-256 of the canonical catalog." }),
    currency: z.string().meta({ description: "ISO 4217 code." }),
    amount: decimal("What this emission adds to the charge, in currency units; may be negative.").nullable(),
    amountToDate: decimal("Charge of the price in the period up to and with this emission.").nullable(),
    quantityToDate: decimal("Quantity of the price in the period up to and with this emission."),
  })
  .meta({ title: "Rated aggregate", description: "Data of an event on RATED, and a line of the file sink." });

const alertMembers = {
  account: z.string().meta({ description: "Billing account." }),
  contract: z.string().meta({ description: "Id of the contract." }),
  percent: z.int().min(0).meta({ description: "Level that was reached." }),
  sequence: z.int().min(0).meta({ description: "Number of the usage message that reached it." }),
  index: z.int().min(-1).meta({
    description: "Place of the event in the message; -1 where a decision or a late rating is the reason.",
  }),
  time: instant().meta({ description: "When the message was stored." }),
  catalogVersion: z.string().meta({ description: "SHA-256 of the canonical catalog." }),
};

const invoiceAlertMembers = {
  account: z.string().meta({ description: "Billing account." }),
  customer: z.string().meta({ description: "Id of the customer." }),
  legalEntity: z.string(),
  connection: z.string().meta({ description: "ERP connection that told." }),
  key: z.string().meta({ description: "Key of the document in the connection, like invoice:DE-000042." }),
  currency: z.string().meta({ description: "ISO 4217 code." }),
  openAmount: decimal("What is still to be paid, in currency units."),
  dueDate: z.iso.date(),
  time: instant().meta({ description: "When it was decided." }),
};

export const usageAlertSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("commitment").meta({ description: "So many percent of a commitment are used." }),
    ...alertMembers,
    commitment: z.string().meta({ description: "Key of the commitment." }),
    periodStart: instant(),
    periodEnd: instant(),
    committed: decimal("What is committed for the period, in currency units."),
    counted: decimal("Charges that count towards it so far, those of open hours included."),
    currency: z.string().meta({ description: "ISO 4217 code." }),
  }),
  z.strictObject({
    kind: z.literal("credits").meta({ description: "No more than so many percent of the credits are left." }),
    ...alertMembers,
    granted: decimal("What the grants that pay now were given."),
    left: decimal("What would be left if all usage so far were paid."),
    currency: z.string().nullable().meta({ description: "ISO 4217 code; null for credits of a meter." }),
    meter: z.string().nullable().meta({ description: "Meter whose quantity it is; null for money." }),
  }),
]);

export const alertSchema = z
  .discriminatedUnion("kind", [
    ...usageAlertSchema.options,
    z.strictObject({
      kind: z
        .literal("payment")
        .meta({ description: "What the ERP says of an invoice's payment has changed." }),
      ...invoiceAlertMembers,
      status: z.enum(["open", "partly-paid", "paid", "void"]),
      total: decimal("What the invoice comes to."),
    }),
    z.strictObject({
      kind: z
        .literal("dunning")
        .meta({ description: "An overdue invoice has come to another stage of dunning." }),
      ...invoiceAlertMembers,
      stage: z.string().nullable().meta({ description: "Name of the stage; null: in none any more." }),
      daysPastDue: z.int().min(0).meta({ description: "Full days past due." }),
    }),
  ])
  .meta({ title: "Alert", description: "Data of an event on ALERTS." });

export const deadLetterSchema = z
  .strictObject({
    stage: z.string().meta({ description: "Stage that refused it: decode, validate …" }),
    reason: z.string().meta({ description: "Name of the reason." }),
    partition: z.int().min(0),
    sequence: z.int().min(1).meta({ description: "Number of the usage message in its partition." }),
    index: z.int().min(-1).meta({
      description: "Place of the event in the message; -1 where the whole message could not be decoded.",
    }),
    region: z.string(),
    arrival: instant(),
    contentType: z.string(),
    event: z.string().meta({ description: "The event as CloudEvents JSON." }).exactOptional(),
    messageBase64: z
      .string()
      .meta({ description: "The message's bytes where it could not be decoded." })
      .exactOptional(),
  })
  .meta({ title: "Dead letter", description: "Data of an event on DLQ." });

/** As it is published: a letter too large for the broker goes without its payload. */
export const publishedDeadLetterSchema = deadLetterSchema
  .extend({
    payloadOmittedBytes: z
      .int()
      .meta({
        description:
          "In place of a payload that is too large: its bytes. The message stands in the usage log.",
      })
      .exactOptional(),
  })
  .meta({ title: "Dead letter", description: "Data of an event on DLQ." });
