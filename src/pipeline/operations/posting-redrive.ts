import { z } from "zod";
import type { PostingStatus } from "../../operators/posting/posting-row.ts";
import { defineOperation, requestHead } from "./operation.ts";

const MAX_CONNECTION_LENGTH = 40;
const MAX_KEY_LENGTH = 700;

/** States in which a request may be under way: a second command beside it could be a second document. */
const UNDER_WAY: ReadonlySet<PostingStatus> = new Set<PostingStatus>([
  "planned",
  "submitting",
  "accepted",
  "unknown",
]);

const DONE: ReadonlySet<PostingStatus> = new Set<PostingStatus>(["confirmed", "reconciled"]);

/** A document is queued once more, as another revision and by the mapping as it is now. */
export const postingRedriveRequest = z.strictObject({
  kind: z.literal("posting-redrive"),
  ...requestHead,
  connection: z.string().min(1).max(MAX_CONNECTION_LENGTH),
  key: z.string().min(1).max(MAX_KEY_LENGTH),
});

export const postingRedrive = defineOperation(
  "posting-redrive",
  postingRedriveRequest,
  (request, { engine, store }) => {
    const { connection, key } = request;
    const { postings } = engine;
    const number = postings.book.numberOf(connection, key);
    if (number === undefined)
      return {
        refusal: "posting-unknown",
        message: `connection ${connection} has no ${key} of this partition`,
      };
    const { state, missing: known } = postings.book.at(number);
    if (state === "waiting")
      return {
        refusal: "posting-waits",
        message: `${key} is queued by itself when the mapping has ${known.join(", ")}`,
      };
    if (DONE.has(state)) return { refusal: "posting-done", message: `${key} is ${state}` };
    if (UNDER_WAY.has(state)) return { refusal: "posting-under-way", message: `${key} is ${state}` };
    const missing = postings.missingOf(number, store);
    if (missing.length > 0) return { refusal: "posting-waits", message: `${key}: ${missing.join(", ")}` };
    return { record: request };
  },
);
