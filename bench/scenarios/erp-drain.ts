import type { Quota } from "../erp-drain/quota-use.ts";
import { LATENCY_MS, workerDrain } from "../erp-drain/worker-drain.ts";
import { lastMonthEnd } from "../month-end/month-end-load.ts";
import { PARTITIONS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "ERP drain";
/** Each is a customer and an invoice: half a minute at a time of 300 ms and five places, three quarters of one at ten requests a second. */
const ACCOUNTS = 240;
/** One quota that places at a time bind, and one that requests a second do: at this latency three places would do for it. */
const PLACES: Quota = { maxConcurrent: 5, requestsPerSecond: undefined };
const RATE: Quota = { maxConcurrent: 10, requestsPerSecond: 10 };

/** A month's documents are posted to an ERP that takes its time, as fast as its quota lets them. */
export const erpDrain: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const accounts = sized(context, ACCOUNTS, 40);
  const monthEnd = { endMs: lastMonthEnd(Date.now()), accounts };
  const drained = async (quota: Quota) => {
    const drain = await workerDrain({
      monthEnd,
      partitionCount: PARTITIONS,
      quota,
      onProgress: (text) => {
        context.onProgress(`${NAME}: ${text}`);
      },
    });
    const { share, most, documents, requests, seconds } = drain;
    context.onProgress(
      `${NAME}: ${percent(share)} of the quota used for ${seconds.toFixed(1)} s, ${percent(most)} at most; ` +
        `${documents} documents by ${requests} requests`,
    );
    return drain;
  };
  const places = await drained(PLACES);
  const rate = await drained(RATE);
  return {
    figures: {
      erpPlacesUsed: places.share,
      erpRateUsed: rate.share,
      erpMostUsed: Math.max(places.most, rate.most),
    },
    hashes: { [NAME]: places.hash },
    parameters: {
      [`${NAME}: documents`]: places.documents,
      [`${NAME}: latency of a request`]: `${LATENCY_MS} ms`,
      [`${NAME}: requests at a time`]: PLACES.maxConcurrent,
      [`${NAME}: requests a second`]: RATE.requestsPerSecond ?? 0,
    },
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
