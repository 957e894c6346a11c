import { z } from "zod";
import { CLOSE_LINE_NAMES } from "../close/close-lines.ts";
import { figuresField, scopeFields, scopeRefusal } from "./close-fields.ts";
import { defineOperation, requestHead } from "./operation.ts";

/** Longest id of an item: that of a contract with the start of a period. */
const MAX_ITEM_LENGTH = 500;

/** Somebody answers for a line of a close report, or an item of it. */
export const explainLineRequest = z.strictObject({
  kind: z.literal("close-explanation"),
  ...requestHead,
  ...scopeFields,
  line: z.enum(CLOSE_LINE_NAMES),
  item: z.string().min(1).max(MAX_ITEM_LENGTH).nullable(),
  figures: figuresField,
});

export const explainLine = defineOperation(
  "close-explanation",
  explainLineRequest,
  (request, { engine }) => scopeRefusal(engine, request) ?? { record: request },
  // What the line came to when the request was made first is what was explained.
  ["figures"],
);
