import { z } from "zod";
import { storedDocument } from "../../operators/invoice/billing-book.ts";
import { defineOperation, requestHead, type OperationContext, type OperationOutcome } from "./operation.ts";

/** Longest id of a document: a contract's id and a number. */
export const MAX_DOCUMENT_LENGTH = 300;
/** Lines of one credit note: the record must fit into a request; a whole invoice needs none named. */
const MAX_CREDITED_LINES = 1_000;
/** Digits of an amount in minor units: more than any currency's money supply. */
const MAX_AMOUNT_DIGITS = 30;

const documentFields = {
  document: z.string().min(1).max(MAX_DOCUMENT_LENGTH),
  ordinal: z.int().min(1),
};

/** Gives back of a final invoice, line by line or all that is left. */
export const creditNoteRequest = z.strictObject({
  kind: z.literal("credit-note"),
  ...requestHead,
  ...documentFields,
  lines: z
    .array(z.tuple([z.int().min(1), z.string().regex(new RegExp(`^[1-9]\\d{0,${MAX_AMOUNT_DIGITS - 1}}$`))]))
    .min(1)
    .max(MAX_CREDITED_LINES)
    .nullable(),
});

/** Takes a final invoice or credit memo back whole. */
export const voidInvoiceRequest = z.strictObject({
  kind: z.literal("void-invoice"),
  ...requestHead,
  ...documentFields,
  reissue: z.boolean(),
  unapplied: z.boolean().optional(),
});

type CorrectionRequest = z.output<typeof creditNoteRequest> | z.output<typeof voidInvoiceRequest>;

function decide(request: CorrectionRequest, { engine, store, nowMs }: OperationContext): OperationOutcome {
  const fault = engine.invoices.corrections.faultOf(storedDocument(store, request.ordinal), request);
  if (fault !== undefined) return { refusal: fault.fault, message: fault.message };
  return { record: { ...request, issuedMs: nowMs } };
}

export const creditInvoice = defineOperation("credit-note", creditNoteRequest, decide);
export const voidInvoice = defineOperation("void-invoice", voidInvoiceRequest, decide);
