import { AckPolicy, DeliverPolicy, ReplayPolicy, nanos } from "nats";
import { brokerFault, isConsumerNotFound } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";

/**
 * Acknowledgements follow checkpoints, and a message that comes again is dropped anyway: a redelivery only costs
 * bandwidth. So the wait is longer than any checkpoint takes.
 */
const ACK_WAIT_MS = 60 * 60 * 1000;
/**
 * Unlimited: the reader's pulls are the flow control. A limit would end delivery without a sound as soon as more
 * messages are read between two checkpoints than it allows.
 */
const MAX_ACK_PENDING = -1;
/**
 * One copy, in a cluster too: what a consumer knows is of no value here, since each start makes it anew behind the checkpoint's position. Copies would have
 * each acknowledgement written three times, and a new consumer wait for the election of a leader of its own. One whose server is away is replaced.
 */
const REPLICAS = 1;
/** Unlimited: a partition never gives up on a message; what it can't read goes to the dead letters. */
const MAX_DELIVERIES = -1;

/**
 * Creates the durable consumer anew so that it starts at `firstSequence` (the start of an existing one can't be
 * changed, and its acknowledgement floor is not the truth). Returns how many messages it has to deliver.
 */
export async function recreateConsumer(
  connection: BrokerConnection,
  stream: string,
  consumer: string,
  firstSequence: number,
): Promise<number> {
  try {
    await connection.manager.consumers.delete(stream, consumer);
  } catch (error) {
    if (!isConsumerNotFound(error)) throw brokerFault(error, `deleting consumer ${consumer} of ${stream}`);
  }
  try {
    const info = await connection.manager.consumers.add(stream, {
      durable_name: consumer,
      ack_policy: AckPolicy.All,
      ack_wait: nanos(ACK_WAIT_MS),
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: firstSequence,
      replay_policy: ReplayPolicy.Instant,
      max_ack_pending: MAX_ACK_PENDING,
      max_deliver: MAX_DELIVERIES,
      num_replicas: REPLICAS,
    });
    return info.num_pending;
  } catch (error) {
    throw brokerFault(error, `creating consumer ${consumer} of ${stream}`);
  }
}
