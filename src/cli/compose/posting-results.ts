import { createHash } from "node:crypto";
import { TributaryError } from "../../model/errors.ts";
import type { PostingResult } from "../../model/posting.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { askOperator } from "../../ingest/jetstream/operator-channel.ts";
import { decodeAnswer, encodeRequest } from "../../pipeline/operations/operator-answer.ts";
import type { ResultSender } from "../../sinks/posting/result-delivery.ts";

/** A partition appends a control record and answers; one that replays its logs takes longer and is asked again. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Characters of a request's id: a control record bears it for ever. */
const REQUEST_ID_DIGITS = 32;
const ACTOR = "posting runner";

/** Tells partitions what has become of their documents, by their operator channels: the owner appends it to its control log. */
export function resultSender(broker: BrokerConnection): ResultSender {
  return {
    async send(partition: number, result: PostingResult): Promise<void> {
      const request = {
        kind: "posting-result",
        request: requestId(result),
        actor: ACTOR,
        reason: `${result.connection}: ${result.state}`,
        results: [result],
      };
      const reply = await askOperator(broker, partition, encodeRequest(request), ANSWER_TIMEOUT_MS);
      if (reply.outcome === "no-owner") throw notTaken(partition, "no worker owns it");
      if (reply.outcome === "unknown") throw notTaken(partition, reply.message);
      const answer = decodeAnswer(reply.data);
      // What it knows already was taken before an answer was lost.
      if (answer.outcome === "decided" || isKnown(answer)) return;
      throw notTaken(partition, answer.message);
    },
  };
}

function isKnown(answer: { readonly outcome: string; readonly reason?: string }): boolean {
  return answer.outcome === "refused" && answer.reason === "results-known";
}

/** The same for the same result, so that one that is sent again is decided once. */
function requestId({ connection, key, posting }: PostingResult): string {
  const digest = createHash("sha256").update(`${connection}\n${posting}\n${key}`).digest("hex");
  return `result-${digest.slice(0, REQUEST_ID_DIGITS)}`;
}

function notTaken(partition: number, why: string): TributaryError {
  return new TributaryError(
    "operator-answer-unknown",
    `Partition ${partition} did not take a result: ${why}.`,
    {
      details: { partition },
    },
  );
}
