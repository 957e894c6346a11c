import { z } from "zod";
import { MAX_DOCUMENT_LENGTH } from "./correct-invoice.ts";
import { defineOperation, requestHead } from "./operation.ts";

/** Documents that one request names: it has to fit into 64 KiB. All of them need none named. */
const MAX_NAMED_DOCUMENTS = 200;

/** A tax service is asked about held documents again at once. */
export const taxRetryRequest = z.strictObject({
  kind: z.literal("tax-retry"),
  ...requestHead,
  documents: z.array(z.string().min(1).max(MAX_DOCUMENT_LENGTH)).min(1).max(MAX_NAMED_DOCUMENTS).nullable(),
});

export const askTaxAgain = defineOperation("tax-retry", taxRetryRequest, (request, { engine }) => {
  const { serviceTaxes } = engine.invoices;
  const waiting = new Set([...serviceTaxes.unanswered()].map(({ id }) => id));
  const unknown = (request.documents ?? []).find((id) => !waiting.has(id));
  if (unknown !== undefined)
    return { refusal: "not-held", message: `document ${unknown} does not wait for a tax service` };
  if (waiting.size === 0) return { refusal: "not-held", message: "no document waits for a tax service" };
  return { record: request };
});
