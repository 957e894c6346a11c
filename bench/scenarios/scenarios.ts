import type { LoadForm } from "../../src/load/encode/load-encoder.ts";
import type { ThroughputOptions } from "./throughput.ts";

/** A row of measurements. Loads are as large as a run of some ten seconds needs. */
export interface Scenario {
  readonly name: string;
  readonly form: LoadForm;
  readonly batchSize: number;
  readonly events: number;
  readonly accounts: number;
  readonly references: ThroughputOptions["references"];
  /** Events in a smoke run. */
  readonly smokeEvents: number;
  readonly smokeReferences: ThroughputOptions["references"];
  readonly isInSmoke: boolean;
}

const FEW_ACCOUNTS = 10_000;
const SMOKE_ACCOUNTS = 500;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "single events",
    form: "event",
    batchSize: 1,
    events: 2_000_000,
    accounts: FEW_ACCOUNTS,
    references: ["raw", "naive"],
    smokeEvents: 100_000,
    smokeReferences: ["raw"],
    isInSmoke: true,
  },
  {
    name: "cloudevents batches",
    form: "batch",
    batchSize: 1_000,
    events: 4_000_000,
    accounts: FEW_ACCOUNTS,
    references: ["raw"],
    smokeEvents: 100_000,
    smokeReferences: ["raw"],
    isInSmoke: false,
  },
  {
    name: "columnar",
    form: "columnar",
    batchSize: 1_000,
    events: 20_000_000,
    accounts: FEW_ACCOUNTS,
    references: ["raw", "naive", "postgres", "duckdb"],
    smokeEvents: 800_000,
    smokeReferences: ["raw", "naive", "duckdb"],
    isInSmoke: true,
  },
  {
    name: "columnar, many accounts",
    form: "columnar",
    batchSize: 1_000,
    events: 20_000_000,
    accounts: 200_000,
    references: ["raw"],
    smokeEvents: 100_000,
    smokeReferences: ["raw"],
    isInSmoke: false,
  },
];

export function scenarioOptions(
  scenario: Scenario,
  options: { readonly isSmoke: boolean; readonly events: number | undefined; readonly rounds: number },
): Omit<ThroughputOptions, "onProgress"> {
  const { name, form, batchSize } = scenario;
  const { isSmoke, rounds } = options;
  return {
    name,
    form,
    batchSize,
    events: options.events ?? (isSmoke ? scenario.smokeEvents : scenario.events),
    accounts: isSmoke ? SMOKE_ACCOUNTS : scenario.accounts,
    references: isSmoke ? scenario.smokeReferences : scenario.references,
    rounds: isSmoke ? 1 : rounds,
  };
}
