import { createHash } from "node:crypto";
import { TributaryError } from "../../model/errors.ts";
import type { PostingResult } from "../../model/posting.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { askOperator } from "../../ingest/jetstream/operator-channel.ts";
import { decodeAnswer, encodeRequest } from "../../pipeline/operations/operator-answer.ts";
import { MAX_REQUEST_BYTES } from "../../pipeline/operations/operator-desk.ts";
import { MAX_RESULTS } from "../../pipeline/operations/posting-result.ts";
import type { ResultSender } from "../../sinks/posting/result-delivery.ts";

/** A partition appends a control record and answers; one that replays its logs takes longer and is asked again. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Characters of a request's id: a control record bears it for ever. */
const REQUEST_ID_DIGITS = 32;
const ACTOR = "posting runner";

/** Tells partitions what has become of their documents, by their operator channels: the owner appends it to its control log. */
export function resultSender(broker: BrokerConnection): ResultSender {
  return {
    maxResults: MAX_RESULTS,
    async send(partition: number, results: readonly PostingResult[]): Promise<void> {
      for (const data of resultRequests(results)) {
        const reply = await askOperator(broker, partition, data, ANSWER_TIMEOUT_MS);
        if (reply.outcome === "no-owner") throw notTaken(partition, "no worker owns it");
        if (reply.outcome === "unknown") throw notTaken(partition, reply.message);
        const answer = decodeAnswer(reply.data);
        // What it knows already was taken before an answer was lost.
        if (answer.outcome !== "decided" && !isKnown(answer)) throw notTaken(partition, answer.message);
      }
    },
  };
}

/** Requests that tell results, in their order; as few as the limit of a request's bytes allows. */
export function resultRequests(results: readonly PostingResult[]): readonly Uint8Array[] {
  const [first] = results;
  if (first === undefined) return [];
  const data = encodeRequest({
    kind: "posting-result",
    request: requestId(results),
    actor: ACTOR,
    reason: reasonOf(first, results.length),
    results,
  });
  // One alone is far below the limit: its texts are bounded.
  if (data.length <= MAX_REQUEST_BYTES || results.length === 1) return [data];
  const half = Math.ceil(results.length / 2);
  return [...resultRequests(results.slice(0, half)), ...resultRequests(results.slice(half))];
}

function reasonOf({ connection, state }: PostingResult, count: number): string {
  return count === 1 ? `${connection}: ${state}` : `${connection}: ${count} results`;
}

function isKnown(answer: { readonly outcome: string; readonly reason?: string }): boolean {
  return answer.outcome === "refused" && answer.reason === "results-known";
}

/** The same for the same results, so that those that are sent again are decided once. */
function requestId(results: readonly PostingResult[]): string {
  const digest = createHash("sha256");
  for (const { connection, key, posting } of results) digest.update(`${connection}\n${posting}\n${key}\n`);
  return `result-${digest.digest("hex").slice(0, REQUEST_ID_DIGITS)}`;
}

function notTaken(partition: number, why: string): TributaryError {
  return new TributaryError(
    "operator-answer-unknown",
    `Partition ${partition} did not take results: ${why}.`,
    {
      details: { partition },
    },
  );
}
