import type { LoadForm } from "../../src/load/encode/load-encoder.ts";
import { rowsOf } from "../report/report.ts";
import { EVENTS_PER_BATCH, EVENTS_PER_COLUMNAR_BATCH, FEW_ACCOUNTS, SMOKE_ACCOUNTS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";
import { throughput, type ReferenceName, type ThroughputResult } from "./throughput.ts";

/**
 * The worker beside references, by wire form. Loads are as large as what is compared needs: a quarter of a minute of the worker's, so that its rate tells how it
 * works and not how it starts, or less for references that take minutes for it. All of a row read the same.
 */
interface Row {
  readonly name: string;
  readonly form: LoadForm;
  readonly events: number;
  readonly references: readonly ReferenceName[];
  /** Rounds at most. */
  readonly mostRounds?: number;
  /** Events in a smoke run; it has none where left out. */
  readonly smokeEvents?: number;
  readonly smokeReferences?: readonly ReferenceName[];
}

const BATCH_SIZES: Readonly<Record<LoadForm, number>> = {
  event: 1,
  batch: EVENTS_PER_BATCH,
  columnar: EVENTS_PER_COLUMNAR_BATCH,
  numbered: EVENTS_PER_COLUMNAR_BATCH,
};

const ROWS: readonly Row[] = [
  { name: "single events", form: "event", events: 1_000_000, references: ["raw"], smokeEvents: 30_000 },
  { name: "cloudevents batches", form: "batch", events: 2_000_000, references: ["raw"] },
  {
    name: "columnar",
    form: "columnar",
    events: 24_000_000,
    references: ["raw", "duckdb", "duckdb-batch"],
  },
  {
    name: "columnar, medium load",
    form: "columnar",
    events: 12_000_000,
    mostRounds: 2,
    references: ["postgres"],
  },
  {
    name: "columnar, numbered batches",
    form: "numbered",
    events: 24_000_000,
    // Without ids, none of the others could tell what it has seen.
    references: ["raw"],
    smokeEvents: 50_000,
    // What it reads as is what it reads of single events.
    smokeReferences: [],
  },
  {
    // For those that take minutes for what the worker does in seconds.
    name: "columnar, small load",
    form: "columnar",
    events: 3_000_000,
    mostRounds: 2,
    references: ["naive"],
    smokeEvents: 250_000,
    smokeReferences: ["raw", "naive", "duckdb", "duckdb-batch"],
  },
];

export const THROUGHPUT_SCENARIOS: readonly Scenario[] = ROWS.map((row) => ({
  name: row.name,
  isInSmoke: row.smokeEvents !== undefined,
  run: (context) => run(row, context),
}));

async function run(row: Row, context: ScenarioContext): Promise<ScenarioResult> {
  const { isSmoke, onProgress } = context;
  const result = await throughput({
    name: row.name,
    form: row.form,
    batchSize: BATCH_SIZES[row.form],
    events: sized(context, row.events, row.smokeEvents ?? 50_000),
    accounts: isSmoke ? SMOKE_ACCOUNTS : FEW_ACCOUNTS,
    partitions: context.partitions,
    references: isSmoke ? (row.smokeReferences ?? row.references) : row.references,
    rounds: Math.min(context.rounds, row.mostRounds ?? context.rounds),
    onProgress,
  });
  return reported(result);
}

/** What the report says of it. */
export function reported(result: ThroughputResult): ScenarioResult {
  const { name, shape, hash, skipped, publishedPerSecond, contenders } = result;
  const notes = contenders.find(({ contender }) => contender === "tributary")?.runs[0]?.notes ?? {};
  return {
    rows: rowsOf(result),
    hashes: { [name]: hash },
    parameters: {
      [`${name}: events`]: shape.events,
      [`${name}: accounts`]: shape.accounts,
      [`${name}: events a message`]: result.batchSize,
    },
    notes: [
      ...skipped.map(({ contender, why }) => `${name}: ${contender} was left out, ${why}.`),
      ...contenders.flatMap(({ contender, runs }) => {
        const processorTime = runs[0]?.notes["processorTime"];
        return processorTime === undefined
          ? []
          : [`${name}: processor time of ${contender} is ${processorTime}.`];
      }),
      `${name}: published at ${Math.round(publishedPerSecond).toLocaleString("en")} events/s; ` +
        `${Number(notes["windowsRated"] ?? 0).toLocaleString("en")} windows were rated in the timed run.`,
    ],
  };
}
