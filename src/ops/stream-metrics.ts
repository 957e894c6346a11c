import { Gauge, type Registry } from "prom-client";
import type { RetentionMargin } from "../pipeline/retention-margin.ts";
import type { BoundedLabel } from "./bounded-label.ts";

/** Metrics of a partition's streams: when their limits overtake it, and how its regions are. */

/** What a partition tells of its streams and regions when metrics are scraped. */
export interface StreamSnapshot {
  /** `log` is `usage` or `control`; streams without a limit that removes messages are not in it. */
  readonly retention: readonly { readonly log: string; readonly margin: RetentionMargin }[];
  /** Declared regions; the watermark is not finite before the region's first event. */
  readonly regions: readonly {
    readonly region: string;
    readonly watermarkMs: number;
    readonly idle: boolean;
  }[];
  /** Regions that are taken in elsewhere. */
  readonly sources: readonly {
    readonly region: string;
    readonly lagMessages: number;
    readonly reachable: boolean;
  }[];
}

/** Makes the metrics in a registry. */
export function defineStreamMetrics(registry: Registry, prefix: string) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: `${prefix}${name}`, help, labelNames, registers: [registry] });
  const streamLabels = ["partition", "log"] as const;
  const regionLabels = ["partition", "region"] as const;
  return {
    usedRatio: gauge(
      "retention_used_ratio",
      "Share of a stream's limit that messages take which have to stay (usage: those not committed; control: all); at 1 they are removed. Absent without such a limit.",
      streamLabels,
    ),
    marginSeconds: gauge(
      "retention_margin_seconds",
      "Until a limit of the stream removes the first message that has to stay: by its age, or by what comes at the recent rate.",
      streamLabels,
    ),
    marginMessages: gauge(
      "retention_margin_messages",
      "Messages that may still come before the stream removes one that has to stay.",
      streamLabels,
    ),
    marginBytes: gauge(
      "retention_margin_bytes",
      "Bytes that may still come before the stream removes a message that has to stay.",
      streamLabels,
    ),
    regionLag: gauge(
      "region_watermark_lag_seconds",
      "How far a region's own watermark stands behind the clock; absent before its first event.",
      regionLabels,
    ),
    regionIdle: gauge(
      "region_idle",
      "1 where the region was found idle: it does not hold the watermark. 0 where it does.",
      regionLabels,
    ),
    sourceLag: gauge(
      "region_source_lag_messages",
      "Messages that wait in a region's own stream, as last heard; absent where the region is taken in here.",
      regionLabels,
    ),
    sourceReachable: gauge(
      "region_source_reachable",
      "1 while the broker of the region gives signs of life, 0 where it can't be reached: its usage waits there, and the watermark with it.",
      regionLabels,
    ),
  };
}

export type StreamMetricSet = ReturnType<typeof defineStreamMetrics>;

/** Forgets what the scrape before said: a limit or a region may be gone. */
export function resetStreams(set: StreamMetricSet): void {
  for (const metric of Object.values(set)) metric.reset();
}

/** Sets what a partition says of its streams. */
export function refreshStreams(
  set: StreamMetricSet,
  partition: number,
  snapshot: StreamSnapshot,
  at: { readonly nowMs: number; readonly regions: BoundedLabel },
): void {
  for (const { log, margin } of snapshot.retention) {
    const labels = { partition, log };
    set.usedRatio.set(labels, margin.usedRatio);
    if (margin.seconds !== undefined) set.marginSeconds.set(labels, margin.seconds);
    if (margin.messages !== undefined) set.marginMessages.set(labels, margin.messages);
    if (margin.bytes !== undefined) set.marginBytes.set(labels, margin.bytes);
  }
  for (const { region, watermarkMs, idle } of snapshot.regions) {
    const labels = { partition, region: at.regions.of(region) };
    if (Number.isFinite(watermarkMs)) set.regionLag.set(labels, (at.nowMs - watermarkMs) / 1000);
    set.regionIdle.set(labels, idle ? 1 : 0);
  }
  for (const { region, lagMessages, reachable } of snapshot.sources) {
    const labels = { partition, region: at.regions.of(region) };
    set.sourceLag.set(labels, lagMessages);
    set.sourceReachable.set(labels, reachable ? 1 : 0);
  }
}
