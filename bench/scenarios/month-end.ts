import { lastMonthEnd } from "../month-end/month-end-load.ts";
import { workerMonthEnd } from "../month-end/worker-month-end.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "month-end";
const ACCOUNTS = 100_000;
const EVENTS_PER_SECOND = 100_000;

/** All contracts of a worker are billed at once, while usage of the next month comes in. */
export const monthEnd: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const accounts = sized(context, ACCOUNTS, 200);
  const eventsPerSecond = sized(context, EVENTS_PER_SECOND, 2_000);
  const result = await workerMonthEnd({
    monthEnd: { endMs: lastMonthEnd(Date.now()), accounts },
    partitionCount: context.partitions,
    eventsPerSecond,
    onProgress: (text) => {
      context.onProgress(`${NAME}: ${text}`);
    },
  });
  return {
    figures: {
      monthEndPerMinute: (result.documents / result.seconds) * 60,
      monthEndEventsPerSecond: result.processedPerSecond,
      monthEndLoopDelayP99Ms: result.loopDelay.p99Ms,
    },
    hashes: { [NAME]: result.hash },
    parameters: { [`${NAME}: accounts`]: accounts, [`${NAME}: events/s meanwhile`]: eventsPerSecond },
  };
}
