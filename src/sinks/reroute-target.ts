import { noFaults, type FaultInjector } from "../model/fault-injection.ts";
import type { UsagePublisher } from "../model/log.ts";
import type { OutboxEntry } from "../model/outputs.ts";
import { CLOUD_EVENT_TYPE } from "../model/content-types.ts";
import type { DeliveryTarget } from "./delivery-target.ts";
import { EntryBody } from "./entry-body.ts";

export interface RerouteTargetOptions {
  /** The partition in which the events stood. */
  readonly partition: number;
  readonly publisher: UsagePublisher;
  readonly faults?: FaultInjector;
}

/**
 * Publishes misrouted events to their own partition, one message an event, in order. At least once: a repetition
 * has the same (source, id) and is a duplicate there.
 */
export function rerouteTarget({
  partition,
  publisher,
  faults = noFaults,
}: RerouteTargetOptions): DeliveryTarget {
  async function publish(entry: OutboxEntry): Promise<void> {
    const reroute = new EntryBody(entry);
    faults.reach("before-publish");
    await publisher.publish(
      `usage.${reroute.integer("partition")}.${reroute.text("region")}`,
      CLOUD_EVENT_TYPE,
      Buffer.from(reroute.text("event")),
      `reroute-${partition}-${entry.ordinal}`,
    );
    faults.reach("after-publish-before-cursor");
  }
  return {
    name: "reroute",
    channel: "reroute",
    provesDelivery: false,
    lastDelivered: () => Promise.resolve(0),
    deliver: async (entries) => {
      for (const entry of entries) await publish(entry);
    },
  };
}
