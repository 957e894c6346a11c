import { DiscardPolicy, StorageType, millis } from "nats";
import type { StreamInfo } from "nats";
import { brokerFault, isConsumerNotFound, isMessageNotFound, isStreamNotFound } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import type { RegionSource, StreamCondition } from "../../model/stream-condition.ts";
import { consumerName, controlStream, usageStream, usageSubject } from "./names.ts";
import { conditionOf, sourcesOf } from "./partition-streams.ts";
import { timestampMs } from "./stored-message.ts";
import { StreamReader } from "./stream-reader.ts";

/** What a stream is and holds, as far as losing messages depends on it. Limits: undefined where there is none. */
export interface StreamFacts {
  readonly name: string;
  readonly kind: "usage" | "control";
  readonly replicas: number;
  readonly maxAgeMs: number | undefined;
  readonly maxBytes: number | undefined;
  readonly maxMessages: number | undefined;
  readonly maxMessageBytes: number | undefined;
  /** At a limit, old messages go; otherwise new ones are refused. */
  readonly discardsOld: boolean;
  readonly duplicateWindowMs: number;
  readonly inMemory: boolean;
  readonly bytes: number;
}

/** A partition's durable consumer. */
export interface ConsumerFacts {
  readonly partition: number;
  readonly exists: boolean;
  /** Messages stored and not delivered yet. */
  readonly pending: number;
  /** Pulls that wait for messages: 0 where nobody reads. */
  readonly waitingPulls: number;
}

/** What of a stream has to stay, for its retention; see `retentionMargin`. */
export interface StreamNeed {
  readonly condition: StreamCondition;
  readonly neededSequence: number;
  readonly neededSinceMs: number | undefined;
}

export interface BrokerFacts {
  readonly serverVersion: string;
  /** Largest message that the server takes from a client, in bytes. */
  readonly maxPayloadBytes: number;
  readonly streams: readonly StreamFacts[];
  readonly consumers: readonly ConsumerFacts[];
  readonly needs: readonly StreamNeed[];
  /** Regional sources by partition. */
  readonly sources: ReadonlyMap<number, readonly RegionSource[]>;
  /** File storage of the account; the limit is undefined where it has none. */
  readonly storageBytes: number;
  readonly storageLimitBytes: number | undefined;
}

/** Looks at the streams and consumers of all partitions; missing streams are left out. Changes nothing. */
export async function readBrokerFacts(
  connection: BrokerConnection,
  partitionCount: number,
): Promise<BrokerFacts> {
  const streams: StreamFacts[] = [];
  const consumers: ConsumerFacts[] = [];
  const needs: StreamNeed[] = [];
  const sources = new Map<number, readonly RegionSource[]>();
  for (let partition = 0; partition < partitionCount; partition++) {
    const usage = await streamInfo(connection, usageStream(partition));
    if (usage !== undefined) {
      streams.push(factsOf(usage, "usage"));
      sources.set(partition, sourcesOf(usage));
      const { acknowledgedSequence, ...facts } = await consumerFacts(connection, partition);
      consumers.push(facts);
      needs.push(await usageNeed(connection, usage, acknowledgedSequence + 1));
    }
    const control = await streamInfo(connection, controlStream(partition));
    if (control !== undefined) {
      streams.push(factsOf(control, "control"));
      const condition = conditionOf(control);
      needs.push({ condition, neededSequence: 1, neededSinceMs: condition.firstArrivalMs });
    }
  }
  const account = await connection.manager.getAccountInfo().catch((error: unknown) => {
    throw brokerFault(error, "looking at the account");
  });
  return {
    serverVersion: connection.serverVersion,
    maxPayloadBytes: connection.client.info?.max_payload ?? 0,
    streams,
    consumers,
    needs,
    sources,
    storageBytes: account.storage,
    storageLimitBytes: limit(account.limits.max_storage),
  };
}

/**
 * When the broker stored the last message of a partition and region, in milliseconds since the epoch; undefined where it
 * holds none. For a probe that was just published: the broker's clock.
 */
export async function lastStoredMs(
  connection: BrokerConnection,
  partition: number,
  region: string,
): Promise<number | undefined> {
  const subject = usageSubject(partition, region);
  try {
    const message = await connection.manager.streams.getMessage(usageStream(partition), {
      last_by_subj: subject,
    });
    return timestampMs(message.timestamp);
  } catch (error) {
    if (isMessageNotFound(error)) return undefined;
    throw brokerFault(error, `reading the last message of ${subject}`);
  }
}

async function streamInfo(connection: BrokerConnection, name: string): Promise<StreamInfo | undefined> {
  try {
    return await connection.manager.streams.info(name);
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw brokerFault(error, `looking at stream ${name}`);
  }
}

/** Acknowledgements follow commits: what is behind the last one is not committed. */
async function usageNeed(
  connection: BrokerConnection,
  info: StreamInfo,
  neededSequence: number,
): Promise<StreamNeed> {
  const condition = conditionOf(info);
  const { name, maxAgeMs, firstSequence, firstArrivalMs, lastSequence } = condition;
  if (maxAgeMs === undefined || neededSequence > lastSequence)
    return { condition, neededSequence, neededSinceMs: undefined };
  if (neededSequence <= firstSequence) return { condition, neededSequence, neededSinceMs: firstArrivalMs };
  const message = await new StreamReader(connection, name).messageAt(neededSequence);
  return { condition, neededSequence, neededSinceMs: message?.arrivalMs };
}

async function consumerFacts(
  connection: BrokerConnection,
  partition: number,
): Promise<ConsumerFacts & { readonly acknowledgedSequence: number }> {
  try {
    const info = await connection.manager.consumers.info(usageStream(partition), consumerName(partition));
    return {
      partition,
      exists: true,
      pending: info.num_pending,
      waitingPulls: info.num_waiting,
      // A consumer begins right behind what is committed; its floor says so with its first acknowledgement only.
      acknowledgedSequence: Math.max(info.ack_floor.stream_seq, (info.config.opt_start_seq ?? 1) - 1),
    };
  } catch (error) {
    if (isConsumerNotFound(error))
      return { partition, exists: false, pending: 0, waitingPulls: 0, acknowledgedSequence: 0 };
    throw brokerFault(error, `looking at consumer ${consumerName(partition)}`);
  }
}

function factsOf({ config, state }: StreamInfo, kind: StreamFacts["kind"]): StreamFacts {
  return {
    name: config.name,
    kind,
    replicas: config.num_replicas,
    maxAgeMs: config.max_age > 0 ? millis(config.max_age) : undefined,
    maxBytes: limit(config.max_bytes),
    maxMessages: limit(config.max_msgs),
    maxMessageBytes: limit(config.max_msg_size),
    discardsOld: config.discard === DiscardPolicy.Old,
    duplicateWindowMs: millis(config.duplicate_window),
    inMemory: config.storage === StorageType.Memory,
    bytes: state.bytes,
  };
}

function limit(value: number): number | undefined {
  return value > 0 ? value : undefined;
}
