import { z } from "zod";
import { CLOSE_LINE_NAMES } from "../../pipeline/close/close-lines.ts";

/** What `close report --json` prints, as a schema; a test holds it equal to the type of the report. */

const instant = () => z.iso.datetime().meta({ description: "RFC 3339, UTC." });
const day = (description: string) => z.iso.date().meta({ description });
const money = () => z.string().regex(/^-?\d+(\.\d+)?$/);
const amounts = () =>
  z.record(z.string(), money()).meta({ description: "Decimal strings by currency; those of 0 left out." });
const count = () => z.int().min(0);
const figures = () => z.strictObject({ count: count(), amounts: amounts() });
const explanation = { actor: z.string(), reason: z.string(), decidedAt: z.string() };

export const closeReportSchema = z
  .strictObject({
    legalEntity: z.string(),
    from: day("First day, in the legal entity's time zone."),
    to: day("The day behind the last one."),
    timeZone: z.string().meta({ description: "IANA time zone." }),
    partitions: z
      .array(
        z.strictObject({
          partition: count(),
          usageSequence: count(),
          controlSequence: count(),
          watermark: instant().nullable(),
          signedOff: z
            .strictObject({
              from: day("First day of the period that was signed off."),
              to: day("The day behind its last one."),
              actor: z.string(),
              decidedAt: z.string(),
              override: z.boolean().meta({ description: "Lines of the partition were open." }),
            })
            .nullable(),
        }),
      )
      .meta({ description: "Where each partition stood." }),
    missingPartitions: z
      .array(count())
      .meta({ description: "Partitions whose state was not there: nothing is known of them." }),
    lines: z.array(
      z.strictObject({
        line: z.enum(CLOSE_LINE_NAMES),
        about: z.string(),
        state: z.enum(["zero", "explained", "open"]),
        all: figures(),
        open: figures().meta({ description: "What no explanation covers." }),
        oldestSince: instant().nullable(),
        oldestAgeSeconds: count().nullable(),
        explanations: z.array(z.strictObject({ ...explanation, partition: count() })),
        items: z.array(
          z.strictObject({
            id: z.string(),
            partition: count(),
            since: instant().nullable(),
            amount: money().nullable(),
            currency: z.string().nullable(),
            count: count(),
            detail: z.string(),
            explanation: z.strictObject(explanation).nullable(),
          }),
        ),
      }),
    ),
    documents: figures().meta({ description: "Final documents issued in the period." }),
    unbilled: amounts().meta({ description: "Usage rated and not invoiced, of any time." }),
    accounts: z
      .array(
        z.strictObject({
          account: z.string(),
          currency: z.string(),
          debits: money(),
          credits: money(),
          balance: money(),
        }),
      )
      .meta({ description: "Postings in the period, and the balance at its end, debits positive." }),
    ledgerBalanced: z.boolean(),
    closable: z.boolean().meta({ description: "Every partition was read, every line is zero or explained." }),
  })
  .meta({ title: "Close report", description: "What `tributary close report --json` prints." });
