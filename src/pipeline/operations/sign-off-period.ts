import { z } from "zod";
import { CLOSE_LINE_NAMES } from "../close/close-lines.ts";
import { timedScope } from "../close/close-scope.ts";
import { figuresField, scopeFields, scopeRefusal } from "./close-fields.ts";
import { defineOperation, requestHead } from "./operation.ts";

const count = () => z.int().min(0);

/** A legal entity's period is closed in the partition. */
export const signOffRequest = z.strictObject({
  kind: z.literal("period-signed-off"),
  ...requestHead,
  ...scopeFields,
  override: z.boolean(),
  asOf: z.strictObject({
    usageSequence: count(),
    controlSequence: count(),
    documents: count(),
    entries: count(),
    waiting: count(),
  }),
  report: z.string().regex(/^[0-9a-f]{64}$/),
  open: z.array(figuresField.extend({ line: z.enum(CLOSE_LINE_NAMES) })).max(CLOSE_LINE_NAMES.length),
});

export const signOffPeriod = defineOperation(
  "period-signed-off",
  signOffRequest,
  (request, { engine, nowMs }) => {
    const { legalEntity, from, to, asOf, open, override } = request;
    const refusal = scopeRefusal(engine, request);
    if (refusal !== undefined) return refusal;
    const entity = engine.catalog?.legalEntities.get(legalEntity);
    if (entity !== undefined && timedScope(entity, from, to).toMs > nowMs)
      return { refusal: "in-the-future", message: `the period ends on ${to}` };
    const { closed, place } = engine.invoices.book;
    const fault = closed.signOffFault(request);
    if (fault !== undefined) return fault;
    if (open.length > 0 && !override)
      return {
        refusal: "lines-open",
        message: `open lines without an override: ${open.map(({ line }) => line).join(", ")}`,
      };
    // Usage that came since is a later correction; what was booked since was not looked at.
    if (
      asOf.documents !== place.documents ||
      asOf.entries !== place.entries ||
      asOf.waiting !== place.waiting
    )
      return { refusal: "books-moved", message: "something was booked since the report was made" };
    return { record: request };
  },
  // Of a request that is made again, the report is a later one.
  ["asOf", "report", "open"],
);
