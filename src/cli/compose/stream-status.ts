import { isReachable } from "../../model/stream-condition.ts";
import type { StreamSnapshot } from "../../ops/stream-metrics.ts";
import { retentionAlarm, type RetentionMargin } from "../../pipeline/retention-margin.ts";
import type { PartitionWorker } from "./partition-worker.ts";

/** What a partition says of its streams and regions, for metrics and the status page. */
export function streamSnapshot(partition: PartitionWorker): StreamSnapshot {
  const { sources = [] } = partition.streams?.figures ?? {};
  return {
    retention: marginsOf(partition),
    regions: (partition.pipeline?.engine?.windows.watermark.regions() ?? []).map(
      ({ name, watermarkMs, idle }) => ({ region: name, watermarkMs, idle }),
    ),
    sources: sources.map((source) => ({
      region: source.region,
      lagMessages: source.lagMessages,
      reachable: isReachable(source),
    })),
  };
}

/** Of each stream with a limit that removes messages: how near it is. */
export function retentionStatus(partition: PartitionWorker) {
  return marginsOf(partition).map(({ margin }) => ({
    stream: margin.stream,
    alarm: retentionAlarm(margin) ?? null,
    usedRatio: margin.usedRatio,
    seconds: margin.seconds ?? null,
    messages: margin.messages ?? null,
    bytes: margin.bytes ?? null,
  }));
}

/** Streams that are about to remove what has to stay: reason enough to call the worker not ready. */
export function streamsNearLimit(partition: PartitionWorker): string[] {
  return marginsOf(partition)
    .filter(({ margin }) => retentionAlarm(margin) === "critical")
    .map(({ margin }) => margin.stream);
}

/** Each declared region's own watermark, and its source where it has one. */
export function regionStatus(partition: PartitionWorker) {
  const { regions, sources } = streamSnapshot(partition);
  return regions.map(({ region, watermarkMs, idle }) => {
    const source = sources.find((each) => each.region === region);
    return {
      region,
      watermark: Number.isFinite(watermarkMs) ? new Date(watermarkMs).toISOString() : null,
      idle,
      source: source === undefined ? null : { lagMessages: source.lagMessages, reachable: source.reachable },
    };
  });
}

function marginsOf(partition: PartitionWorker): { readonly log: string; readonly margin: RetentionMargin }[] {
  const { usage, control } = partition.streams?.figures ?? {};
  return [
    ...(usage === undefined ? [] : [{ log: "usage", margin: usage }]),
    ...(control === undefined ? [] : [{ log: "control", margin: control }]),
  ];
}
