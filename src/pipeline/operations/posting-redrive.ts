import { z } from "zod";
import { POSTED, UNDER_WAY } from "../../operators/posting/posting-row.ts";
import { defineOperation, requestHead } from "./operation.ts";

const MAX_CONNECTION_LENGTH = 40;
const MAX_KEY_LENGTH = 700;

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
    const { state } = postings.book.at(number);
    if (POSTED.has(state)) return { refusal: "posting-done", message: `${key} is ${state}` };
    if (UNDER_WAY.has(state)) return { refusal: "posting-under-way", message: `${key} is ${state}` };
    const missing = postings.missingOf(number, store);
    if (missing === undefined)
      return { refusal: "not-running", message: `${key} is not in a checkpoint yet; ask again` };
    if (missing.length > 0) return { refusal: "posting-waits", message: `${key}: ${missing.join(", ")}` };
    return { record: request };
  },
);
