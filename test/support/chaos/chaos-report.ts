import type { AuditFigures } from "./audit.ts";
import type { PublishedFigures } from "./chaos-producer.ts";
import type { Standstill } from "./progress-watch.ts";
import type { Assignment, FaultKind } from "./schedule.ts";

/** What a run that went well says of itself. */
export interface ChaosReport extends AuditFigures {
  readonly seed: number;
  readonly assignment: Assignment;
  readonly faultsMs: number;
  readonly elapsedMs: number;
  /** From the end of the faults until nothing was open. */
  readonly settledMs: number;
  readonly longestWithoutProgress: Standstill;
  readonly faults: Partial<Record<FaultKind, number>>;
  /** Kinds that this machine can't do. */
  readonly leftOut: readonly FaultKind[];
  /** Workers that ended by themselves and were started again. */
  readonly ownExits: readonly {
    readonly worker: number;
    readonly code: number | null;
    readonly signal: string | null;
  }[];
  readonly published: PublishedFigures;
}

/** A table for people, a column a run. */
export function reportTable(reports: readonly ChaosReport[]): string {
  const kinds = [...new Set(reports.flatMap(({ faults }) => Object.keys(faults)))].sort();
  const erps = [...new Set(reports.flatMap((report) => Object.keys(report.erps)))].sort();
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const rows: readonly (readonly [name: string, cell: (report: ChaosReport) => string])[] = [
    ["seed", ({ seed }) => String(seed)],
    ["assignment", ({ assignment }) => assignment],
    ...kinds.map((kind): [string, (report: ChaosReport) => string] => [
      kind,
      ({ faults }) => String(Object.entries(faults).find(([name]) => name === kind)?.[1] ?? 0),
    ]),
    ["workers that ended by themselves", ({ ownExits }) => String(ownExits.length)],
    ["messages published", ({ published }) => String(published.messages)],
    ["  again on purpose", ({ published }) => String(published.repeated)],
    ["  overtaken on purpose", ({ published }) => String(published.reordered)],
    ["  attempts without an answer", ({ published }) => String(published.retried)],
    ["messages in the streams", ({ messages }) => String(messages)],
    ["events read", ({ counts }) => String(counts.read)],
    ["  accepted", ({ counts }) => String(counts.accepted)],
    ["    late", ({ counts }) => String(counts.late)],
    ["  duplicate", ({ counts }) => String(counts.duplicate)],
    ["  conflicting", ({ counts }) => String(counts.conflicting)],
    ["  rejected", ({ counts }) => String(counts.rejected)],
    ["  parked", ({ counts }) => String(counts.parked)],
    ["  misrouted", ({ counts }) => String(counts.misrouted)],
    ["invoices and credit memos", ({ documents }) => String(documents)],
    ...erps.map((erp): [string, (report: ChaosReport) => string] => [
      `  in ${erp}, each once`,
      (report) => String(report.erps[erp]?.documents ?? 0),
    ]),
    [
      "totals",
      ({ totals }) =>
        Object.entries(totals)
          .map(([currency, minor]) => `${currency} ${minor}`)
          .join(", "),
    ],
    ["longest without progress", (report) => seconds(report.longestWithoutProgress.durationMs)],
    ["settled after", ({ settledMs }) => seconds(settledMs)],
    ["in all", ({ elapsedMs }) => seconds(elapsedMs)],
  ];
  const table = rows.map(([name, cell]) => [name, ...reports.map(cell)]);
  const widths = Array.from({ length: reports.length + 1 }, (_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  return table
    .map((cells) =>
      cells
        .map((text, column) =>
          column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0),
        )
        .join("  "),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}
