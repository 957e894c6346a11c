import { z } from "zod";
import { scopeFields, scopeRefusal } from "./close-fields.ts";
import { defineOperation, requestHead } from "./operation.ts";

/** A legal entity's period that was signed off is opened again in the partition. */
export const reopenRequest = z.strictObject({
  kind: z.literal("period-reopened"),
  ...requestHead,
  ...scopeFields,
  override: z.boolean(),
});

export const reopenPeriod = defineOperation("period-reopened", reopenRequest, (request, { engine }) => {
  const refusal =
    scopeRefusal(engine, request) ?? engine.invoices.book.closed.reopenFault(request, request.override);
  return refusal ?? { record: request };
});
