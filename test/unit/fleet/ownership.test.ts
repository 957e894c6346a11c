import { describe, expect, test } from "vitest";
import { runSchedule, type ScheduleFigures } from "../../support/fleet/ownership-schedule.ts";

/**
 * Processes that want one partition, die, sleep, lose their disks and begin with old snapshots: what is published is what the logs say, once. A longer run:
 * `npm run test:long -- ownership`; one schedule again: `OWNERSHIP_SEED=n OWNERSHIP_SCHEDULES=1`.
 */
const FIRST_SEED = Number(process.env["OWNERSHIP_SEED"] ?? "1");
const SCHEDULES = Number(process.env["OWNERSHIP_SCHEDULES"] ?? "30");
/** So many that each kind of trouble is among them. */
const ENOUGH = 30;
/** A fence that is missing must be noticed soon. */
const NOTICED_WITHIN = 1_000;

test(
  `${SCHEDULES} schedules of ownership: nothing is lost or published twice`,
  async () => {
    const seen: ScheduleFigures[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++)
      seen.push(
        await runSchedule(seed).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        }),
      );
    if (SCHEDULES < ENOUGH) return;
    // They are not all quiet.
    const most = (figure: (figures: ScheduleFigures) => number): number => Math.max(...seen.map(figure));
    expect(most(({ owners }) => owners)).toBeGreaterThan(5);
    expect(most(({ published }) => published)).toBeGreaterThan(5);
    expect(most(({ documents }) => documents)).toBeGreaterThan(1);
    const stops = seen.flatMap((figures) => figures.stops);
    for (const fence of ["control-log-moved", "publication-fenced", "control-record-misplaced"])
      expect(stops.filter((stop) => stop.startsWith(fence)).length).toBeGreaterThan(0);
  },
  60_000 + SCHEDULES * 1_000,
);

describe("without a fence", () => {
  test.each(["control-log", "publications"] as const)(
    "of the %s it is noticed",
    async (fence) => {
      let fault: unknown;
      for (let seed = 1; seed <= NOTICED_WITHIN && fault === undefined; seed++)
        fault = await runSchedule(seed, fence).then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(fault).toBeInstanceOf(Error);
    },
    600_000,
  );
});
