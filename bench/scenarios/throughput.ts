import { expectedTotals } from "../../src/load/expected-totals.ts";
import type { LoadForm } from "../../src/load/encode/load-encoder.ts";
import type { LoadShape } from "../../src/load/event-plan.ts";
import { POSTGRES_PACKAGE } from "../harness/postgres-server.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { eventsPerSecond, type Measurement } from "../harness/measurement.ts";
import { tributary } from "../contenders/tributary.ts";

const PARTITIONS = 16;
const HOUR_MS = 3_600_000;
/** Two full hours and the begin of a third: most windows complete, are rated and published in the timed run. */
const SPAN_MS = 2.5 * HOUR_MS;
/** Event times end this long before now, so that none is ahead of its arrival. */
const BEFORE_NOW_MS = 60_000;

export interface ThroughputOptions {
  readonly name: string;
  readonly form: LoadForm;
  readonly batchSize: number;
  readonly events: number;
  readonly accounts: number;
  readonly references: readonly ("raw" | "naive" | "postgres" | "duckdb")[];
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

/** A contender's totals are not those of the load: no speed is worth telling then. */
export class WrongResult extends Error {}

export function loadShape(events: number, accounts: number): LoadShape {
  return {
    seed: 1,
    events,
    accounts,
    meters: 2,
    regions: ["eu", "us"],
    skew: 0,
    duplicateRatio: 0.01,
    disorderMs: 60_000,
    lateRatio: 0,
    startMs: Math.floor((Date.now() - BEFORE_NOW_MS - SPAN_MS) / 1_000) * 1_000,
    spanMs: SPAN_MS,
  };
}

/** Fills the streams once, then lets all contenders drain them in turn; compares their totals with the load's. */
export async function throughput(options: ThroughputOptions): Promise<ThroughputResult> {
  const { name, form, batchSize, events, accounts, rounds, onProgress } = options;
  const shape = loadShape(events, accounts);
  const environment = await BenchEnvironment.start(PARTITIONS);
  try {
    onProgress(`${name}: publishing ${events.toLocaleString("en")} events`);
    const published = await environment.fill(shape, { form, batchSize, partitionCount: PARTITIONS });
    const expected = expectedTotals(shape, { partitionCount: PARTITIONS });
    const skipped: { contender: string; why: string }[] = [];
    const runs = new Map<string, Measurement[]>();
    for (let round = 1; round <= rounds; round++) {
      for (const contender of ["tributary", ...options.references]) {
        const task = environment.task(shape, PARTITIONS);
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
        onProgress(
          `${name}: ${contender}, ${Math.round(eventsPerSecond(measurement)).toLocaleString("en")} events/s`,
        );
        compare(contender, measurement, expected);
        runs.set(contender, [...(runs.get(contender) ?? []), measurement]);
      }
    }
    return {
      name,
      form,
      shape,
      batchSize,
      partitionCount: PARTITIONS,
      hash: expected.hash,
      publishedPerSecond: events / published.seconds,
      contenders: [...runs].map(([contender, list]) => ({ contender, runs: list })),
      skipped,
    };
  } finally {
    await environment.stop();
  }
}

function compare(
  contender: string,
  { result }: Measurement,
  expected: ReturnType<typeof expectedTotals>,
): void {
  if (result === undefined) return;
  const { counts, hash } = result;
  for (const count of ["read", "accepted", "duplicate"] as const)
    if (counts[count] !== expected.counts[count])
      throw new WrongResult(
        `${contender}: ${count} ${counts[count]}, the load has ${expected.counts[count]}`,
      );
  if (hash !== expected.hash)
    throw new WrongResult(`${contender}: its sums have the hash ${hash}, those of the load ${expected.hash}`);
}
