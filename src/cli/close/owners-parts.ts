import { TributaryError } from "../../model/errors.ts";
import { connectBroker } from "../../ingest/jetstream/connection.ts";
import { askOperator } from "../../ingest/jetstream/operator-channel.ts";
import { encodeRequest } from "../../pipeline/operations/operator-answer.ts";
import { MAX_SENT_ITEMS, partAnswerSchema, type PartRequest } from "../../pipeline/close/part-exchange.ts";
import type { PartitionClose } from "../../pipeline/close/partition-close.ts";
import type { CloseScope } from "../../model/control.ts";
import type { WorkerConfig } from "../config/worker-config.ts";

/** An owner opens its state anew for a report: some seconds for a million contracts. */
const PART_TIMEOUT_MS = 120_000;

/**
 * Asks the owners of all partitions for their parts; those of partitions without one are left out. Throws
 * `operator-answer-unknown` where an owner does not answer, or with a fault.
 */
export async function partsOfOwners(
  config: WorkerConfig,
  { legalEntity, from, to }: CloseScope,
  listedItems: number,
): Promise<PartitionClose[]> {
  const items = Math.min(listedItems, MAX_SENT_ITEMS);
  const request: PartRequest = { kind: "close-report", legalEntity, from, to, items };
  const broker = await connectBroker({ ...config.nats, name: "tributary-close" });
  try {
    const partitions = Array.from({ length: config.partitions.count }, (_, partition) => partition);
    const parts: PartitionClose[] = [];
    for (const partition of partitions) {
      const reply = await askOperator(broker, partition, encodeRequest(request), PART_TIMEOUT_MS);
      if (reply.outcome === "no-owner") continue;
      const answer =
        reply.outcome === "answered"
          ? partAnswerSchema.parse(JSON.parse(new TextDecoder().decode(reply.data)))
          : ({ outcome: "failed", message: reply.message } as const);
      if (answer.outcome === "failed")
        throw new TributaryError(
          "operator-answer-unknown",
          `The owner of partition ${partition} gave no part of the report: ${answer.message}.`,
          { details: { partition } },
        );
      parts.push(answer.part);
    }
    return parts;
  } finally {
    await broker.close();
  }
}
