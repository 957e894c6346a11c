import { z } from "zod";
import type { PostingResult } from "../../model/posting.ts";
import { POSTING_STATES } from "../../model/posting.ts";
import { defineOperation, requestHead } from "./operation.ts";

/** Results of one request: a request has at most 64 KiB, a result mostly less than one. */
export const MAX_RESULTS = 50;
/** Longest texts, in UTF-16 units: they stand in the control log for ever. */
const MAX_KEY_LENGTH = 700;
const MAX_MESSAGE_LENGTH = 500;
const MAX_WORD_LENGTH = 200;

const word = () => z.string().min(1).max(MAX_WORD_LENGTH);

/** One result as a connection's runner tells it; the compiler holds it to the type. */
export const postingResultSchema: z.ZodType<PostingResult> = z.strictObject({
  connection: word(),
  key: z.string().min(1).max(MAX_KEY_LENGTH),
  revision: z.int().min(1),
  state: z.enum(POSTING_STATES),
  reason: word().nullable(),
  code: word().nullable(),
  message: z.string().max(MAX_MESSAGE_LENGTH).nullable(),
  erp: z.strictObject({ id: word(), number: word().nullable() }).nullable(),
  payment: z
    .strictObject({
      status: z.enum(["open", "partly-paid", "paid", "void"]),
      openAmount: z
        .string()
        .regex(/^-?\d+(\.\d+)?$/)
        .max(100),
    })
    .nullable(),
  posting: z.int().min(1),
});

/** What has become of documents of the partition in an ERP. */
export const postingResultRequest = z.strictObject({
  kind: z.literal("posting-result"),
  ...requestHead,
  results: z.array(postingResultSchema).min(1).max(MAX_RESULTS),
});

export const postingResult = defineOperation(
  "posting-result",
  postingResultRequest,
  (request, { engine }) => {
    const { results } = engine.postings;
    const faults = request.results.flatMap((result) => results.faultOf(result) ?? []);
    if (faults.length > 0) return { refusal: "posting-unknown", message: faults.join("; ") };
    // A runner that got no answer tells again: by the sequences of its log it is known what is news.
    if (!request.results.some((result) => results.isNews(result)))
      return { refusal: "results-known", message: "all results are known" };
    return { record: request };
  },
);
