import { systemClock } from "../../model/clock.ts";
import type { RequestOutcome } from "../../sinks/http/service-failure.ts";
import type { AvataxClient } from "../../sinks/tax/avatax/client.ts";
import type { LoadedCatalog } from "../catalog-directory.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { VERSION } from "../version.ts";

/** How long documents wait for answers where the configuration names no service to tell it. */
const DEFAULT_WAIT_MS = 3_600_000;

export type OnTaxRequest = (operation: string, outcome: RequestOutcome, elapsedMs: number) => void;

/** The tax service that the configuration names, with the thread's share of its requests; undefined where it names none. */
export async function createTaxService(
  config: WorkerConfig,
  onRequest: OnTaxRequest,
): Promise<AvataxClient | undefined> {
  const { tax, threads, workerName } = config;
  if (tax === undefined) return undefined;
  // The HTTP client is a sixth of what a worker loads, and most have no use for it.
  const client = await import("../../sinks/tax/avatax/client.ts");
  return new client.AvataxClient({
    url: tax.url,
    accountId: tax.accountId,
    licenseKey: tax.licenseKey,
    deadlineMs: tax.deadlineMs,
    maxInFlight: Math.max(1, Math.floor(tax.maxInFlight / threads)),
    version: VERSION,
    workerName,
    clock: systemClock,
    random: Math.random,
    onAttempt: onRequest,
  });
}

/** Keys of the legal entities whose documents a tax service taxes. */
export function servedEntities({ compiled }: LoadedCatalog): readonly string[] {
  return [...compiled.legalEntities.values()].filter(({ tax }) => tax === "service").map(({ key }) => key);
}

/** How long a partition's documents wait for answers. */
export function taxWaits({ tax }: WorkerConfig): {
  readonly overdueAfterMs: number;
  readonly askAgainAfterMs: number;
} {
  return {
    overdueAfterMs: tax?.overdueAfterMs ?? DEFAULT_WAIT_MS,
    askAgainAfterMs: tax?.askAgainAfterMs ?? DEFAULT_WAIT_MS,
  };
}
