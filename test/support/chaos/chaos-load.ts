import { createHash } from "node:crypto";
import { normaliseContentType } from "../../../src/ingest/jetstream/stored-message.ts";
import { StreamReader } from "../../../src/ingest/jetstream/stream-reader.ts";
import { usageStream } from "../../../src/ingest/jetstream/names.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { regionOf } from "../../../src/model/content-types.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import { partitionOf } from "../../../src/model/partition.ts";
import { generateLoad, type LoadedMessage } from "../worker/load.ts";
import type { UsageEvent } from "../worker/usage-event.ts";
import { CHAOS_ACCOUNTS, CHAOS_PARTITIONS, LOAD_HOURS, type ChaosTimes } from "./chaos-catalog.ts";

/** Events that are published to another partition than their account's. */
const MISROUTED = 0.005;

/** What is published in a run, and what the messages that the logs hold mean. */
export class ChaosLoad {
  /** Sound, repeated, late and poisonous events, as they are meant to be published. */
  readonly messages: readonly LoadedMessage[];
  /** Behind all else: with them every period ends that the load has usage of. */
  readonly closing: readonly LoadedMessage[];
  readonly #byContent = new Map<string, LoadedMessage>();
  readonly #misrouted = new Map<string, UsageEvent>();

  constructor(seed: number, events: number, times: ChaosTimes) {
    const common = { seed, partitionCount: CHAOS_PARTITIONS, accounts: CHAOS_ACCOUNTS, hugeSizes: 0 };
    this.messages = generateLoad({
      ...common,
      events,
      endMs: times.loadEndMs,
      hours: LOAD_HOURS,
      poison: true,
      misrouted: MISROUTED,
    });
    this.closing = generateLoad({ ...common, events: 0, endMs: times.nowMs, idPrefix: "closing-" });
    for (const message of [...this.messages, ...this.closing]) {
      this.#byContent.set(contentKey(message.contentType, message.data), message);
      for (const row of message.rows) {
        if (row.refusal !== undefined) continue;
        const { event } = row;
        if (partitionOf(event.account, CHAOS_PARTITIONS) !== message.partition)
          this.#misrouted.set(eventKey(event.source, event.id), event);
      }
    }
  }

  /**
   * Reads the logs of all partitions and says what each message holds, in the order of the logs. Throws where one holds what nobody published, or
   * where a message of the load is in none.
   */
  async read(connection: BrokerConnection): Promise<readonly (readonly LoadedMessage[])[]> {
    const missing = new Set(this.#byContent.keys());
    const logs: LoadedMessage[][] = [];
    for (let partition = 0; partition < CHAOS_PARTITIONS; partition++) {
      const stream = new StreamReader(connection, usageStream(partition));
      const { lastSequence } = await stream.identity();
      const messages: LoadedMessage[] = [];
      for await (const stored of stream.readRange(1, lastSequence)) {
        const key = contentKey(stored.contentType, stored.data);
        const planned = this.#byContent.get(key);
        missing.delete(key);
        const region = regionOf(stored.subject) ?? "";
        messages.push({ ...(planned ?? this.#rerouted(stored, partition)), partition, region });
      }
      logs.push(messages);
    }
    if (missing.size > 0) throw new Error(`${missing.size} messages were acknowledged and are in no stream`);
    return logs;
  }

  /** An event that a worker sent on, as the message of its own partition. */
  #rerouted(stored: LogMessage, partition: number): LoadedMessage {
    const { source, id } = JSON.parse(Buffer.from(stored.data).toString("utf8"));
    const event = this.#misrouted.get(eventKey(source, id));
    if (event === undefined || partitionOf(event.account, CHAOS_PARTITIONS) !== partition)
      throw new Error(`message ${stored.sequence} of partition ${partition} was published by nobody`);
    const { subject, contentType, data } = stored;
    return { subject, contentType, data, partition, region: "", rows: [{ event }] };
  }
}

function contentKey(contentType: string, data: Uint8Array): string {
  const digest = createHash("sha256").update(data).digest("base64");
  return `${normaliseContentType(contentType)} ${digest}`;
}

function eventKey(source: unknown, id: unknown): string {
  return JSON.stringify([source, id]);
}
