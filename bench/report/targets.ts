import { formatFigure, type FigureId, type Figures } from "./figures.ts";
import type { ReportRow, TargetRow } from "./report.ts";

/** One row of the table of targets. `required` rows must be met; the others are aims. */
interface Target {
  readonly what: string;
  readonly target: string;
  readonly required: boolean;
  /** Undefined where these runs can't tell. */
  readonly measure: (measured: Measured) => Told | undefined;
}

interface Told {
  readonly text: string;
  readonly isMet: boolean;
}

interface Measured {
  readonly rows: readonly ReportRow[];
  readonly figures: Figures;
}

/** The cadence of checkpoints, and what may come on top of it. */
const CHECKPOINT_INTERVAL_MS = 1_000;
const LATENCY_MARGIN_MS = 100;
/** Less than the planned load by this share still counts as that load. */
const LOAD_TOLERANCE = 0.95;
const LOOP_LOAD_PER_SECOND = 1_000_000;
const MONTH_END_LOAD_PER_SECOND = 100_000;
/** What the garbage collector may hold more of at the end of a backlog than at its beginning. */
const BACKLOG_GROWTH_MIB = 64;
/** Of an ERP's quota while a backlog stands. */
const QUOTA_USED = 0.95;
const RECOVERY = { keys: 9_500_000, cells: 950_000, seconds: 3 } as const;

const TARGETS: readonly Target[] = [
  ratioTarget("one-event messages, against raw", "single events", "raw", 0.65, percent),
  speedTarget("columnar batches", "columnar", 2e6, true),
  ratioTarget("columnar batches, against duckdb", "columnar", "duckdb", 5, times),
  ratioTarget("columnar batches, against postgres", "columnar, medium load", "postgres", 10, times),
  ratioTarget("columnar batches, against naive", "columnar, small load", "naive", 8, times),
  {
    what: "columnar batches, beside duckdb-batch (for information)",
    target: "—",
    required: false,
    measure: ({ rows }) => {
      const ratio = rowOf(rows, "columnar", "duckdb-batch")?.workerRatio;
      return ratio === undefined ? undefined : { text: times(ratio), isMet: true };
    },
  },
  speedTarget("columnar batches deduplicated by producer sequence", "columnar, numbered batches", 5e6, false),
  figureTarget("cost growth, accounts: events/s at 1 M, of those at 10 k", "≥ 60 %", "accountGrowthRatio", {
    least: 0.6,
    text: percent,
  }),
  figureTarget(
    "cost growth, keys: events/s at 100 M remembered, of those at 1 M",
    "≥ 60 %",
    "keyGrowthRatio",
    {
      least: 0.6,
      text: percent,
    },
  ),
  figureTarget("memory: hot deduplication", "≤ 40 bytes a key", "hotKeyBytes", { most: 40 }),
  figureTarget("memory: sealed deduplication", "≤ 2 bytes a key", "sealedKeyBytes", { most: 2 }),
  figureTarget("memory: open numeric cell", "≤ 150 bytes", "cellBytes", { most: 150 }),
  figureTarget(
    "memory: resident under a backlog, keys apart, last third beyond the first",
    `≤ ${BACKLOG_GROWTH_MIB} MiB`,
    "backlogGrowthMiB",
    { most: BACKLOG_GROWTH_MIB },
  ),
  figureTarget(
    "latency at half the maximum load: arrival → committed, p99",
    `≤ ${CHECKPOINT_INTERVAL_MS} + ${LATENCY_MARGIN_MS} ms`,
    "latencyP99Ms",
    { most: CHECKPOINT_INTERVAL_MS + LATENCY_MARGIN_MS },
  ),
  figureTarget("event loop blocked at a month's end, p99", "≤ 50 ms", "monthEndLoopDelayP99Ms", { most: 50 }),
  {
    what: "event loop blocked at 1 M events/s, p99",
    target: "≤ 50 ms",
    required: true,
    measure: ({ figures: { loopDelayP99Ms: delay, loopRatePerSecond: rate } }) => {
      if (delay === undefined || rate === undefined) return undefined;
      const isLoaded = rate >= LOOP_LOAD_PER_SECOND * LOAD_TOLERANCE;
      const at = isLoaded ? "" : ` at ${formatFigure("loopRatePerSecond", rate)}`;
      return { text: `${formatFigure("loopDelayP99Ms", delay)}${at}`, isMet: isLoaded && delay <= 50 };
    },
  },
  {
    what: "recovery: 10 M keys and 1 M cells back",
    target: `≤ ${RECOVERY.seconds} s`,
    required: true,
    measure: ({ figures: { restoreSeconds: seconds, restoredKeys = 0, restoredCells = 0 } }) => {
      if (seconds === undefined) return undefined;
      const isWhole = restoredKeys >= RECOVERY.keys && restoredCells >= RECOVERY.cells;
      const of = isWhole ? "" : ` for ${formatFigure("restoredKeys", restoredKeys)} keys`;
      return {
        text: `${formatFigure("restoreSeconds", seconds)}${of}`,
        isMet: isWhole && seconds <= RECOVERY.seconds,
      };
    },
  },
  {
    what: "month-end: invoices a minute while ingesting 100 k events/s",
    target: "≥ 100 k",
    required: false,
    measure: ({ figures: { monthEndPerMinute: perMinute, monthEndEventsPerSecond: events = 0 } }) => {
      if (perMinute === undefined) return undefined;
      const isLoaded = events >= MONTH_END_LOAD_PER_SECOND * LOAD_TOLERANCE;
      const at = isLoaded ? "" : ` at ${formatFigure("monthEndEventsPerSecond", events)} events/s`;
      return {
        text: `${formatFigure("monthEndPerMinute", perMinute)}${at}`,
        isMet: isLoaded && perMinute >= 100_000,
      };
    },
  },
  {
    what: "ERP drain: part of the quota that is used",
    target: `≥ ${percent(QUOTA_USED)}, never above`,
    required: false,
    measure: ({ figures: { erpPlacesUsed: places, erpRateUsed: rate, erpMostUsed: most } }) => {
      if (places === undefined || rate === undefined || most === undefined) return undefined;
      const isAbove = most > 1;
      const above = isAbove ? `, at most ${percent(most)}` : ", never above";
      return {
        text: `${percent(Math.min(places, rate))}${above}`,
        isMet: !isAbove && Math.min(places, rate) >= QUOTA_USED,
      };
    },
  },
  figureTarget(
    "scale-out: events per CPU-second with 2 threads, of those with 1",
    "≥ 85 %",
    "scaleOutTwo",
    { least: 0.85, text: percent },
    false,
  ),
  figureTarget(
    "scale-out: events per CPU-second with 4 threads, of those with 1",
    "≥ 85 %",
    "scaleOutFour",
    { least: 0.85, text: percent },
    false,
  ),
  figureTarget(
    "scale-out: events per CPU-second with 2 workers, of those with 1",
    "≥ 85 %",
    "fleetTwo",
    { least: 0.85, text: percent },
    false,
  ),
  figureTarget(
    "scale-out: events per CPU-second with 4 workers, of those with 1",
    "≥ 85 %",
    "fleetFour",
    { least: 0.85, text: percent },
    false,
  ),
  figureTarget(
    "failover of a killed worker at 100 k events/s, 10 M keys, 1 M cells: until the lag falls",
    "≤ lease (15 s) + 10 s",
    "failoverLagFallsSeconds",
    { most: 25 },
    false,
  ),
  figureTarget(
    "failover: age of the newest snapshots at the kill",
    "≤ 60 s",
    "failoverSnapshotAgeSeconds",
    { most: 60 },
    false,
  ),
  movedTarget("failover: partitions that move when a second worker comes", "failoverMovedByJoin"),
  movedTarget("failover: partitions that move when one of two workers dies", "failoverMovedByDeath"),
];

