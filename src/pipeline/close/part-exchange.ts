import { z } from "zod";
import { LEDGER_ACCOUNTS } from "../../billing/ledger/journal-entry.ts";
import { scopeFields } from "../operations/close-fields.ts";
import { CLOSE_LINE_NAMES } from "./close-lines.ts";
import type { PartitionClose } from "./partition-close.ts";

/** Items of a line that are sent at most: an answer has to fit into a message. */
export const MAX_SENT_ITEMS = 50;

/** Asks the owner of a partition for its part of a close report: nothing is decided. */
export const partRequestSchema = z.strictObject({
  kind: z.literal("close-report"),
  ...scopeFields,
  /** Items to list of each line. */
  items: z.int().min(0).max(MAX_SENT_ITEMS),
});
export type PartRequest = Readonly<z.output<typeof partRequestSchema>>;

const count = () => z.int().min(0);
const figures = () => z.strictObject({ count: count(), amounts: z.record(z.string(), z.string()) });
const explanation = () => z.strictObject({ actor: z.string(), reason: z.string(), decidedAt: z.string() });

/** A partition's part as it is sent; the compiler holds it to the type. */
export const partSchema: z.ZodType<PartitionClose> = z.strictObject({
  partition: count(),
  usageSequence: count(),
  controlSequence: count(),
  watermark: z.string().nullable(),
  place: z.strictObject({ documents: count(), entries: count(), waiting: count() }),
  signedOff: z
    .strictObject({
      from: z.string(),
      to: z.string(),
      actor: z.string(),
      decidedAt: z.string(),
      override: z.boolean(),
    })
    .nullable(),
  lines: z.array(
    z.strictObject({
      line: z.enum(CLOSE_LINE_NAMES),
      all: figures(),
      open: figures(),
      oldestSince: z.string().nullable(),
      explanation: explanation().nullable(),
      items: z.array(
        z.strictObject({
          id: z.string(),
          since: z.string().nullable(),
          amount: z.string().nullable(),
          currency: z.string().nullable(),
          count: count(),
          detail: z.string(),
          explanation: explanation().nullable(),
        }),
      ),
    }),
  ),
  documents: figures(),
  unbilled: figures(),
  accounts: z.array(
    z.strictObject({
      account: z.enum(LEDGER_ACCOUNTS),
      currency: z.string(),
      debits: z.string(),
      credits: z.string(),
      balance: z.string(),
    }),
  ),
});

/** What an owner answers to a request for a part; a fault in words where it could not make it. */
export const partAnswerSchema = z.discriminatedUnion("outcome", [
  z.strictObject({ outcome: z.literal("reported"), part: partSchema }),
  z.strictObject({ outcome: z.literal("failed"), message: z.string() }),
]);
export type PartAnswer = Readonly<z.output<typeof partAnswerSchema>>;
