import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeMetrics, renderMetricList } from "../../../scripts/docs/metric-list.ts";
import type { Clock } from "../../../src/model/clock.ts";
import { MAX_REGIONS, WorkerMetrics, type PartitionSnapshot } from "../../../src/ops/metrics.ts";
import { createPartitionObserver, type ObserverBaseline } from "../../../src/ops/partition-observer.ts";
import { readProjectFile } from "../../support/project-files.ts";
import { message, NO_CHANGES, noOrdinals, outcomeRecord, regionCounts } from "./checkpoint-fixture.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const NOTHING_STORED: ObserverBaseline = { load: () => undefined, parked: () => [], exceptions: () => [] };
const SNAPSHOT: PartitionSnapshot = {
  state: "running",
  backlogMessages: 7,
  checkpointAgeMs: 1_500,
  watermarkMs: NOW_MS - 90_000,
  dedupeKeys: 100,
  dedupeSealedKeys: 60,
  dedupeBytes: 4_000,
  windowCells: 12,
  unbilled: [{ currency: "EUR", amount: 12.5 }],
  accrued: { totals: [{ currency: "EUR", amount: 14.25 }], ageMs: 2_500 },
  replayProgressRatio: 0.5,
  held: [],
  streams: { retention: [], regions: [], sources: [] },
  outbox: [{ sink: "rated", pending: 3 }],
};

let nowMs = NOW_MS;
const clock: Clock = {
  nowMs: () => nowMs,
  monotonicMs: () => nowMs,
  schedule: () => () => undefined,
  yieldTurn: () => Promise.resolve(),
};

let metrics: WorkerMetrics;
beforeEach(() => {
  nowMs = NOW_MS;
  metrics = new WorkerMetrics({ clock, processMetrics: false });
});
afterEach(() => {
  metrics.close();
});

/** Samples of a scrape by name and labels. */
async function samples(): Promise<Map<string, number>> {
  const lines = (await metrics.scrape()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space).replace("tributary_", ""), Number(line.slice(space + 1))];
    }),
  );
}

