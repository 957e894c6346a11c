import { pairedRatio, rowOfRuns } from "../report/growth-rows.ts";
import { BacklogMemory } from "./backlog-memory.ts";
import { GrowthSide } from "./growth-side.ts";
import { FEW_ACCOUNTS, loadShapeOfAnHour, SMOKE_ACCOUNTS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";
import { sumOfMetric } from "../worker/metrics-text.ts";

const NAME = "remembered keys";
const FEW = 1_000_000;
const MANY = 100_000_000;
const EVENTS_A_ROUND = 5_000_000;

/**
 * What more remembered keys cost an event. The keys come from events that the worker has read, one a key: the larger state
 * begins as a backlog, during which memory is watched, and ends with a restart.
 */
export const keyGrowth: Scenario = { name: NAME, isInSmoke: true, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { rounds, partitions, onProgress } = context;
  const events = sized(context, EVENTS_A_ROUND, 50_000);
  const many = sized(context, MANY, 200_000);
  const few = Math.min(sized(context, FEW, 20_000), many);
  const accounts = context.isSmoke ? SMOKE_ACCOUNTS : FEW_ACCOUNTS;
  const memory = new BacklogMemory();
  let keyBytes = 0;
  const sides: GrowthSide[] = [];
  try {
    for (const keys of [many, few]) {
      const name = `${keys.toLocaleString("en")} keys`;
      onProgress(`${NAME}: a worker with ${name}`);
      sides.push(
        await GrowthSide.start({
          name,
          partitions,
          shape: loadShapeOfAnHour(keys + rounds * events, accounts),
          preloaded: keys,
          hasLargeCatalog: false,
          onMetrics: (metrics) => {
            if (keys === many) memory.look(metrics);
          },
        }),
      );
    }
    const [larger, smaller] = sides;
    if (larger === undefined || smaller === undefined) throw new RangeError("two sides");
    const speeds = { larger: [] as number[], smaller: [] as number[] };
    for (let round = 1; round <= rounds; round++) {
      speeds.larger.push(await larger.measure(events));
      speeds.smaller.push(await smaller.measure(events));
      onProgress(
        `${NAME}: run ${round} of ${rounds}, ${Math.round(speeds.larger.at(-1) ?? 0)} and ${Math.round(speeds.smaller.at(-1) ?? 0)} events/s`,
      );
    }
    const metrics = larger.drained.at(-1)?.metrics ?? "";
    keyBytes = sumOfMetric(metrics, "tributary_dedupe_bytes") / sumOfMetric(metrics, "tributary_dedupe_keys");
    const hashes = { [`${NAME}: ${smaller.name}`]: await smaller.verify() };
    const manyKeysRestoreSeconds = await larger.restart();
    hashes[`${NAME}: ${larger.name}`] = await larger.verify();
    const rows = [
      rowOfRuns(NAME, `tributary, ${smaller.name}`, smaller.drained),
      rowOfRuns(NAME, `tributary, ${larger.name}`, larger.drained),
    ];
    return {
      rows,
      figures: {
        keyGrowthRatio: pairedRatio(speeds.larger, speeds.smaller),
        manyKeysBytes: keyBytes,
        manyKeysSealed: sumOfMetric(metrics, "tributary_dedupe_sealed_keys"),
        manyKeysRestoreSeconds,
        ...memory.figures(many),
      },
      hashes,
      parameters: { [`${NAME}: events a round`]: events },
      growth: rows.map(({ eventsPerSecond }, index) => ({
        of: NAME,
        count: index === 0 ? few : many,
        eventsPerSecond,
      })),
    };
  } finally {
    for (const side of sides) await side.close();
  }
}
