import { z } from "zod";
import { messageOf, TributaryError } from "../../model/errors.ts";

const TIMEOUT_MS = 5_000;
const NANOS_PER_MS = 1_000_000;

const varzSchema = z.looseObject({
  jetstream: z.looseObject({
    config: z
      .looseObject({
        sync_interval: z.number().default(0),
        sync_always: z.boolean().default(false),
        max_storage: z.number().default(-1),
      })
      .optional(),
    stats: z.looseObject({ storage: z.number().default(0) }).optional(),
  }),
});

/** What only the server's monitoring endpoint tells. */
export interface MonitorFacts {
  readonly syncIntervalMs: number;
  readonly syncAlways: boolean;
  readonly storageBytes: number;
  readonly storageLimitBytes: number | undefined;
}

/**
 * Reads /varz of a NATS server's monitoring endpoint. Throws `usage-invalid` for an address that is none, and
 * `broker-unreachable` where it does not answer as such an endpoint does.
 */
export async function readMonitor(address: string): Promise<MonitorFacts> {
  let url: URL;
  try {
    url = new URL("/varz", address);
  } catch {
    throw new TributaryError("usage-invalid", "--monitor must be an address such as http://127.0.0.1:8222.");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TributaryError("usage-invalid", "--monitor must be an http or https address.");
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { config, stats } = varzSchema.parse(await response.json()).jetstream;
    return {
      syncIntervalMs: (config?.sync_interval ?? 0) / NANOS_PER_MS,
      syncAlways: config?.sync_always ?? false,
      storageBytes: stats?.storage ?? 0,
      storageLimitBytes: (config?.max_storage ?? -1) > 0 ? config?.max_storage : undefined,
    };
  } catch (error) {
    // Without user and password, which the address may hold.
    throw new TributaryError(
      "broker-unreachable",
      `No NATS monitoring at ${url.origin}: ${messageOf(error)}`,
    );
  }
}