describe("the registry", () => {
  it("has the names and types that are public", () => {
    const types = Object.fromEntries(describeMetrics(metrics.registry).map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({
      tributary_events_total: "counter",
      tributary_messages_total: "counter",
      tributary_undecodable_messages_total: "counter",
      tributary_batches_total: "counter",
      tributary_event_latency_seconds: "histogram",
      tributary_backlog_events: "gauge",
      tributary_watermark_lag_seconds: "gauge",
      tributary_checkpoint_seconds: "histogram",
      tributary_checkpoint_age_seconds: "gauge",
      tributary_dedupe_keys: "gauge",
      tributary_dedupe_bytes: "gauge",
      tributary_window_cells: "gauge",
      tributary_transform_failures_total: "counter",
      tributary_outbox_pending: "gauge",
      tributary_dead_letters_total: "counter",
      tributary_parked_events: "gauge",
      tributary_exceptions: "gauge",
      tributary_exception_age_seconds: "gauge",
      tributary_partition_state: "gauge",
      tributary_sink_failures_total: "counter",
      tributary_event_loop_delay_seconds: "gauge",
      tributary_replay_progress_ratio: "gauge",
      tributary_reconciliation_gap: "gauge",
    });
  });

  it("names counters, times and sizes as Prometheus wants them, with help", () => {
    for (const { name, type, help } of describeMetrics(metrics.registry)) {
      expect(name).toMatch(/^tributary_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(help.length).toBeGreaterThan(10);
    }
  });

  it("has bounded labels only", () => {
    const allowed = new Set([
      "partition",
      "region",
      "outcome",
      "reason",
      "stage",
      "operation",
      "sink",
      "state",
      "kind",
      "channel",
      "quantile",
      // usage or control
      "log",
      // ISO 4217 codes: as many as plans have.
      "currency",
    ]);
    const labels = new Set(describeMetrics(metrics.registry).flatMap((metric) => metric.labels));
    expect([...labels].filter((label) => !allowed.has(label))).toEqual([]);
  });

  it("is one of its own, with the process's metrics where asked for", async () => {
    const other = new WorkerMetrics({ clock });
    try {
      expect(await other.scrape()).toContain("process_cpu_seconds_total");
      expect(await metrics.scrape()).not.toContain("process_cpu_seconds_total");
    } finally {
      other.close();
    }
  });

  it("is listed in docs/metrics.md (npm run docs)", () => {
    expect(readProjectFile("docs/metrics.md")).toBe(renderMetricList(metrics.registry));
  });
});

describe("gauges of a scrape", () => {
  it("hold what the partition tells", async () => {
    metrics.watchPartition(3, () => SNAPSHOT);
    metrics.setWorkerState("running");
    metrics.setBrokerConnected(true);
    const found = await samples();
    expect(Object.fromEntries(found)).toMatchObject({
      'backlog_events{partition="3"}': 7,
      'checkpoint_age_seconds{partition="3"}': 1.5,
      'watermark_lag_seconds{partition="3"}': 90,
      'window_cells{partition="3"}': 12,
      'unbilled_value{currency="EUR"}': 12.5,
      'replay_progress_ratio{partition="3"}': 0.5,
      'outbox_pending{partition="3",sink="rated"}': 3,
      'partition_state{partition="3",state="running"}': 1,
      'partition_state{partition="3",state="failed"}': 0,
      'worker_state{state="running"}': 1,
      'worker_state{state="draining"}': 0,
      broker_connected: 1,
    });
    expect(found.get('event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
  });

  it("leave out a watermark that does not exist yet", async () => {
    metrics.watchPartition(0, () => ({ ...SNAPSHOT, watermarkMs: -Infinity }));
    expect([...(await samples()).keys()].filter((name) => name.startsWith("watermark_lag"))).toEqual([]);
  });

  it("go on for the others when one partition can't be read", async () => {
    metrics.watchPartition(0, () => {
      throw new Error("closed");
    });
    metrics.watchPartition(1, () => SNAPSHOT);
    expect(Object.fromEntries(await samples())).toMatchObject({
      'scrape_failures_total{partition="0"}': 1,
      'backlog_events{partition="1"}': 7,
    });
  });

  it("show how long the event loop was blocked", async () => {
    // Polled: the monitor has to have looked once before a pause for it to count.
    const longestPause = async (): Promise<number | undefined> => {
      const until = performance.now() + 120;
      while (performance.now() < until);
      await new Promise((resolve) => setImmediate(resolve));
      return (await samples()).get('event_loop_delay_seconds{quantile="1"}');
    };
    await expect.poll(longestPause, { timeout: 10_000 }).toBeGreaterThan(0.08);
  });
});

describe("the observer of a partition", () => {
  it("counts events as differences of absolute counts", async () => {
    const observer = createPartitionObserver(metrics, 2, NOTHING_STORED);
    observer.committed(
      { ...NO_CHANGES, regionCounts: [regionCounts("eu", { accepted: 5, duplicate: 2 })] },
      20,
    );
    observer.committed(
      {
        ...NO_CHANGES,
        regionCounts: [
          regionCounts("eu", { accepted: 9, duplicate: 2, late: 1 }),
          regionCounts("us", { accepted: 1 }),
        ],
        messageCounts: { messages: 4, undecodable: 0, probes: 0 },
      },
      20,
    );
    const found = await samples();
    expect(Object.fromEntries(found)).toMatchObject({
      'events_total{partition="2",region="eu",outcome="accepted"}': 9,
      'events_total{partition="2",region="eu",outcome="duplicate"}': 2,
      'events_total{partition="2",region="us",outcome="accepted"}': 1,
      'late_events_total{partition="2",region="eu"}': 1,
      'messages_total{partition="2"}': 4,
      checkpoint_seconds_count: 2,
      checkpoint_seconds_sum: 0.04,
      'reconciliation_gap{kind="outcomes"}': 0,
    });
  });

  it("starts behind what was stored before this process", async () => {
    const stored = {
      position: NO_CHANGES.position,
      regionCounts: [regionCounts("eu", { accepted: 1_000 })],
      messageCounts: { messages: 500, undecodable: 3, probes: 0 },
      lastOrdinals: { ...noOrdinals(), "dead-letter": 3 },
    };
    const observer = createPartitionObserver(metrics, 0, {
      load: () => stored,
      parked: () => [parked(1), parked(2)],
      exceptions: () => [exception("deduplicate", NOW_MS - 10_000)],
    });
    observer.committed(
      {
        ...NO_CHANGES,
        regionCounts: [regionCounts("eu", { accepted: 1_004 })],
        messageCounts: { messages: 502, undecodable: 3, probes: 0 },
        exceptionsAdded: [exception("deduplicate", NOW_MS - 1_000)],
      },
      1,
    );
    expect(Object.fromEntries(await samples())).toMatchObject({
      'events_total{partition="0",region="eu",outcome="accepted"}': 4,
      'messages_total{partition="0"}': 2,
      'parked_events{partition="0"}': 2,
      'exceptions{stage="deduplicate"}': 2,
      'exception_age_seconds{stage="deduplicate"}': 10,
    });
  });

  it("counts parked events when they park, and again when they are settled", async () => {
    const observer = createPartitionObserver(metrics, 0, NOTHING_STORED);
    observer.committed(
      {
        ...NO_CHANGES,
        regionCounts: [regionCounts("eu", { parked: 2 })],
        parkedAdded: [parked(1), parked(2)],
        eventOutcomes: [
          outcomeRecord("parked", "unknown-account"),
          outcomeRecord("parked", "unknown-account"),
        ],
      },
      1,
    );
    observer.committed(
      {
        ...NO_CHANGES,
        regionCounts: [regionCounts("eu", { accepted: 1, parked: 1 })],
        parkedRemoved: [{ sequence: 1, index: 0 }],
        eventOutcomes: [outcomeRecord("accepted", "none")],
      },
      1,
    );
    expect(Object.fromEntries(await samples())).toMatchObject({
      'events_total{partition="0",region="eu",outcome="parked"}': 2,
      'events_total{partition="0",region="eu",outcome="accepted"}': 1,
      'parked_events{partition="0"}': 1,
      'transform_failures_total{stage="enrich",reason="unknown-account"}': 2,
    });
  });

  it("counts failures, dead letters and undecodable messages by stage and reason", async () => {
    const observer = createPartitionObserver(metrics, 0, NOTHING_STORED);
    const letter = (index: number, reason: string): string =>
      JSON.stringify({
        stage: "decode",
        reason,
        sequence: 1,
        index,
        // What producers send must not be taken for our own fields.
        event: JSON.stringify({ reason: "acme-corp", index: -1 }),
      });
    observer.committed(
      {
        ...NO_CHANGES,
        messageCounts: { messages: 5, undecodable: 2, probes: 0 },
        eventOutcomes: [
          outcomeRecord("rejected", "too-old"),
          outcomeRecord("conflicting", "other-payload"),
          outcomeRecord("accepted", "none"),
        ],
        outbox: [
          { channel: "dead-letter", ordinal: 1, body: letter(-1, "json-invalid") },
          { channel: "dead-letter", ordinal: 2, body: letter(-1, "made-up") },
          { channel: "dead-letter", ordinal: 3, body: letter(0, "time-invalid") },
          { channel: "rated", ordinal: 1, body: "{}" },
        ],
      },
      1,
    );
    const found = await samples();
    expect(Object.fromEntries(found)).toMatchObject({
      'transform_failures_total{stage="validate",reason="too-old"}': 1,
      'transform_failures_total{stage="deduplicate",reason="other-payload"}': 1,
      'transform_failures_total{stage="decode",reason="json-invalid"}': 1,
      'dead_letters_total{stage="validate",reason="too-old"}': 1,
      'dead_letters_total{stage="decode",reason="json-invalid"}': 1,
      'undecodable_messages_total{partition="0",reason="json-invalid"}': 1,
      'undecodable_messages_total{partition="0",reason="other"}': 1,
      'outbox_entries_total{partition="0",channel="dead-letter"}': 3,
      'outbox_entries_total{partition="0",channel="rated"}': 1,
    });
    expect(found.has('dead_letters_total{stage="deduplicate",reason="other-payload"}')).toBe(false);
  });

  it("shows a gap between events read and their outcomes", async () => {
    const observer = createPartitionObserver(metrics, 0, NOTHING_STORED);
    const counts = regionCounts("eu", { accepted: 5 });
    observer.committed({ ...NO_CHANGES, regionCounts: [{ ...counts, read: 7 }] }, 1);
    expect((await samples()).get('reconciliation_gap{kind="outcomes"}')).toBe(2);
  });

  it("weights latency by events, from arrival to commit, and cuts clock differences off at 0", async () => {
    const observer = createPartitionObserver(metrics, 0, NOTHING_STORED);
    const batch = "application/vnd.tributary.usage+msgpack";
    observer.processed(
      [
        message(NOW_MS - 2_000, { contentType: batch, data: new Uint8Array(900) }),
        message(NOW_MS - 200, { contentType: batch, data: new Uint8Array(100) }),
        message(NOW_MS + 5_000),
      ],
      3,
    );
    nowMs += 400;
    observer.committed({ ...NO_CHANGES, regionCounts: [regionCounts("eu", { accepted: 1_001 })] }, 1);
    const found = await samples();
    expect(Object.fromEntries(found)).toMatchObject({
      'event_latency_seconds_bucket{le="0.025"}': 1,
      'event_latency_seconds_bucket{le="0.5"}': 1,
      'event_latency_seconds_bucket{le="0.75"}': 101,
      'event_latency_seconds_bucket{le="2"}': 101,
      'event_latency_seconds_bucket{le="3"}': 1_001,
      'event_latency_seconds_bucket{le="+Inf"}': 1_001,
      event_latency_seconds_count: 1_001,
      'batches_total{partition="0"}': 1,
      batch_seconds_sum: 0.003,
    });
    expect(found.get("event_latency_seconds_sum")).toBeCloseTo(900 * 2.4 + 100 * 0.6, 0);
  });

  it("keeps regions bounded, and accounts and ids out", async () => {
    const observer = createPartitionObserver(metrics, 0, NOTHING_STORED);
    const regions = Array.from({ length: MAX_REGIONS + 5 }, (_, i) => regionCounts(`r${i}`, { accepted: 1 }));
    observer.committed(
      {
        ...NO_CHANGES,
        regionCounts: regions,
        parkedAdded: [parked(1)],
        exceptionsAdded: [exception("deduplicate", NOW_MS)],
        outbox: [{ channel: "rated", ordinal: 1, body: JSON.stringify({ account: "acme-corp" }) }],
      },
      1,
    );
    observer.decided({ kind: "idle", region: "r1", appliesAfter: 1, decidedAt: "" });
    const text = await metrics.scrape();
    expect(text).not.toContain("acme-corp");
    expect(text).not.toContain("conflict-");
    expect(new Set(text.match(/region="[^"]+"/g)).size).toBe(MAX_REGIONS + 1);
    expect(text).toContain('tributary_events_total{partition="0",region="other",outcome="accepted"} 5');
    expect(text).toContain('tributary_control_records_total{partition="0",kind="idle"} 1');
  });
});

it("counts failures of sinks and partitions by the fault's code", async () => {
  metrics.sinkFailed("rated", "publish-failed");
  metrics.partitionFailed(4, "stream-refilled");
  expect(Object.fromEntries(await samples())).toMatchObject({
    'sink_failures_total{sink="rated",reason="publish-failed"}': 1,
    'partition_faults_total{partition="4",reason="stream-refilled"}': 1,
  });
});

function parked(sequence: number) {
  return {
    sequence,
    index: 0,
    reason: "unknown-account",
    account: "acme-corp",
    type: "api.call",
    region: "eu",
    arrivalMs: NOW_MS,
    event: "{}",
  };
}

function exception(stage: string, sinceMs: number) {
  return { id: "conflict-1-0", stage, reason: "other-payload", sinceMs, details: `{"account":"acme-corp"}` };
}
