import { DiscardPolicy, millis } from "nats";
import type { StreamInfo } from "nats";
import type { PartitionStreams, RegionSource, StreamCondition } from "../../model/stream-condition.ts";
import type { BrokerConnection } from "./connection.ts";
import { controlStream, regionOfStream, usageStream } from "./names.ts";
import { timestampMs } from "./stored-message.ts";
import { StreamReader, identityOf } from "./stream-reader.ts";

/** What a partition's streams hold and let go of, and how its regional sources are. */
export function openPartitionStreams(connection: BrokerConnection, partition: number): PartitionStreams {
  const usage = new StreamReader(connection, usageStream(partition));
  const control = new StreamReader(connection, controlStream(partition));
  return {
    usage: async () => {
      const info = await usage.info();
      return { condition: conditionOf(info), sources: sourcesOf(info) };
    },
    control: async () => conditionOf(await control.info()),
    usageArrivalMs: async (sequence) => (await usage.messageAt(sequence))?.arrivalMs,
  };
}

export function conditionOf(info: StreamInfo): StreamCondition {
  const { config, state } = info;
  const { firstSequence, lastSequence } = identityOf(info);
  const removes = config.discard === DiscardPolicy.Old;
  return {
    name: config.name,
    firstSequence,
    lastSequence,
    firstArrivalMs: state.messages === 0 ? undefined : timestampMs(state.first_ts),
    messages: state.messages,
    bytes: state.bytes,
    maxAgeMs: config.max_age > 0 ? millis(config.max_age) : undefined,
    maxBytes: removes && config.max_bytes > 0 ? config.max_bytes : undefined,
    maxMessages: removes && config.max_msgs > 0 ? config.max_msgs : undefined,
  };
}

/** The sources of a usage stream that are regions' streams, by region. */
export function sourcesOf({ sources }: StreamInfo): RegionSource[] {
  return (sources ?? [])
    .flatMap(({ name, lag, active }): RegionSource[] => {
      const region = regionOfStream(name);
      // The server gives −1 where it never heard of the source.
      const silentMs = active < 0 ? undefined : millis(active);
      return region === undefined ? [] : [{ region, lagMessages: lag, silentMs }];
    })
    .sort((a, b) => (a.region < b.region ? -1 : 1));
}
