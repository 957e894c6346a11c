import { pairedRatio, rowOfRuns } from "../report/growth-rows.ts";
import { GrowthSide } from "./growth-side.ts";
import { loadShapeOfAnHour, SMOKE_ACCOUNTS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "accounts";
const FEW = 10_000;
const MANY = 1_000_000;
/** Read before anything is timed: with two meters, most accounts have their series and cells then. */
const PRELOADED_EVENTS = 6_000_000;
const EVENTS_A_ROUND = 5_000_000;

/** What more accounts cost an event: two workers, one with few and one with many, measured in turn. */
export const accountGrowth: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { rounds, partitions, onProgress } = context;
  const events = sized(context, EVENTS_A_ROUND, 20_000);
  const preloaded = sized(context, PRELOADED_EVENTS, 20_000);
  const counts = [sized(context, MANY, 10 * SMOKE_ACCOUNTS), sized(context, FEW, SMOKE_ACCOUNTS)];
  const sides: GrowthSide[] = [];
  try {
    for (const accounts of counts) {
      const name = `${accounts.toLocaleString("en")} accounts`;
      onProgress(`${NAME}: a worker with ${name}`);
      sides.push(
        await GrowthSide.start({
          name,
          partitions,
          shape: loadShapeOfAnHour(preloaded + rounds * events, accounts),
          preloaded,
          hasLargeCatalog: true,
        }),
      );
    }
    const speeds = sides.map((): number[] => []);
    for (let round = 1; round <= rounds; round++) {
      for (const [index, side] of sides.entries()) {
        const perSecond = await side.measure(events);
        speeds[index]?.push(perSecond);
        onProgress(`${NAME}: ${side.name}, run ${round} of ${rounds}, ${Math.round(perSecond)} events/s`);
      }
    }
    const hashes: Record<string, string> = {};
    for (const side of sides) hashes[`${NAME}: ${side.name}`] = await side.verify();
    const rows = sides.map(({ name, drained }) => rowOfRuns(NAME, `tributary, ${name}`, drained));
    return {
      rows: rows.toReversed(),
      figures: { accountGrowthRatio: pairedRatio(speeds[0] ?? [], speeds[1] ?? []) },
      hashes,
      parameters: { [`${NAME}: events a round`]: events },
      growth: rows
        .map(({ eventsPerSecond }, index) => ({
          of: "accounts" as const,
          count: counts[index] ?? 0,
          eventsPerSecond,
        }))
        .toReversed(),
    };
  } finally {
    for (const side of sides) await side.close();
  }
}
