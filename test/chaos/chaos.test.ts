import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reportTable } from "../support/chaos/chaos-report.ts";
import { runChaos } from "../support/chaos/chaos-run.ts";
import type { Assignment } from "../support/chaos/schedule.ts";

/**
 * A cluster of three brokers and three workers, of which everything fails at times, under load: in the end the logs, counted by another way, are what
 * was counted, rated, invoiced and posted, once. The short form; `npm run chaos` runs longer ones, by these variables.
 */

const SEED = Number(process.env["TRIBUTARY_CHAOS_SEED"] ?? 4_711);
const FAULTS_MS = Number(process.env["TRIBUTARY_CHAOS_FAULTS_MS"] ?? 15_000);
const ASSIGNMENT: Assignment = process.env["TRIBUTARY_CHAOS_ASSIGNMENT"] === "elastic" ? "elastic" : "static";
/** Written there when all is right. */
const REPORT_FILE = process.env["TRIBUTARY_CHAOS_REPORT"];
const KEEP_FOLDER = process.env["TRIBUTARY_CHAOS_LOGS"] ?? join(tmpdir(), "tributary-chaos");
/** Small, so that brokers, workers and their checks share two cores; a longer run has as many a minute. */
const EVENTS_PER_MINUTE = 8_000;
const LEAST_EVENTS = 3_000;
const SETTLE_MS = 120_000;
const ERPS = (process.env["TRIBUTARY_CHAOS_ERPS"] ?? "business-central,drop").split(",");

test(
  `seed ${SEED}: ${FAULTS_MS / 1_000} s of faults in a cluster lose nothing, double nothing and post nothing twice`,
  async () => {
    const report = await runChaos({
      seed: SEED,
      faultsMs: FAULTS_MS,
      events: Math.max(LEAST_EVENTS, Math.round((EVENTS_PER_MINUTE * FAULTS_MS) / 60_000)),
      assignment: ASSIGNMENT,
      erps: ERPS,
      settleMs: SETTLE_MS,
      keepFolder: KEEP_FOLDER,
      keepsAllLogs: process.env["TRIBUTARY_CHAOS_KEEP_LOGS"] === "1",
      say: (text) => {
        process.stderr.write(text);
      },
    });
    process.stderr.write(reportTable([report]));
    if (REPORT_FILE !== undefined) writeFileSync(REPORT_FILE, `${JSON.stringify(report, null, 2)}\n`);
    expect(Object.keys(report.faults).length).toBeGreaterThan(0);
    expect(report.counts.accepted).toBeGreaterThan(0);
  },
  FAULTS_MS + 4 * SETTLE_MS,
);
