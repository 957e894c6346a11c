import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { POSTING_STATES } from "../model/posting.ts";
import type { PostingSnapshot } from "../sinks/posting/posting-runner.ts";

/** Metrics of ERP connections; `sink` is the connection's key. Only the process that has the connection tells of its documents. */

/** An answer of an ERP: some take minutes at a month's end. */
const REQUEST_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];
const BREAKER_VALUES = { closed: 0, "half-open": 1, open: 2 } as const;
const SINCE_START = "Since the start of the process.";

/** Makes the metrics in a registry. */
export function definePostingMetrics(registry: Registry, prefix: string) {
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: `${prefix}${name}`, help, labelNames, registers });
  return {
    requests: new Counter({
      name: `${prefix}erp_requests_total`,
      help: `Requests to an ERP, by operation and how they ended. ${SINCE_START}`,
      labelNames: ["sink", "operation", "outcome"],
      registers,
    }),
    requestSeconds: new Histogram({
      name: `${prefix}erp_request_seconds`,
      help: "Time from a request to an ERP to the end of its answer, or to its deadline.",
      labelNames: ["sink"],
      buckets: REQUEST_BUCKETS_SECONDS,
      registers,
    }),
    notifications: new Counter({
      name: `${prefix}erp_notifications_total`,
      help: `Requests to the webhooks port by what they were (\`received\`, \`handshake\`) or why they were not taken; of those with several notifications also each that showed a wrong secret. \`sink\` is empty where the request names no connection. ${SINCE_START}`,
      labelNames: ["sink", "outcome"],
      registers,
    }),
    subscriptionEnd: gauge(
      "erp_subscription_end_timestamp_seconds",
      "When the ERP's subscriptions to changes end unless they are renewed; absent while they are not known to be alive.",
      ["sink"],
    ),
    runs: gauge("erp_runner", "1 where this process has the connection and posts, 0 where it stands by.", [
      "sink",
    ]),
    quota: gauge(
      "erp_quota_utilization_ratio",
      "Share of the connection's quota in use: the largest of concurrency, rate and day. Never above 1.",
      ["sink"],
    ),
    breaker: gauge(
      "breaker_state",
      "0 closed, 1 half open (one request tries), 2 open (the ERP is left alone; documents wait).",
      ["sink"],
    ),
    documents: gauge("documents", "Documents of a connection by posting state.", ["sink", "state"]),
    value: gauge(
      "documents_value",
      "What the connection's documents come to, by posting state, in currency units: for people and alerts, as a float.",
      ["sink", "state", "currency"],
    ),
    oldestSeconds: gauge(
      "document_age_seconds",
      "How long the oldest document of the connection has been in a posting state.",
      ["sink", "state"],
    ),
    drainSeconds: gauge(
      "posting_drain_seconds",
      "Until what waits for the ERP is posted, by the recent rate and the quota; absent where nothing says.",
      ["sink"],
    ),
    resultsPending: gauge("posting_results_pending", "Results that their partitions have not taken yet.", [
      "sink",
    ]),
    strays: gauge(
      "reconciliation_strays",
      "Documents found in the ERP that nobody here knows, or that it has twice.",
      ["sink"],
    ),
  };
}

export type PostingMetricSet = ReturnType<typeof definePostingMetrics>;

/** Sets what the connections of this process say of themselves. */
export function refreshPostings(set: PostingMetricSet, snapshots: readonly PostingSnapshot[]): void {
  for (const labelled of [
    set.documents,
    set.value,
    set.oldestSeconds,
    set.drainSeconds,
    set.breaker,
    set.quota,
    set.subscriptionEnd,
  ])
    labelled.reset();
  set.resultsPending.reset();
  set.strays.reset();
  for (const snapshot of snapshots) refreshConnection(set, snapshot);
}

function refreshConnection(set: PostingMetricSet, snapshot: PostingSnapshot): void {
  const { connection: sink, phase, breaker, gate, backlog, oldestAgeMs, drainMs } = snapshot;
  set.runs.set({ sink }, phase === "posting" ? 1 : 0);
  // Who stands by knows what was, not what is.
  if (phase !== "posting") return;
  if (breaker !== undefined) set.breaker.set({ sink }, BREAKER_VALUES[breaker]);
  if (gate !== undefined) set.quota.set({ sink }, gate.utilization);
  const { subscriptionEndsAtMs } = snapshot;
  if (subscriptionEndsAtMs !== undefined) set.subscriptionEnd.set({ sink }, subscriptionEndsAtMs / 1_000);
  if (drainMs !== null) set.drainSeconds.set({ sink }, drainMs / 1_000);
  set.resultsPending.set({ sink }, snapshot.resultsPending);
  set.strays.set({ sink }, snapshot.strays);
  for (const state of POSTING_STATES) {
    const rows = backlog.filter((row) => row.state === state);
    set.documents.set(
      { sink, state },
      rows.reduce((sum, { documents }) => sum + documents, 0),
    );
    set.oldestSeconds.set({ sink, state }, (oldestAgeMs[state] ?? 0) / 1_000);
    for (const { currency, amount } of rows)
      if (currency !== null) set.value.inc({ sink, state, currency }, Math.max(0, Number(amount)));
  }
}
