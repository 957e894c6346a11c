import { z } from "zod";
import { POSTING_KINDS, type PostingKind } from "../../model/posting.ts";
import { startOfDate } from "../catalog/dates.ts";
import { integerField, keyField, textField } from "../catalog/fields.ts";

/** Its key is a part of stream names, subjects and request ids: no dots, and short enough for all of them. */
export const connectionKeyField = () =>
  z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/,
      "must be 1–40 letters, digits, '_' or '-', the first a letter or digit (it is part of a stream's name)",
    );

export const dayField = () =>
  z.string().refine((text) => startOfDate(text) !== undefined, "must be a date, like 2026-01-31");

/** What external ids begin with where a connection does not say. */
export const DEFAULT_PREFIX = "tributary-";
/** External ids have 20 to 60 characters in most ERPs: a longer prefix leaves too few for the document. */
const MAX_PREFIX = 20;
/** Dunning beyond some stages is a lawyer's. */
const MAX_DUNNING_STAGES = 10;
const MAX_DUNNING_DAYS = 3_650;

const dunningSchema = z.strictObject({
  days: integerField(1, MAX_DUNNING_DAYS).describe("Days past due from which on the stage holds."),
  stage: keyField().describe("Name of the stage, like reminder."),
});

/** An ERP that documents are posted to. How it is reached and its secrets are the worker's configuration. */
export const erpConnectionSchema = z
  .strictObject({
    key: connectionKeyField().describe("Names the connection: part of streams' names, never changed."),
    adapter: keyField().describe("Kind of ERP, like netsuite."),
    name: textField().optional().describe("Name, for people."),
    legal_entities: z
      .array(keyField())
      .min(1, "must name at least one legal entity")
      .optional()
      .describe("Legal entities whose books it keeps; all where left out."),
    mode: z
      .enum(["detail", "summary"])
      .default("detail")
      .describe(
        "detail: customers, invoices, credit memos, and journals of what the ERP does not book by itself; summary: journals of all entries, no documents.",
      ),
    kinds: z
      .array(z.enum(POSTING_KINDS))
      .min(1, "must name at least one kind")
      .optional()
      .describe("Kinds of documents that are posted; all of the mode where left out."),
    prefix: z
      .string()
      .regex(
        new RegExp(`^[A-Za-z0-9_.:-]{1,${MAX_PREFIX}}$`),
        `must be 1–${MAX_PREFIX} letters, digits, '_', '.', ':' or '-'`,
      )
      .default(DEFAULT_PREFIX)
      .describe("What the external ids of its documents begin with; never changed, they are found by it."),
    closed_period: z
      .enum(["hold", "reject"])
      .default("hold")
      .describe(
        "What becomes of a document whose posting period is closed in the ERP: it waits until the period opens, or is given to people.",
      ),
    from: dayField()
      .optional()
      .describe(
        "First day whose documents and entries are posted; all from the start of the connection where left out.",
      ),
    to: dayField().optional().describe("First day whose documents and entries are not posted any more."),
    dunning: z
      .array(dunningSchema)
      .max(MAX_DUNNING_STAGES)
      .optional()
      .describe("Stages of overdue invoices, by days past due."),
  })
  .superRefine(({ mode, kinds, from, to, dunning }, context) => {
    const fault = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    if (mode === "summary" && kinds?.some((kind) => kind !== "journal") === true)
      fault("kinds", "must be journal alone in mode summary, which posts no documents");
    if (kinds !== undefined && new Set(kinds).size < kinds.length) fault("kinds", "names a kind twice");
    if (mode === "detail" && kinds?.includes("invoice") !== kinds?.includes("credit-memo"))
      fault(
        "kinds",
        "must have invoice and credit-memo together: one without the other is half of the books",
      );
    if (from !== undefined && to !== undefined && to <= from) fault("to", "must be after from");
    const days = dunning?.map((stage) => stage.days) ?? [];
    if (new Set(days).size < days.length) fault("dunning", "has two stages of the same days");
    const stages = dunning?.map(({ stage }) => stage) ?? [];
    if (new Set(stages).size < stages.length) fault("dunning", "names a stage twice");
  });
export type ErpConnection = z.output<typeof erpConnectionSchema>;

const KINDS_OF_MODE: Readonly<Record<ErpConnection["mode"], readonly PostingKind[]>> = {
  detail: POSTING_KINDS,
  summary: ["journal"],
};

/** Kinds of documents that a connection posts. */
export function kindsOf({ kinds, mode }: Pick<ErpConnection, "kinds" | "mode">): ReadonlySet<PostingKind> {
  return new Set(kinds ?? KINDS_OF_MODE[mode]);
}

/** Whether a connection keeps a legal entity's books. */
export function takesEntity(
  { legal_entities: keys }: Pick<ErpConnection, "legal_entities">,
  key: string,
): boolean {
  return keys === undefined || keys.includes(key);
}

/** Whether what is of a day, YYYY-MM-DD, is posted. */
export function takesDay({ from, to }: Pick<ErpConnection, "from" | "to">, day: string): boolean {
  return (from === undefined || day >= from) && (to === undefined || day < to);
}
