import type { ReportRow } from "./report.ts";

interface Floor {
  readonly scenario: string;
  readonly contender: string;
  readonly ratio: number;
}

/**
 * Ratios of events a CPU-second below which something has gone wrong. By processor time, since the contenders of a small load run for moments, one
 * after the other, and the machine may have other things to do in some of them. Far below the targets: a small load is mostly start-up.
 */
const FLOORS: readonly Floor[] = [
  { scenario: "single events", contender: "raw", ratio: 0.1 },
  { scenario: "columnar, small load", contender: "raw", ratio: 0.05 },
  { scenario: "columnar, small load", contender: "naive", ratio: 1.2 },
];

/** What stands below its floor; of the scenarios that ran, a row that is missing does too. */
export function floorFaults(rows: readonly ReportRow[], scenarios: readonly string[]): string[] {
  return FLOORS.filter(({ scenario }) => scenarios.includes(scenario)).flatMap(
    ({ scenario, contender, ratio }) => {
      const cost = (of: string): number | undefined =>
        rows.find((row) => row.scenario === scenario && row.contender === of)?.cpuSecondsPerMillion;
      const [own, other] = [cost("tributary"), cost(contender)];
      const found = own === undefined || other === undefined ? undefined : other / own;
      if (found !== undefined && found >= ratio) return [];
      return [
        `${scenario}: the worker is ${found?.toFixed(2) ?? "not measured"} × ${contender} by processor time, the floor is ${ratio} ×`,
      ];
    },
  );
}
