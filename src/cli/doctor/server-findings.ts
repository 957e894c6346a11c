import type { BrokerFacts, ConsumerFacts } from "../../ingest/jetstream/broker-facts.ts";
import { isAtLeast, OLDEST_SERVER_VERSION } from "../../ingest/jetstream/connection.ts";
import type { MappingProbe } from "../../ingest/jetstream/subject-mapping.ts";
import { subjectMappingSnippet } from "../../ingest/jetstream/subject-mapping.ts";
import { durationText } from "../../model/duration.ts";
import { byteSizeText } from "../config/byte-size.ts";
import { ok, type Finding } from "./finding.ts";
import type { MonitorFacts } from "./monitor.ts";

/** Shares of the storage limit in use from which on it is time to act, or too late to wait. */
const STORAGE_WARN_RATIO = 0.75;
const STORAGE_CRITICAL_RATIO = 0.9;
/** Clocks that are kept by NTP differ by far less. */
const CLOCK_WARN_MS = 1_000;
const CLOCK_CRITICAL_MS = 60_000;

export function versionFinding(version: string): Finding {
  if (isAtLeast(version, OLDEST_SERVER_VERSION)) return ok("server-version", `NATS server ${version}`);
  const loses = isAtLeast(version, "2.10.20");
  return {
    severity: "critical",
    check: "server-version",
    of: [],
    seen: `NATS server ${version}`,
    why: loses
      ? "2.10.20 to 2.10.22 can lose a whole stream when the server's process is killed."
      : "The version is older than what Tributary is tested with, and has known faults that lose messages.",
    action: `Upgrade to ${OLDEST_SERVER_VERSION} or newer.`,
  };
}

/** How long acknowledged messages may wait for the disk; only the monitoring endpoint tells. */
export function syncFinding(monitor: MonitorFacts | undefined, leastReplicas: number): Finding {
  if (monitor === undefined) {
    return {
      severity: "warn",
      check: "sync-interval",
      of: [],
      seen: "not visible to a client",
      why: "JetStream acknowledges before data is on the disk, by default up to two minutes: a power failure takes what was acknowledged.",
      action:
        "Name the server's monitoring endpoint with --monitor, or look at `sync_interval` in its configuration.",
    };
  }
  if (monitor.syncAlways) return ok("sync-interval", "always: acknowledged means on the disk");
  const seen = `acknowledged data may wait ${durationText(monitor.syncIntervalMs)} for the disk`;
  if (leastReplicas >= 3) {
    return {
      severity: "warn",
      check: "sync-interval",
      of: [],
      seen,
      why: "A failure that takes the power of all replicas at once takes what was acknowledged in that time.",
      action: "Keep the replicas in different zones, or set `sync_interval: always`.",
    };
  }
  return {
    severity: "critical",
    check: "sync-interval",
    of: [],
    seen,
    why: "With fewer than three replicas, a power failure or crash of the machine takes what was acknowledged in that time.",
    action: "Set `jetstream { sync_interval: always }` in the server's configuration, or run three replicas.",
  };
}

export function storageFindings(
  facts: Pick<BrokerFacts, "storageBytes" | "storageLimitBytes">,
  monitor: MonitorFacts | undefined,
): Finding[] {
  const places = [
    { of: "account", used: facts.storageBytes, limit: facts.storageLimitBytes },
    { of: "server", used: monitor?.storageBytes ?? 0, limit: monitor?.storageLimitBytes },
  ];
  return places.flatMap(({ of, used, limit }): Finding[] => {
    if (limit === undefined) return [];
    const ratio = used / limit;
    const seen = `${byteSizeText(used)} of ${byteSizeText(limit)} used (${Math.floor(ratio * 100)} %)`;
    if (ratio < STORAGE_WARN_RATIO) return [ok("storage-limit", seen, [of])];
    return [
      {
        severity: ratio < STORAGE_CRITICAL_RATIO ? "warn" : "critical",
        check: "storage-limit",
        of: [of],
        seen,
        why: "At the limit every publication is refused: producers lose what they can't keep, and partitions stop.",
        action: "Give JetStream more room, or shorten the retention of usage that is invoiced.",
      },
    ];
  });
}

export function consumerFindings(consumers: readonly ConsumerFacts[], owned: readonly number[]): Finding[] {
  return consumers
    .filter(({ partition }) => owned.includes(partition))
    .map(({ partition, exists, pending, waitingPulls }): Finding => {
      const of = [`partition ${partition}`];
      if (!exists) {
        return {
          severity: "warn",
          check: "consumer",
          of,
          seen: "no consumer",
          why: "No worker has read this partition since its stream was created.",
          action: "Start the worker that owns it.",
        };
      }
      if (pending > 0 && waitingPulls === 0) {
        return {
          severity: "warn",
          check: "consumer",
          of,
          seen: `${pending} messages wait and nobody reads at this moment`,
          why: "Usage is stored and not counted: invoices and watermarks stand still.",
          action:
            "Start the worker that owns it; where it runs, look at its /status and at `tributary recover`.",
        };
      }
      return ok("consumer", `${pending} messages wait`, of);
    });
}

export function mappingFindings(probes: readonly MappingProbe[], partitionCount: number): Finding[] {
  const wrong = probes.filter((probe) => probe.actualStream !== probe.expectedStream);
  const first = wrong[0];
  if (first === undefined) {
    return [ok("subject-mapping", `${probes.length} probes were stored in their accounts' partitions`)];
  }
  return [
    {
      severity: "critical",
      check: "subject-mapping",
      of: [],
      seen:
        first.actualStream === undefined
          ? `${wrong.length} of ${probes.length} probes were not stored: ${first.fault ?? ""}`
          : `${wrong.length} of ${probes.length} probes were stored in another partition (${first.token} in ${first.actualStream}, not ${first.expectedStream})`,
      why: "Usage published without a partition is refused or has to be moved, event by event.",
      action: `Put this into the server's configuration:\n${subjectMappingSnippet(partitionCount)}`,
    },
  ];
}

/** @param skewMs the broker's clock minus this machine's; known to `uncertaintyMs`. */
export function clockFinding(skewMs: number, uncertaintyMs: number): Finding {
  const size = Math.max(0, Math.abs(skewMs) - uncertaintyMs);
  const seen = `the broker's clock is ${Math.abs(Math.round(skewMs))} ms ${skewMs < 0 ? "behind" : "ahead of"} this machine's (±${Math.ceil(uncertaintyMs)} ms)`;
  if (size < CLOCK_WARN_MS) return ok("clock", seen);
  return {
    severity: size < CLOCK_CRITICAL_MS ? "warn" : "critical",
    check: "clock",
    of: [],
    seen,
    why: "Arrival times are the broker's: events that producers date by another clock are taken for late, too old or from the future.",
    action: "Keep the clocks of brokers and producers with NTP.",
  };
}
