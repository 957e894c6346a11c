import type { ReportRow } from "./report.ts";

interface Floor {
  readonly scenario: string;
  readonly contender: string;
  readonly ratio: number;
}

/**
 * Ratios below which something has gone wrong, whatever else the machine is doing. Far below the targets: a small load on
 * a busy machine is mostly start-up.
 */
const FLOORS: readonly Floor[] = [
  { scenario: "single events", contender: "raw", ratio: 0.1 },
  { scenario: "columnar, small load", contender: "raw", ratio: 0.05 },
  { scenario: "columnar, small load", contender: "naive", ratio: 1.5 },
];

/** What stands below its floor; of the scenarios that ran, a row that is missing does too. */
export function floorFaults(rows: readonly ReportRow[], scenarios: readonly string[]): string[] {
  return FLOORS.filter(({ scenario }) => scenarios.includes(scenario)).flatMap(
    ({ scenario, contender, ratio }) => {
      const found = rows.find((row) => row.scenario === scenario && row.contender === contender)?.workerRatio;
      if (found !== undefined && found >= ratio) return [];
      return [
        `${scenario}: the worker is ${found?.toFixed(2) ?? "not measured"} × ${contender}, the floor is ${ratio} ×`,
      ];
    },
  );
}
