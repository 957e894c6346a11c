import { expectedTotals } from "../../src/load/expected-totals.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { eventsPerCpuSecond, type Measurement } from "../harness/measurement.ts";
import { requireEqualTotals } from "../harness/sums.ts";
import { pairedRatio, rowOfRuns } from "../report/growth-rows.ts";
import { tributary } from "../worker/drain.ts";
import { EVENTS_PER_BATCH, FEW_ACCOUNTS, loadShape, SMOKE_ACCOUNTS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "scale-out";
const EVENTS = 6_000_000;
const THREADS = [1, 2, 4] as const;

/** What an event costs in processor time when a worker's partitions are spread over threads. */
export const scaleOut: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { rounds, partitions, onProgress } = context;
  const events = sized(context, EVENTS, 50_000);
  const shape = loadShape(events, context.isSmoke ? SMOKE_ACCOUNTS : FEW_ACCOUNTS);
  const environment = await BenchEnvironment.start(partitions);
  try {
    onProgress(`${NAME}: publishing ${events.toLocaleString("en")} events`);
    await environment.fill(shape, {
      form: "columnar",
      batchSize: EVENTS_PER_BATCH,
      partitionCount: partitions,
    });
    const expected = expectedTotals(shape, { partitionCount: partitions });
    const runs = new Map<number, Measurement[]>(THREADS.map((threads) => [threads, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const [threads, list] of runs) {
        const task = environment.task(shape, partitions);
        const measurement = await tributary({ task, catalog: shape, settings: { threads } });
        requireEqualTotals(`tributary, ${threads} threads`, measurement.result, expected);
        list.push(measurement);
        onProgress(
          `${NAME}: ${threads} threads, run ${round} of ${rounds}, ${Math.round(eventsPerCpuSecond(measurement))} events per CPU-second`,
        );
      }
    }
    const efficiency = (threads: number): number[] => (runs.get(threads) ?? []).map(eventsPerCpuSecond);
    return {
      rows: [...runs].map(([threads, list]) =>
        rowOfRuns(NAME, `tributary, ${threads} ${threads === 1 ? "thread" : "threads"}`, list),
      ),
      figures: {
        scaleOutTwo: pairedRatio(efficiency(2), efficiency(1)),
        scaleOutFour: pairedRatio(efficiency(4), efficiency(1)),
      },
      hashes: { [NAME]: expected.hash },
      parameters: { [`${NAME}: events`]: events },
    };
  } finally {
    await environment.stop();
  }
}
