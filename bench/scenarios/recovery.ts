import { join } from "node:path";
import { expectedTotals } from "../../src/load/expected-totals.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import type { StagedLoad } from "../harness/staged-load.ts";
import { requireEqualTotals } from "../harness/sums.ts";
import { BenchWorker, prepareWorker, stateFolder } from "../worker/bench-worker.ts";
import { CommittedPositions } from "../worker/committed-positions.ts";
import { committed, readBacklog } from "../worker/drain.ts";
import { sumOfMetric } from "../worker/metrics-text.ts";
import { committedTotals } from "../worker/worker-totals.ts";
import { EVENTS_PER_BATCH, loadShapeOfAnHour } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "recovery";
const KEYS = 10_000_000;
/** A million open cells: each account counts in each meter. */
const ACCOUNTS = 5_000;
const METERS = 200;
/** What arrives while no worker runs. */
const MEANWHILE_EVENTS = 200_000;
const SMOKE = { keys: 50_000, accounts: 100, meters: 10, meanwhile: 5_000 } as const;

/** A worker is killed with a large state in memory; another one must have it back, and catch up. */
export const recovery: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { onProgress, partitions } = context;
  const keys = sized(context, KEYS, SMOKE.keys);
  const meanwhile = sized(context, MEANWHILE_EVENTS, SMOKE.meanwhile);
  const accounts = sized(context, ACCOUNTS, SMOKE.accounts);
  const meters = context.isSmoke ? SMOKE.meters : METERS;
  const shape = { ...loadShapeOfAnHour(keys + meanwhile, accounts), meters };
  const environment = await BenchEnvironment.start(partitions);
  const folder = join(environment.folder, "worker");
  const encoding = { form: "columnar", batchSize: EVENTS_PER_BATCH, partitionCount: partitions } as const;
  let load: StagedLoad | undefined;
  let worker: BenchWorker | undefined;
  let state: CommittedPositions | undefined;
  try {
    load = await environment.stage(shape, encoding);
    onProgress(`${NAME}: a state of ${keys.toLocaleString("en")} events`);
    await load.publish(keys);
    const configFile = prepareWorker({
      url: environment.url,
      partitionCount: partitions,
      catalog: shape,
      folder,
    });
    worker = new BenchWorker(configFile);
    const { metrics } = await readBacklog(worker, keys);
    state = new CommittedPositions(stateFolder(folder), partitions);
    await committed(state, keys);
    const restoredKeys = sumOfMetric(metrics, "tributary_dedupe_keys");
    const restoredCells = sumOfMetric(metrics, "tributary_window_cells");
    worker.pause();
    await load.publish(meanwhile);
    const killedMs = performance.now();
    await worker.kill();
    const startedMs = performance.now();
    worker = new BenchWorker(configFile);
    await worker.running(partitions);
    const restoreSeconds = (performance.now() - startedMs) / 1_000;
    await readBacklog(worker, keys + meanwhile, { before: keys });
    await committed(state, keys + meanwhile);
    const recoverySeconds = (performance.now() - killedMs) / 1_000;
    onProgress(
      `${NAME}: back in ${restoreSeconds.toFixed(2)} s, caught up in ${recoverySeconds.toFixed(2)} s`,
    );
    await worker.stop();
    const expected = expectedTotals(shape, { partitionCount: partitions });
    requireEqualTotals("tributary", await committedTotals(stateFolder(folder)), expected);
    return {
      hashes: { [NAME]: expected.hash },
      parameters: { [`${NAME}: accounts`]: accounts, [`${NAME}: meters`]: meters },
      figures: { restoreSeconds, recoverySeconds, restoredKeys, restoredCells },
    };
  } finally {
    state?.close();
    await worker?.kill();
    await load?.close();
    await environment.stop();
  }
}
