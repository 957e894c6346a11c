import type { StreamFacts } from "../../ingest/jetstream/broker-facts.ts";
import type { TopologyDifference } from "../../ingest/jetstream/topology.ts";
import { DURATION_UNIT_MS } from "../../model/duration.ts";
import { byteSizeText } from "../config/byte-size.ts";
import { durationText } from "../../model/duration.ts";
import { ok, type Finding, type Severity } from "./finding.ts";

/** A month of usage has to be there for a rebuild or a dispute about the last invoice. */
const MONTH_MS = 31 * DURATION_UNIT_MS.d;
/** What a worker may be down for without anybody at work: a long weekend. */
const LONGEST_OUTAGE_MS = 4 * DURATION_UNIT_MS.d;
/** What the producers shipped with Tributary retry for. */
const LEAST_DUPLICATE_WINDOW_MS = 120_000;
/** Repetitions that are so close are few. */
const LONGEST_SOURCED_WINDOW_MS = 1_000;

/** Settings that have checks of their own; every other difference is reported as such. */
const CHECKED_HERE: ReadonlySet<string> = new Set([
  "max_age",
  "max_bytes",
  "max_msgs",
  "max_msg_size",
  "discard",
  "duplicate_window",
  "num_replicas",
  "storage",
]);
/** Settings by which a stream holds other messages than those published to it, or can lose some by request. */
const DANGEROUS: ReadonlySet<string> = new Set([
  "exists",
  "retention",
  "subjects",
  "no_ack",
  "mirror",
  "sources",
  "subject_transform",
  "max_msgs_per_subject",
]);

export interface StreamNeeds {
  readonly dedupeHorizonMs: number;
  readonly pullBytes: number;
  /** Whether regions are sourced into the streams. */
  readonly hasSources?: boolean;
}

export function streamFindings(streams: readonly StreamFacts[], needs: StreamNeeds): Finding[] {
  return streams.flatMap((stream) => [
    ...replicaFindings(stream),
    ...(stream.kind === "control" ? controlFindings(stream) : usageFindings(stream, needs)),
  ]);
}

export function differenceFindings(differences: readonly TopologyDifference[]): Finding[] {
  const findings = differences
    .filter(({ setting }) => !CHECKED_HERE.has(setting))
    .map(({ stream, setting, expected, actual }): Finding => {
      if (setting === "exists") {
        return {
          severity: "critical",
          check: "stream-exists",
          of: [stream],
          seen: "the stream does not exist",
          why: "What producers publish to it is refused; a partition without its streams stops.",
          action:
            "Start a worker, which creates missing streams. Where it existed before, see `tributary recover`.",
        };
      }
      return {
        severity: DANGEROUS.has(setting) ? "critical" : "warn",
        check: "stream-setting",
        of: [stream],
        seen: `${setting} is ${JSON.stringify(actual) ?? "absent"}, expected ${JSON.stringify(expected) ?? "absent"}`,
        why: "The stream may hold other messages than were published, or lose some by a request that is meant to be refused.",
        action: "Change the stream's setting back (`nats stream edit`).",
      };
    });
  return findings.length > 0
    ? findings
    : [ok("stream-setting", "all streams are there, with the expected settings")];
}

function replicaFindings({ name, replicas, inMemory }: StreamFacts): Finding[] {
  if (inMemory) {
    return [
      {
        severity: "critical",
        check: "storage",
        of: [name],
        seen: "messages are held in memory",
        why: "A restart of the server loses all of them.",
        action: "Create the stream with file storage; a stream's storage can't be changed.",
      },
    ];
  }
  if (replicas > 1) return [ok("replicas", `${replicas} replicas`, [name])];
  return [
    {
      severity: "warn",
      check: "replicas",
      of: [name],
      seen: "one replica",
      why: "When that server's disk fails, what is not processed yet is lost.",
      action:
        "Run a cluster of three and set `replicas: 3` (existing streams: `nats stream edit --replicas 3`).",
    },
  ];
}

function controlFindings(stream: StreamFacts): Finding[] {
  const limits = limitsOf(stream);
  if (limits.length === 0) return [ok("control-limits", "no limits", [stream.name])];
  return [
    {
      severity: "critical",
      check: "control-limits",
      of: [stream.name],
      seen: limits.join(", "),
      why: "The control log holds every decision; without its first records no state can be rebuilt, and a full one stops the partition.",
      action: "Remove the limits: `nats stream edit`.",
    },
  ];
}

function limitsOf({ maxAgeMs, maxBytes, maxMessages }: StreamFacts): string[] {
  return [
    ...(maxAgeMs === undefined ? [] : [`max_age ${durationText(maxAgeMs)}`]),
    ...(maxBytes === undefined ? [] : [`max_bytes ${byteSizeText(maxBytes)}`]),
    ...(maxMessages === undefined ? [] : [`max_msgs ${maxMessages}`]),
  ];
}

function usageFindings(stream: StreamFacts, needs: StreamNeeds): Finding[] {
  return [
    ...ageFindings(stream, needs),
    ...sizeFindings(stream),
    ...duplicateWindowFindings(stream, needs),
    ...messageSizeFindings(stream, needs),
  ];
}

