import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { WeightedHistogram } from "./weighted-histogram.ts";

/**
 * Every metric of a worker. Names are public: a dashboard or an alert may stand on any of them. Labels are bounded:
 * partition, region (at most MAX_REGIONS, then "other"), stage, reason, sink, state. Never an account or an id.
 */

export const METRIC_PREFIX = "tributary_";

/** Arrival to commit: fine about the checkpoint interval (1 s by default), coarse where a backlog is worked off. */
const LATENCY_BUCKETS_SECONDS = [
  0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600,
];
const CHECKPOINT_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** An answer of a service on the internet, up to the longest deadline that makes sense. */
const REQUEST_BUCKETS_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** A synchronous slice of the event loop: 50 ms is the limit. */
const BATCH_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

const SINCE_START = "Since the start of the process.";
const ABSOLUTE = "Absolute, across restarts.";

/** Makes the metrics in a registry. */
export function defineMetrics(registry: Registry) {
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `${METRIC_PREFIX}${name}`, help, labelNames, registers: [registry] });
  /** `merged` says what becomes of the values of several threads. */
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    merged: "sum" | "min" | "max" = "sum",
  ) =>
    new Gauge({
      name: `${METRIC_PREFIX}${name}`,
      help,
      labelNames,
      registers: [registry],
      aggregator: merged,
    });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `${METRIC_PREFIX}${name}`, help, buckets, registers: [registry] });

  return {
    partitionsOwned: gauge(
      "partitions_owned",
      "Partitions that this worker holds the lease of; none with static assignment.",
      [],
    ),
    partitionMoves: counter(
      "partition_moves_total",
      `Partitions that came to this worker or left it, by how: taken, handed-over, lost (the lease was), given-up. ${SINCE_START}`,
      ["kind"],
    ),
    adoptionSeconds: histogram(
      "partition_adoption_seconds",
      "From taking a partition's lease to running it: bringing its state here, opening it.",
      REQUEST_BUCKETS_SECONDS,
    ),
    adoptions: counter(
      "partition_adoptions_total",
      `Partitions started, by where their state came from: disk, snapshot, none (read from the streams). ${SINCE_START}`,
      ["kind"],
    ),
    snapshotAgeSeconds: gauge(
      "snapshot_age_seconds",
      "Age of the newest snapshot that this worker has taken of a partition.",
      ["partition"],
    ),
    snapshots: counter("snapshots_total", `Snapshots taken. ${SINCE_START}`, []),
    snapshotBytes: counter(
      "snapshot_stored_bytes_total",
      `Bytes of snapshots that had to be stored: what an earlier one has is not stored again. ${SINCE_START}`,
      [],
    ),
    snapshotFailures: counter(
      "snapshot_failures_total",
      `Snapshots that could not be taken. ${SINCE_START}`,
      ["reason"],
    ),
    events: counter(
      "events_total",
      `Events committed, by outcome; one that leaves parking counts again under its final outcome. ${SINCE_START}`,
      ["partition", "region", "outcome"],
    ),
    lateEvents: counter(
      "late_events_total",
      `Events accepted after their window was complete; part of the accepted. ${SINCE_START}`,
      ["partition", "region"],
    ),
    messages: counter("messages_total", `Messages committed. ${SINCE_START}`, ["partition"]),
    undecodableMessages: counter(
      "undecodable_messages_total",
      `Messages that no event could be read from. ${SINCE_START}`,
      ["partition", "reason"],
    ),
    batches: counter("batches_total", `Batches that went through the operators. ${SINCE_START}`, [
      "partition",
    ]),
    batchSeconds: histogram(
      "batch_seconds",
      "Time that a batch took in the operators, all of it on the event loop.",
      BATCH_BUCKETS_SECONDS,
    ),
    eventLatencySeconds: new WeightedHistogram({
      name: `${METRIC_PREFIX}event_latency_seconds`,
      help: "From an event's arrival in the stream to the commit that contains it, weighted by events; the events of a batch of messages are spread over them by size. A negative difference of the two clocks counts as 0.",
      buckets: LATENCY_BUCKETS_SECONDS,
      registry,
    }),
    backlogEvents: gauge(
      "backlog_events",
      "Messages stored but not delivered to the partition yet, as last reported by the broker.",
      ["partition"],
    ),
    watermarkLagSeconds: gauge(
      "watermark_lag_seconds",
      "How far the watermark stands behind the clock; absent before the first event.",
      ["partition"],
    ),
    checkpointSeconds: histogram(
      "checkpoint_seconds",
      "Time that a checkpoint took, from collecting the changes to durable.",
      CHECKPOINT_BUCKETS_SECONDS,
    ),
    checkpointAgeSeconds: gauge("checkpoint_age_seconds", "Time since the last checkpoint.", ["partition"]),
    dedupeKeys: gauge("dedupe_keys", `Keys of events that are remembered. ${ABSOLUTE}`, ["partition"]),
    dedupeSealedKeys: gauge(
      "dedupe_sealed_keys",
      "Those of them that are in segment files; they cost two bytes each in memory.",
      ["partition"],
    ),
    dedupeBytes: gauge(
      "dedupe_bytes",
      "Memory held by the keys: records and indexes, and filters of the sealed ones.",
      ["partition"],
    ),
    producers: gauge("producers", `Producers of numbered batches that were seen. ${ABSOLUTE}`, ["partition"]),
    missingBatches: gauge(
      "missing_batches",
      "Numbers of producers' batches that were left out so far, in their current epochs: under way, or lost.",
      ["partition"],
    ),
    missingEvents: gauge(
      "missing_events",
      "Events that producers' manifests have announced and that did not come.",
      ["partition"],
    ),
    windowCells: gauge("window_cells", "Cells of open windows and billing periods.", ["partition"]),
    unbilledValue: gauge(
      "unbilled_value",
      "Rated value that no invoice has taken up, in units of the currency; complete hours only. A float: the books are exact.",
      ["currency"],
    ),
    accruedValue: gauge(
      "accrued_value",
      "Rated and not invoiced, with the hours that are still open, in units of the currency. By rotation: see accrued_value_age_seconds.",
      ["currency"],
    ),
    accruedValueAgeSeconds: gauge(
      "accrued_value_age_seconds",
      "Age of the oldest figure in the accrued value of the partition.",
      ["partition"],
    ),
    transformFailures: counter(
      "transform_failures_total",
      `Events and messages that a stage did not accept, by its reason; duplicates apart. ${SINCE_START}`,
      ["stage", "reason"],
    ),
    outboxEntries: counter("outbox_entries_total", `Results committed to the outbox. ${SINCE_START}`, [
      "partition",
      "channel",
    ]),
    outboxPending: gauge("outbox_pending", `Results that a sink does not have yet. ${ABSOLUTE}`, [
      "partition",
      "sink",
    ]),
    sinkFailures: counter(
      "sink_failures_total",
      `Deliveries that failed and are tried again. ${SINCE_START}`,
      ["sink", "reason"],
    ),
    taxRequests: counter(
      "tax_requests_total",
      `Requests to the tax service, repetitions included, by how they ended. ${SINCE_START}`,
      ["operation", "outcome"],
    ),
    taxRequestSeconds: histogram(
      "tax_request_seconds",
      "Time from a request to the tax service to the end of its reply, or to its deadline.",
      REQUEST_BUCKETS_SECONDS,
    ),
    documentsHeld: gauge(
      "documents_held",
      "Documents that wait for their tax, by reason: they have no number, and others go on without them.",
      ["partition", "reason"],
    ),
    heldDocumentAgeSeconds: gauge(
      "held_document_age_seconds",
      "Time since the date of issue of the oldest held document, by reason.",
      ["reason"],
      "max",
    ),
    deadLetters: counter(
      "dead_letters_total",
      `Events and messages sent to the dead letters. ${SINCE_START}`,
      ["stage", "reason"],
    ),
    alerts: counter(
      "alerts_total",
      `Alerts about commitments and credits that contracts have reached. ${SINCE_START}`,
      ["kind"],
    ),
    parkedEvents: gauge("parked_events", `Events that wait for reference data. ${ABSOLUTE}`, ["partition"]),
    exceptions: gauge(
      "exceptions",
      `Exceptions that somebody has to look at; parked events apart. ${ABSOLUTE}`,
      ["stage"],
    ),
    exceptionAgeSeconds: gauge("exception_age_seconds", "Age of the oldest exception.", ["stage"], "max"),
    controlRecords: counter("control_records_total", `Decisions written to the control log. ${SINCE_START}`, [
      "partition",
      "kind",
    ]),
    partitionState: gauge("partition_state", "1 for the state that the partition is in, 0 for the others.", [
      "partition",
      "state",
    ]),
    partitionFaults: counter("partition_faults_total", `Faults that stopped a partition. ${SINCE_START}`, [
      "partition",
      "reason",
    ]),
    workerState: gauge("worker_state", "1 for the state that the worker is in, 0 for the others.", ["state"]),
    brokerConnected: gauge("broker_connected", "1 while the connection to NATS stands.", [], "min"),
    replayProgressRatio: gauge(
      "replay_progress_ratio",
      "Share of the messages stored when the partition started that it has processed: 1 when it has caught up.",
      ["partition"],
    ),
    reconciliationGap: gauge(
      "reconciliation_gap",
      "Difference between two figures that must be equal. outcomes: events read less the sum of their outcomes.",
      ["kind"],
    ),
    eventLoopDelaySeconds: gauge(
      "event_loop_delay_seconds",
      "How late the event loop ran since the last scrape, by quantile; 1 is the longest pause.",
      ["quantile"],
      "max",
    ),
    scrapeFailures: counter(
      "scrape_failures_total",
      `Times that a partition's figures could not be read for a scrape. ${SINCE_START}`,
      ["partition"],
    ),
  };
}

export type MetricSet = ReturnType<typeof defineMetrics>;
