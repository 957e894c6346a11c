import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { committedChaosRuns, withChaosRuns, type ChaosRuns } from "../../../scripts/docs/chaos-runs.ts";
import type { ChaosReport } from "../../support/chaos/chaos-report.ts";
import { PROJECT_ROOT, readProjectFile } from "../../support/project-files.ts";

test("the page has the committed runs, and no seed differed in them", () => {
  const runs = committedChaosRuns(pathToFileURL(`${PROJECT_ROOT}/`));
  const page = readProjectFile("docs/reliability.md");
  expect(withChaosRuns(page, runs)).toBe(page);
  for (const assignment of ["static", "elastic"] as const) {
    const seeds = runs.filter((run) => run.assignment === assignment).flatMap(({ reports }) => reports);
    expect(seeds.length).toBeGreaterThanOrEqual(10);
  }
  expect(runs.flatMap(({ failed }) => failed)).toEqual([]);
});

const report = (seed: number, waitMs: number): ChaosReport => ({
  seed,
  assignment: "static",
  faultsMs: 30_000,
  elapsedMs: 60_000,
  settledMs: 9_500 + seed,
  longestWithoutProgress: { durationMs: waitMs, sinceMs: 0, partition: 0 },
  faults: { "worker-kill": 2, "disk-full": 1 },
  leftOut: [],
  ownExits: [],
  published: { messages: 0, repeated: 0, reordered: 0, retried: 0 },
  messages: 1_000,
  counts: {
    read: 20_000,
    accepted: 0,
    late: 0,
    duplicate: 0,
    conflicting: 0,
    rejected: 0,
    parked: 0,
    misrouted: 0,
  },
  undecodable: 0,
  documents: 30,
  journals: 0,
  erps: { drop: { documents: 31, journals: 0, customers: 0, requests: 0, lost: 0 } },
  totals: {},
});

test("sums what several seeds had, tells the longest, and names what differed", () => {
  const runs: ChaosRuns = {
    at: "2026-12-01T04:00:00.000Z",
    machine: { node: "v20", cores: 2, memoryGiB: 16 },
    minutes: 0.5,
    assignment: "static",
    failed: [3],
    reports: [report(1, 4_000), report(2, 12_001)],
  };
  const page = "a\n<!-- chaos runs -->\nformer\n<!-- /chaos runs -->\nb\n";
  const once = withChaosRuns(page, [runs]);
  expect(once).toContain(
    "| 2026-12-01 | static | 1 to 3 | 0.5 min | 6 | 2,000 | 40,000 | 62 | 13 s | 10 s | 3 |",
  );
  expect(once).not.toContain("former");
  expect(withChaosRuns(once, [runs])).toBe(once);
  expect(() => withChaosRuns("a", [])).toThrow("needs");
});
