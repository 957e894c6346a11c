import { TributaryError } from "../model/errors.ts";
import type { BrokerConnection } from "../ingest/jetstream/connection.ts";
import { controlStream } from "../ingest/jetstream/names.ts";
import { askOperator } from "../ingest/jetstream/operator-channel.ts";
import type { RequestHead } from "../pipeline/operations/operation.ts";
import { decodeAnswer, encodeRequest, type OperatorAnswer } from "../pipeline/operations/operator-answer.ts";

export type Decided = Extract<OperatorAnswer, { readonly outcome: "decided" }>;

/**
 * Asks the owner of a partition for a decision. Throws `operator-no-owner`, `operator-refused` (nothing was decided) and
 * `operator-answer-unknown` (it may have been decided: the same request asked again tells).
 */
export async function requestDecision(
  broker: BrokerConnection,
  partition: number,
  request: RequestHead,
  timeoutMs: number,
): Promise<Decided> {
  const reply = await askOperator(broker, partition, encodeRequest(request), timeoutMs);
  if (reply.outcome === "no-owner")
    throw new TributaryError(
      "operator-no-owner",
      `No worker owns partition ${partition}: start one, then ask again. Nothing was decided.`,
      { details: { partition } },
    );
  if (reply.outcome === "unknown") throw unknownAnswer(partition, request, reply.message);
  const answer = decodeAnswer(reply.data);
  if (answer.outcome === "unknown") throw unknownAnswer(partition, request, answer.message);
  if (answer.outcome === "refused")
    throw new TributaryError(
      "operator-refused",
      `The owner of partition ${partition} refused: ${answer.reason}: ${answer.message}.`,
      { details: { partition, reason: answer.reason } },
    );
  return answer;
}

function unknownAnswer(partition: number, { request }: RequestHead, why: string): TributaryError {
  return new TributaryError(
    "operator-answer-unknown",
    `It is not known whether partition ${partition} decided request ${request} (${why}). ` +
      `Ask again with --request ${request}: it is decided once. \`tributary close history\` shows what ${controlStream(partition)} holds.`,
    { details: { partition, request } },
  );
}
