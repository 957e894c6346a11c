import type { ThroughputResult } from "../scenarios/throughput.ts";
import type { ReportRow, TargetRow } from "./report.ts";

/** Hot deduplication may cost so many bytes a key. */
const MAX_HOT_KEY_BYTES = 40;

/** The table of targets, with what these runs say of them; what they can't tell is told as not measured. */
export function targetRows(rows: readonly ReportRow[], results: readonly ThroughputResult[]): TargetRow[] {
  const row = (scenario: string, contender: string): ReportRow | undefined =>
    rows.find((candidate) => candidate.scenario === scenario && candidate.contender === contender);
  const atLeast = (
    what: string,
    target: string,
    measured: number | undefined,
    least: number,
    text: (value: number) => string,
  ): TargetRow => ({
    what,
    target,
    measured: measured === undefined ? "—" : text(measured),
    verdict: measured === undefined ? "not measured" : measured >= least ? "met" : "missed",
  });
  const times = (value: number): string => `${value.toFixed(1)} ×`;
  const perSecond = (value: number): string => `${(value / 1e6).toFixed(2)} M/s`;
  const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
  const keys = results.flatMap(({ contenders }) =>
    contenders
      .filter(({ contender }) => contender === "tributary")
      .flatMap(({ runs }) => runs.map(({ notes }) => notes)),
  );
  const keyBytes = keys
    .map(({ dedupeBytes, dedupeKeys }) => Number(dedupeBytes) / Number(dedupeKeys))
    .filter(Number.isFinite);
  const worstKeyBytes = keyBytes.length === 0 ? undefined : Math.max(...keyBytes);
  const few = row("columnar", "tributary")?.eventsPerSecond;
  const many = row("columnar, many accounts", "tributary")?.eventsPerSecond;
  return [
    atLeast(
      "● one-event messages, against raw",
      "≥ 65 %",
      row("single events", "raw")?.workerRatio,
      0.65,
      percent,
    ),
    atLeast("● columnar batches", "≥ 2 M events/s", few, 2e6, perSecond),
    atLeast("● columnar batches, against duckdb", "≥ 5 ×", row("columnar", "duckdb")?.workerRatio, 5, times),
    atLeast(
      "● columnar batches, against postgres",
      "≥ 10 ×",
      row("columnar", "postgres")?.workerRatio,
      10,
      times,
    ),
    atLeast("● columnar batches, against naive", "≥ 8 ×", row("columnar", "naive")?.workerRatio, 8, times),
    atLeast(
      "● cost growth, accounts: many against few",
      "≥ 60 %",
      few === undefined || many === undefined ? undefined : many / few,
      0.6,
      percent,
    ),
    {
      what: "● memory: hot deduplication",
      target: `≤ ${MAX_HOT_KEY_BYTES} bytes a key`,
      measured: worstKeyBytes === undefined ? "—" : `${worstKeyBytes.toFixed(1)} bytes`,
      verdict:
        worstKeyBytes === undefined ? "not measured" : worstKeyBytes <= MAX_HOT_KEY_BYTES ? "met" : "missed",
    },
    ...NOT_MEASURED.map(([what, target]) => ({
      what,
      target,
      measured: "—",
      verdict: "not measured" as const,
    })),
  ];
}

/** Rows without a scenario yet. */
const NOT_MEASURED: readonly (readonly [what: string, target: string])[] = [
  ["columnar batches deduplicated by producer sequence", "aim 5 M events/s"],
  ["● cost growth, keys: 100 M against 1 M remembered", "≥ 60 %"],
  ["● latency at half the maximum load, p99", "≤ checkpoint interval + 100 ms"],
  ["● event loop blocked at 1 M events/s, p99", "≤ 50 ms"],
  ["● recovery of 10 M keys and 1 M cells", "≤ 3 s"],
  ["scale-out: events per CPU-second with 2 and 4 threads", "≥ 85 % of one"],
  ["month-end (needs invoices)", "≥ 100 k invoices a minute"],
  ["ERP drain (needs an ERP connection)", "≥ 95 % of the quota"],
];
