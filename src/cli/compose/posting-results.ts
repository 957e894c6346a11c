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

/** Partitions in which documents were found that another one had queued; beyond it they are looked for again. */
const MAX_REMEMBERED_HOMES = 10_000;

export interface ResultSenderOptions {
  readonly partitionCount: number;
  /** Asks the owner of a partition. */
  readonly ask: (partition: number, data: Uint8Array) => ReturnType<typeof askOperator>;
}

/** Asks over the partitions' operator channels. */
export function askOwners(broker: BrokerConnection): ResultSenderOptions["ask"] {
  return (partition, data) => askOperator(broker, partition, data, ANSWER_TIMEOUT_MS);
}

/**
 * Tells partitions what has become of their documents, by their operator channels: the owner appends it to its control log. Since
 * a change of the partition count a document may be another partition's than the one that queued it, always one of a greater
 * number: where the one does not know it, the others are asked.
 */
export function resultSender({ partitionCount, ask }: ResultSenderOptions): ResultSender {
  const homes = new Map<string, number>();
  /** False where the partition does not know one of the documents. */
  const tell = async (partition: number, results: readonly PostingResult[]): Promise<boolean> => {
    for (const data of resultRequests(results)) {
      const reply = await ask(partition, data);
      if (reply.outcome === "no-owner") throw notTaken(partition, "no worker owns it");
      if (reply.outcome === "unknown") throw notTaken(partition, reply.message);
      const answer = decodeAnswer(reply.data);
      if (answer.outcome === "refused" && answer.reason === "posting-unknown") return false;
      // What it knows already was taken before an answer was lost.
      if (answer.outcome !== "decided" && !isKnown(answer)) throw notTaken(partition, answer.message);
    }
    return true;
  };
  const tellOne = async (partition: number, result: PostingResult): Promise<void> => {
    const name = `${result.connection}\u0000${result.key}`;
    for (let asked = homes.get(name) ?? partition; asked < partitionCount; asked++) {
      if (!(await tell(asked, [result]))) continue;
      if (homes.size >= MAX_REMEMBERED_HOMES) homes.clear();
      if (asked !== partition) homes.set(name, asked);
      return;
    }
    throw notTaken(partition, `neither it nor a partition behind it knows ${result.key}`);
  };
  return {
    maxResults: MAX_RESULTS,
    async send(partition: number, results: readonly PostingResult[]): Promise<void> {
      if (await tell(partition, results)) return;
      for (const result of results) await tellOne(partition, result);
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