/** The table of targets, with what these runs say of them; what they can't tell is told as not measured. */
export function targetRows(measured: Measured): TargetRow[] {
  return TARGETS.map(({ what, target, required, measure }) => {
    const told = measure(measured);
    return {
      what: required ? `● ${what}` : what,
      target,
      measured: told?.text ?? "—",
      verdict: told === undefined ? "not measured" : verdict(target, told),
    };
  });
}

function verdict(target: string, { isMet }: Told): TargetRow["verdict"] {
  if (target === "—") return "for information";
  return isMet ? "met" : "missed";
}

function rowOf(rows: readonly ReportRow[], scenario: string, contender: string): ReportRow | undefined {
  return rows.find((row) => row.scenario === scenario && row.contender === contender);
}

function speedTarget(what: string, scenario: string, least: number, required: boolean): Target {
  const millions = (perSecond: number, digits: number): string => (perSecond / 1e6).toFixed(digits);
  return {
    what,
    target: `${required ? "≥" : "aim"} ${millions(least, 0)} M events/s`,
    required,
    measure: ({ rows }) => {
      const perSecond = rowOf(rows, scenario, "tributary")?.eventsPerSecond;
      return perSecond === undefined
        ? undefined
        : { text: `${millions(perSecond, 2)} M/s`, isMet: perSecond >= least };
    },
  };
}

function ratioTarget(
  what: string,
  scenario: string,
  reference: string,
  least: number,
  text: (value: number) => string,
): Target {
  return {
    what,
    target: `≥ ${text === percent ? percent(least) : `${least} ×`}`,
    required: true,
    measure: ({ rows }) => {
      const ratio = rowOf(rows, scenario, reference)?.workerRatio;
      return ratio === undefined ? undefined : { text: text(ratio), isMet: ratio >= least };
    },
  };
}

function figureTarget(
  what: string,
  target: string,
  id: FigureId,
  bounds: { readonly least?: number; readonly most?: number; readonly text?: (value: number) => string },
  required = true,
): Target {
  const { least = -Infinity, most = Infinity, text = (value: number) => formatFigure(id, value) } = bounds;
  return {
    what,
    target,
    required,
    measure: ({ figures }) => {
      const value = figures[id];
      return value === undefined ? undefined : { text: text(value), isMet: value >= least && value <= most };
    },
  };
}

/** Half of the partitions, no more and no fewer: two workers share them, and what the one has need not move. */
function movedTarget(what: string, id: FigureId): Target {
  return {
    what,
    target: "half of them",
    required: false,
    measure: ({ figures }) => {
      const { [id]: moved, failoverPartitions: all } = figures;
      return moved === undefined || all === undefined
        ? undefined
        : { text: `${formatFigure(id, moved)} of ${all}`, isMet: moved === all / 2 };
    },
  };
}

function percent(value: number): string {
  return `${(value * 100).toFixed(0)} %`;
}

function times(value: number): string {
  return `${value.toFixed(1)} ×`;
}