function ageFindings({ name, maxAgeMs }: StreamFacts, { dedupeHorizonMs }: StreamNeeds): Finding[] {
  const neededMs = Math.max(MONTH_MS, dedupeHorizonMs);
  if (maxAgeMs === undefined || maxAgeMs >= neededMs) {
    const kept =
      maxAgeMs === undefined ? "usage is kept for ever" : `usage is kept for ${durationText(maxAgeMs)}`;
    return [ok("retention", kept, [name])];
  }
  const severity: Severity = maxAgeMs < LONGEST_OUTAGE_MS ? "critical" : "warn";
  return [
    {
      severity,
      check: "retention",
      of: [name],
      seen: `usage is removed after ${durationText(maxAgeMs)}`,
      why:
        severity === "critical"
          ? "Usage that arrives while a worker is down for longer is lost before it is counted."
          : "A lost state can't be rebuilt for the last billing period, and duplicates within the deduplication horizon would not be recognised by it.",
      action: `Keep usage for at least ${durationText(neededMs)} (the deduplication horizon and a month).`,
    },
  ];
}

function sizeFindings({ name, maxBytes, maxMessages, discardsOld }: StreamFacts): Finding[] {
  const bounded = maxBytes !== undefined || maxMessages !== undefined;
  if (!bounded && !discardsOld) return [ok("discard", "nothing is discarded for lack of room", [name])];
  if (!bounded) {
    return [
      {
        severity: "warn",
        check: "discard",
        of: [name],
        seen: "the discard policy is `old`, without a limit that it would apply to",
        why: "As soon as somebody sets a limit, usage that is not processed yet is removed without a sound.",
        action: "Set the discard policy to `new`: a publisher of a full stream is refused and knows.",
      },
    ];
  }
  const limits = [
    ...(maxBytes === undefined ? [] : [`max_bytes ${byteSizeText(maxBytes)}`]),
    ...(maxMessages === undefined ? [] : [`max_msgs ${maxMessages}`]),
  ].join(", ");
  return [
    discardsOld
      ? {
          severity: "critical",
          check: "discard",
          of: [name],
          seen: `${limits} with discard policy \`old\``,
          why: "When a worker falls behind, usage that is not processed yet is removed without a sound.",
          action: "Set the discard policy to `new`, or remove the limits.",
        }
      : {
          severity: "warn",
          check: "discard",
          of: [name],
          seen: `${limits}; at the limit new messages are refused`,
          why: "Producers that don't keep what was refused lose it.",
          action: "Remove the limits and watch the disk, or be sure that producers retry for long enough.",
        },
  ];
}

function duplicateWindowFindings(
  { name, duplicateWindowMs }: StreamFacts,
  { hasSources }: StreamNeeds,
): Finding[] {
  if (hasSources === true) return sourcedWindowFindings(name, duplicateWindowMs);
  if (duplicateWindowMs >= LEAST_DUPLICATE_WINDOW_MS) {
    return [ok("duplicate-window", durationText(duplicateWindowMs), [name])];
  }
  return [
    {
      severity: "warn",
      check: "duplicate-window",
      of: [name],
      seen: `duplicate window of ${durationText(duplicateWindowMs)}`,
      why: "Retries of a publication are stored twice. They come out as duplicates, at the price of reading them.",
      action: `Set the duplicate window to ${durationText(LEAST_DUPLICATE_WINDOW_MS)}.`,
    },
  ];
}

/** A source begins anew after each message that the window knows. */
function sourcedWindowFindings(name: string, duplicateWindowMs: number): Finding[] {
  if (duplicateWindowMs <= LONGEST_SOURCED_WINDOW_MS)
    return [ok("duplicate-window", durationText(duplicateWindowMs), [name])];
  return [
    {
      severity: "warn",
      check: "duplicate-window",
      of: [name],
      seen: `duplicate window of ${durationText(duplicateWindowMs)}, with regional sources`,
      why: "Each message that a region repeats under a known message id holds the region up for a second; after a failover there may be thousands.",
      action: `Set the duplicate window to 100ms (\`nats stream edit\`): repetitions come out as duplicates.`,
    },
  ];
}

function messageSizeFindings({ name, maxMessageBytes }: StreamFacts, { pullBytes }: StreamNeeds): Finding[] {
  if (maxMessageBytes !== undefined && maxMessageBytes <= pullBytes) {
    return [ok("message-size", `messages up to ${byteSizeText(maxMessageBytes)}`, [name])];
  }
  return [
    {
      severity: "warn",
      check: "message-size",
      of: [name],
      seen:
        maxMessageBytes === undefined
          ? "no limit on a message's size"
          : `messages up to ${byteSizeText(maxMessageBytes)}, more than pull.max_bytes (${byteSizeText(pullBytes)})`,
      why: "A pull must have room for the largest message, so workers raise its budget: memory grows beyond what is configured.",
      action: "Set the stream's max_msg_size to at most pull.max_bytes.",
    },
  ];
}
