import { runSchedule } from "../support/fleet/ownership-schedule.ts";
import {
  addSchedule,
  noTotals,
  type ScheduleTotals,
  type ViolatedSchedule,
} from "../support/fleet/simulation-report.ts";

/** Seeds from `first`, `count` of them. */
export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

export interface RangeResult {
  readonly totals: ScheduleTotals;
  readonly violated: readonly ViolatedSchedule[];
}

/** A process of `npm run simulation`: runs the ranges that it is sent, one at a time, and answers each with its result. */
process.on("message", (range: SeedRange) => {
  void run(range).then((result) => process.send?.(result));
});

async function run({ first, count }: SeedRange): Promise<RangeResult> {
  const totals = noTotals();
  const violated: ViolatedSchedule[] = [];
  for (let seed = first; seed < first + count; seed++)
    try {
      addSchedule(totals, await runSchedule(seed));
    } catch (fault) {
      totals.schedules += 1;
      violated.push({ seed, message: fault instanceof Error ? fault.message : String(fault) });
    }
  return { totals, violated };
}
