import { expectedTotals } from "../../src/load/expected-totals.ts";
import type { LoadForm } from "../../src/load/encode/load-encoder.ts";
import type { LoadShape } from "../../src/load/event-plan.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { eventsPerSecond, type Measurement } from "../harness/measurement.ts";
import { requireEqualTotals } from "../harness/sums.ts";
import { POSTGRES_PACKAGE } from "../references/postgres-server.ts";
import { tributary } from "../worker/drain.ts";
import { loadShape } from "./load-shapes.ts";

export type ReferenceName = "raw" | "naive" | "postgres" | "duckdb" | "duckdb-batch";

export interface ThroughputOptions {
  readonly name: string;
  readonly form: LoadForm;
  readonly batchSize: number;
  readonly events: number;
  readonly accounts: number;
  readonly partitions: number;
  readonly references: readonly ReferenceName[];
  /** Runs of each contender, one after the other in turn. */
  readonly rounds: number;
  readonly onProgress: (text: string) => void;
}

export interface ContenderRuns {
  readonly contender: string;
  readonly runs: readonly Measurement[];
}

export interface ThroughputResult {
  readonly name: string;
  readonly form: LoadForm;
  readonly shape: LoadShape;
  readonly batchSize: number;
  readonly partitionCount: number;
  /** Hash that all results have. */
  readonly hash: string;
  readonly publishedPerSecond: number;
  readonly contenders: readonly ContenderRuns[];
  readonly skipped: readonly { readonly contender: string; readonly why: string }[];
}

/** Fills the streams once, then lets all contenders drain them in turn; compares their totals with the load's. */
export async function throughput(options: ThroughputOptions): Promise<ThroughputResult> {
  const { name, form, batchSize, events, accounts, partitions, rounds, onProgress } = options;
  const shape = loadShape(events, accounts);
  const environment = await BenchEnvironment.start(partitions);
  try {
    onProgress(`${name}: publishing ${events.toLocaleString("en")} events`);
    const published = await environment.fill(shape, { form, batchSize, partitionCount: partitions });
    const { repeated } = published;
    const expected = expectedTotals(shape, { partitionCount: partitions, form, repeated });
    const skipped: { contender: string; why: string }[] = [];
    const runs = new Map<string, Measurement[]>();
    for (let round = 1; round <= rounds; round++) {
      for (const contender of ["tributary", ...options.references]) {
        const task = environment.task(shape, partitions, expected.counts.read);
        onProgress(`${name}: ${contender}, run ${round} of ${rounds}`);
        let measurement: Measurement;
        if (contender === "tributary") measurement = await tributary({ task, catalog: shape });
        else if (contender === "postgres") {
          const postgresUrl = await environment.postgresUrl();
          if (postgresUrl === undefined) {
            if (round === 1) skipped.push({ contender, why: `not installed (package ${POSTGRES_PACKAGE})` });
            continue;
          }
          measurement = await environment.reference(contender, task, { postgresUrl });
        } else measurement = await environment.reference(contender, task);
        requireEqualTotals(contender, measurement.result, expected);
        onProgress(
          `${name}: ${contender}, ${Math.round(eventsPerSecond(measurement)).toLocaleString("en")} events/s`,
        );
        runs.set(contender, [...(runs.get(contender) ?? []), measurement]);
      }
    }
    return {
      name,
      form,
      shape,
      batchSize,
      partitionCount: partitions,
      hash: expected.hash,
      publishedPerSecond: events / published.seconds,
      contenders: [...runs].map(([contender, list]) => ({ contender, runs: list })),
      skipped,
    };
  } finally {
    await environment.stop();
  }
}
