import { defineConfig } from "vitest/config";

/**
 * Files that run at once. Integration tests wait for processes and timers half of their time, so three of them keep two cores
 * busy; more would miss deadlines.
 */
const MAX_WORKERS = 3;

/** Set by `npm run test:long`, which runs what is too long for every change. */
const IS_LONG = process.env["TRIBUTARY_LONG"] !== undefined;

/** Runs for a quarter of a minute of faults, or as long as `npm run chaos` is told to. */
const CHAOS = "test/chaos/**/*.test.ts";

/** Deadlines end what hangs; a test that is slow on a busy machine is none of it. */
const UNIT_DEADLINE_MS = 240_000;
const INTEGRATION_DEADLINE_MS = 600_000;

export default defineConfig({
  test: {
    maxWorkers: MAX_WORKERS,
    // Loading the modules takes longer than most files' tests: a worker loads them once for all its files. What a test
    // changes beyond its file (environment, spies) it puts back.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: UNIT_DEADLINE_MS,
        },
      },
      {
        // In one group with the unit tests: as these come to their end, those fill what they leave free.
        extends: true,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts", ...(IS_LONG ? [] : [CHAOS])],
          globalSetup: ["test/support/integration-setup.ts"],
          testTimeout: INTEGRATION_DEADLINE_MS,
          hookTimeout: INTEGRATION_DEADLINE_MS,
        },
      },
      {
        // What is measured has the machine for itself: one file at a time, when all others have ended.
        extends: true,
        test: {
          name: "measurements",
          include: ["test/measurements/**/*.test.ts"],
          globalSetup: ["test/support/integration-setup.ts"],
          testTimeout: INTEGRATION_DEADLINE_MS,
          hookTimeout: INTEGRATION_DEADLINE_MS,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "long",
          include: IS_LONG ? ["test/long/**/*.test.ts", CHAOS] : [],
          globalSetup: ["test/support/integration-setup.ts"],
          testTimeout: INTEGRATION_DEADLINE_MS,
          hookTimeout: INTEGRATION_DEADLINE_MS,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
