import { z } from "zod";
import {
  MAPPING_TABLES,
  POSTING_KINDS,
  POSTING_SCHEMA_VERSION,
  POSTING_STATES,
} from "../../model/posting.ts";

/** What stands on COMMANDS and POSTINGS of an ERP connection as schemas; a test holds them equal to the types of src/model/posting.ts. */

const decimal = (description = "In currency units.") =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .meta({ description });
const day = () => z.iso.date();
const instant = () => z.iso.datetime().meta({ description: "RFC 3339, UTC." });
const hash = (description: string) =>
  z
    .string()
    .regex(/^([0-9a-f]{64})?$/)
    .meta({ description });
const texts = () => z.record(z.string(), z.string());
const currency = () => z.string().meta({ description: "ISO 4217 code." });

const customer = z.strictObject({
  kind: z.literal("customer"),
  customer: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  taxId: z.string().nullable().meta({ description: "Tax number of a business." }),
  address: z.strictObject({
    street: z.string().nullable(),
    city: z.string().nullable(),
    region: z.string().nullable(),
    postalCode: z.string().nullable(),
    country: z.string().nullable().meta({ description: "ISO 3166 alpha-2 code." }),
  }),
  legalEntity: z.string(),
  currency: currency(),
  paymentDays: z.int().min(0).meta({ description: "Days until an invoice is due." }),
});

const tax = z.strictObject({
  key: z.string().meta({ description: "Key of the mapping table tax." }),
  name: z.string(),
  jurisdiction: z.string(),
  percent: decimal("Percent."),
  basis: decimal("What it is worked out of: the line's net amount."),
  amount: decimal(),
});

const line = z.strictObject({
  line: z.int().min(1),
  kind: z.enum(["charge", "credits"]).meta({ description: "credits: prepaid credits that paid." }),
  item: z.string().meta({ description: "Key of the mapping table item." }),
  meter: z.string().nullable(),
  description: z.string(),
  quantity: decimal("What was counted, for people; never multiplied.").nullable(),
  net: decimal("After discounts, without tax; authoritative."),
  tax: decimal(),
  taxes: z.array(tax).readonly(),
  periodStart: day(),
  periodEnd: day().meta({ description: "The first day that is no part of it." }),
  adjusts: z.string().nullable().meta({ description: "Number of the document that it corrects." }),
  dimensions: texts(),
});

const invoice = z.strictObject({
  kind: z.enum(["invoice", "credit-memo"]),
  document: z.string().meta({ description: "Id of the document in its partition." }),
  number: z.string(),
  legalEntity: z.string(),
  customer: z.string(),
  account: z.string(),
  contract: z.string(),
  currency: currency(),
  issueDate: day(),
  dueDate: day(),
  periodStart: day(),
  periodEnd: day(),
  lines: z.array(line).readonly(),
  net: decimal(),
  tax: decimal(),
  total: decimal("Σ net + Σ tax, exactly; of a credit memo what it gives back, positive."),
  corrects: z.strictObject({ key: z.string(), number: z.string() }).nullable(),
  memo: z.string(),
});

const journal = z.strictObject({
  kind: z.literal("journal"),
  legalEntity: z.string(),
  currency: currency(),
  date: day(),
  reversalDate: day().nullable().meta({ description: "Day on which the ERP reverses it by itself." }),
  lines: z
    .array(
      z.strictObject({
        line: z.int().min(1),
        account: z.string().meta({ description: "Key of the mapping table account." }),
        debit: decimal("Exactly one of debit and credit is not null, and positive.").nullable(),
        credit: decimal().nullable(),
        dimensions: texts(),
        memo: z.string(),
      }),
    )
    .readonly(),
  memo: z.string(),
  reverses: z.string().nullable().meta({ description: "Key of the journal that it reverses." }),
});

const schemaVersion = z.literal(POSTING_SCHEMA_VERSION);

export const postingCommandSchema = z
  .strictObject({
    schemaVersion,
    connection: z.string(),
    kind: z.enum(POSTING_KINDS),
    key: z.string().min(1).meta({ description: "Stands for one document of the connection for ever." }),
    revision: z.int().min(1),
    partition: z.int().min(0),
    orderKey: z
      .string()
      .meta({ description: "Commands with the same one are posted in the order of the stream." }),
    after: z
      .array(z.string())
      .readonly()
      .meta({ description: "Keys that must be confirmed before it is sent." }),
    contentHash: hash("SHA-256 of the canonical JSON of document."),
    document: z.discriminatedUnion("kind", [customer, invoice, journal]),
    references: z
      .partialRecord(z.enum(MAPPING_TABLES), z.record(z.string(), texts()))
      .meta({ description: "What the document's keys stand for in the ERP, by mapping table and key." }),
    catalogVersion: hash("SHA-256 of the canonical catalog that the mapping is of."),
  })
  .meta({
    title: "Posting command",
    description: "An item of the list that a message of COMMANDS_<connection> holds.",
  });

const recordMembers = {
  schemaVersion,
  at: instant(),
  epoch: z.int().min(0).meta({ description: "Grows with each owner of the connection." }),
  previous: hash("SHA-256 of the record before it; empty for the first."),
};
const erp = z.strictObject({ id: z.string(), number: z.string().nullable() });
const state = z.enum(POSTING_STATES);

export const postingRecordSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("acquired"), ...recordMembers, owner: z.string() }),
    z.strictObject({
      kind: z.literal("transition"),
      ...recordMembers,
      key: z.string(),
      revision: z.int().min(1),
      partition: z.int().min(0),
      command: z.int().min(0).meta({ description: "Sequence of its command in COMMANDS_<connection>." }),
      from: state.nullable().meta({ description: "Null for the first one." }),
      to: state,
      attempt: z.int().min(0),
      reason: z.string().nullable(),
      code: z.string().nullable().meta({ description: "The ERP's own code of a fault." }),
      message: z.string().nullable(),
      erp: erp.nullable(),
      handle: z.string().nullable().meta({ description: "What an asynchronous ERP is polled by." }),
      notBefore: instant().nullable(),
      sharesRequest: z.literal(true).exactOptional().meta({
        description: "Of documents whose request was one for several, all but the first say so.",
      }),
    }),
    z.strictObject({
      kind: z.literal("payment"),
      ...recordMembers,
      key: z.string(),
      partition: z.int().min(0),
      status: z.enum(["open", "partly-paid", "paid", "void"]),
      total: decimal(),
      openAmount: decimal(),
      currency: currency(),
    }),
    z.strictObject({
      kind: z.literal("stray"),
      ...recordMembers,
      finding: z.enum(["unknown-document", "duplicate-document"]),
      key: z.string(),
      erp: z.array(erp).readonly(),
    }),
    z.strictObject({
      kind: z.literal("decision"),
      ...recordMembers,
      decision: z.enum(["retry", "hold", "release", "cancel", "adopt"]),
      key: z.string(),
      actor: z.string(),
      reason: z.string(),
      request: z.string(),
    }),
  ])
  .meta({
    title: "Posting record",
    description: "An item of the list that a message of POSTINGS_<connection> holds.",
  });
