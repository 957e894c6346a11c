import { readFileSync } from "node:fs";
import { z } from "zod";
import { ERP_ADAPTERS, erpAdapter } from "../../sinks/erp/adapters.ts";
import { durationField } from "../../sinks/erp/common/settings-fields.ts";
import type { PreparedConnection } from "../../sinks/erp/erp-adapter.ts";
import {
  DEFAULT_FIRST_POLL_MS,
  DEFAULT_MAX_ATTEMPTS,
  DEFAULT_RECHECK_MS,
} from "../../sinks/posting/posting-policy.ts";
import { DEFAULT_RECONCILIATION } from "../../sinks/posting/runner-options.ts";
import { durationMs, durationText } from "../../model/duration.ts";
import { parseConfigFile } from "./config-layers.ts";
import { type ConfigFault, interpolate } from "./interpolate.ts";
import { faultsOf, secretReader, systemCode } from "./setting-faults.ts";

/**
 * How ERP connections are reached: a YAML file of the worker, by the connections' keys in the catalog's folder `erp/`. Secrets are in here, or in
 * files that it names, and nowhere else: the catalog is published on the broker.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MS_100 = 100;
/** It is renewed three times within its time: below this, one slow answer of the broker would lose it. */
const SHORTEST_LEASE_MS = 3 * SECOND_MS;
/** Longer, and nobody posts for it after a crash. */
const LONGEST_LEASE_MS = 10 * MINUTE_MS;
/** Somebody is sure to have paid something. */
const LONGEST_PAYMENT_INTERVAL_MS = 30 * DAY_MS;
/** More than any published limit. */
const MAX_CONCURRENT = 100;
const MAX_REQUESTS_PER_SECOND = 1_000;
const MAX_REQUESTS_PER_DAY = 100_000_000;

/** What every connection can be told, whatever ERP it leads to. */
export const postingSettings = z.strictObject({
  max_concurrent: z.int().min(1).max(MAX_CONCURRENT).default(3).meta({
    description: "Requests under way at once, at most; fewer while the ERP says that it is too much.",
  }),
  requests_per_second: z
    .number()
    .positive()
    .max(MAX_REQUESTS_PER_SECOND)
    .optional()
    .meta({ description: "Requests in a second, at most; absent: as fast as answers come." }),
  requests_per_day: z
    .int()
    .min(1)
    .max(MAX_REQUESTS_PER_DAY)
    .optional()
    .meta({ description: "Requests of a day (UTC), at most; absent: no limit." }),
  max_attempts: z
    .int()
    .min(1)
    .max(100)
    .default(DEFAULT_MAX_ATTEMPTS)
    .meta({ description: "Requests to create a document, after which people have to look at it." }),
  lease: durationField(
    "15s",
    "How long a runner that has ended without a word keeps the connection; at least twice the adapter's `deadline` is used.",
    { minMs: SHORTEST_LEASE_MS, maxMs: LONGEST_LEASE_MS },
  ),
  first_poll: durationField(
    durationText(DEFAULT_FIRST_POLL_MS),
    "How soon an ERP is asked about a document that it works on by itself; then less and less often.",
    { minMs: MS_100, maxMs: 60 * MINUTE_MS },
  ),
  recheck: durationField(
    durationText(DEFAULT_RECHECK_MS),
    "How often a document whose period is closed is tried again.",
    {
      minMs: SECOND_MS,
      maxMs: 7 * DAY_MS,
    },
  ),
  payment_interval: durationField(
    durationText(DEFAULT_RECONCILIATION.paymentIntervalMs),
    "How often the ERP is asked what has been paid of an invoice.",
    {
      minMs: SECOND_MS,
      maxMs: LONGEST_PAYMENT_INTERVAL_MS,
    },
  ),
  subscribed_payment_interval: z
    .string()
    .transform((value, context) => {
      const ms = durationMs(value);
      if (ms !== undefined && ms >= SECOND_MS && ms <= LONGEST_PAYMENT_INTERVAL_MS) return ms;
      context.addIssue(`must be a duration between 1s and ${durationText(LONGEST_PAYMENT_INTERVAL_MS)}`);
      return z.NEVER;
    })
    .optional()
    .meta({
      description:
        "The same while the ERP is known to tell of changes by itself; absent, or shorter: `payment_interval`.",
    }),
  scan_interval: durationField(
    durationText(DEFAULT_RECONCILIATION.scanIntervalMs),
    "How often the ERP is searched for documents of ours that nobody here knows.",
    { minMs: SECOND_MS, maxMs: 30 * DAY_MS },
  ),
  scan_look_back_days: z
    .int()
    .min(1)
    .max(366)
    .default(DEFAULT_RECONCILIATION.scanLookBackDays)
    .meta({ description: "Days that such a search looks back." }),
});
export type PostingSettings = z.output<typeof postingSettings>;

export interface ErpConnectionConfig {
  readonly key: string;
  readonly adapter: string;
  readonly posting: PostingSettings;
  readonly prepared: PreparedConnection;
}

export type ErpConnectionsResult =
  | { readonly ok: true; readonly connections: ReadonlyMap<string, ErpConnectionConfig> }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Reads the file and the secrets that it names. Reports every fault at once; none holds a secret. */
export function loadErpConnections(options: {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile?: (path: string) => string;
}): ErpConnectionsResult {
  const { file, env, readFile = (path: string) => readFileSync(path, "utf8") } = options;
  const faults: ConfigFault[] = [];
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    return { ok: false, faults: [{ path: file, message: `can't be read (${systemCode(error)})` }] };
  }
  const connections = new Map<string, ErpConnectionConfig>();
  for (const [key, raw] of Object.entries(parseConfigFile(text, file, faults))) {
    const value = interpolate(raw, { env, keys: new Map(), faults }, key);
    const connection = readConnection(key, value, readFile, faults);
    if (connection !== undefined) connections.set(key, connection);
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, connections };
}

function readConnection(
  key: string,
  value: unknown,
  readFile: (path: string) => string,
  faults: ConfigFault[],
): ErpConnectionConfig | undefined {
  const noted = faults.length;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    faults.push({ path: key, message: "must be a mapping of settings" });
    return undefined;
  }
  const { posting, ...settings }: Record<string, unknown> = { ...value };
  const adapter = erpAdapter(String(settings["adapter"]));
  if (adapter === undefined) {
    const known = ERP_ADAPTERS.map(({ description }) => description.adapter).join(", ");
    faults.push({ path: `${key}.adapter`, message: `must be one of ${known}` });
    return undefined;
  }
  const note = ({ issues }: z.ZodError, path: string, tree: object): void => {
    for (const fault of issues.flatMap((issue) => faultsOf(issue, tree)))
      faults.push({ ...fault, path: `${path}.${fault.path}` });
  };
  const readPosting = postingSettings.safeParse(posting ?? {});
  if (!readPosting.success) note(readPosting.error, `${key}.posting`, Object(posting));
  const secretOf = secretReader(readFile, faults);
  let prepared: PreparedConnection | undefined;
  try {
    prepared = adapter.prepare(
      settings,
      (setting, given, secretFile) => {
        const path = `${key}.${setting}`;
        if (given === undefined || secretFile === undefined) return secretOf(path, given, secretFile);
        faults.push({ path: `${path}_file`, message: "is given beside the secret itself: choose one" });
        return undefined;
      },
      (setting, message) => faults.push({ path: `${key}.${setting}`, message }),
    );
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    note(error, key, settings);
  }
  if (faults.length > noted || prepared === undefined || !readPosting.success) return undefined;
  return { key, adapter: adapter.description.adapter, posting: readPosting.data, prepared };
}
