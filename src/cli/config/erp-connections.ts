import { readFileSync } from "node:fs";
import { z } from "zod";
import { ERP_ADAPTERS, erpAdapter } from "../../sinks/erp/adapters.ts";
import { durationField } from "../../sinks/erp/common/settings-fields.ts";
import type { PreparedConnection } from "../../sinks/erp/erp-adapter.ts";
import { parseConfigFile } from "./config-layers.ts";
import { type ConfigFault, interpolate } from "./interpolate.ts";

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
    .default(8)
    .meta({ description: "Requests to create a document, after which people have to look at it." }),
  lease: durationField(
    "15s",
    "How long a runner that has ended without a word keeps the connection; at least twice the adapter's `deadline` is used.",
    { minMs: SHORTEST_LEASE_MS, maxMs: LONGEST_LEASE_MS },
  ),
  first_poll: durationField(
    "5s",
    "How soon an ERP is asked about a document that it works on by itself; then less and less often.",
    { minMs: MS_100, maxMs: 60 * MINUTE_MS },
  ),
  recheck: durationField("1h", "How often a document whose period is closed is tried again.", {
    minMs: SECOND_MS,
    maxMs: 7 * DAY_MS,
  }),
  payment_interval: durationField("6h", "How often the ERP is asked what has been paid of an invoice.", {
    minMs: SECOND_MS,
    maxMs: 30 * DAY_MS,
  }),
  scan_interval: durationField(
    "24h",
    "How often the ERP is searched for documents of ours that nobody here knows.",
    { minMs: SECOND_MS, maxMs: 30 * DAY_MS },
  ),
  scan_look_back_days: z
    .int()
    .min(1)
    .max(366)
    .default(7)
    .meta({ description: "Days that such a search looks back." }),
});
export type PostingSettings = z.output<typeof postingSettings>;

export interface ErpConnectionConfig {
  readonly key: string;
  readonly adapter: string;
  readonly posting: PostingSettings;
  readonly prepared: PreparedConnection;
  /** Every secret of it, to be kept out of whatever is written. */
  readonly secrets: readonly string[];
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
  const readPosting = postingSettings.safeParse(posting ?? {});
  if (!readPosting.success) note(readPosting.error, `${key}.posting`, faults);
  const secrets: string[] = [];
  let prepared: PreparedConnection | undefined;
  try {
    prepared = adapter.prepare(
      settings,
      (setting, given, secretFile) => {
        const secret = readSecret(`${key}.${setting}`, given, secretFile, readFile, faults);
        if (secret !== undefined) secrets.push(secret);
        return secret;
      },
      (setting, message) => faults.push({ path: `${key}.${setting}`, message }),
    );
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    note(error, key, faults);
  }
  if (faults.length > noted || prepared === undefined || !readPosting.success) return undefined;
  return { key, adapter: adapter.description.adapter, posting: readPosting.data, prepared, secrets };
}

/** Messages say what is expected; what was found stays out of them, as it may be a secret. */
function note(error: z.ZodError, prefix: string, faults: ConfigFault[]): void {
  for (const issue of error.issues) {
    const path = [prefix, ...issue.path.map(String)].join(".");
    if (issue.code === "unrecognized_keys")
      faults.push(...issue.keys.map((name) => ({ path: `${path}.${name}`, message: "no such setting" })));
    else faults.push({ path, message: issue.message });
  }
}

function readSecret(
  path: string,
  value: string | undefined,
  file: string | undefined,
  readFile: (path: string) => string,
  faults: ConfigFault[],
): string | undefined {
  if (value !== undefined && file !== undefined) {
    faults.push({ path: `${path}_file`, message: "is given beside the secret itself: choose one" });
    return undefined;
  }
  if (file === undefined) return value;
  try {
    // Editors and `echo` end a file with a line break, which is no part of the secret.
    const secret = readFile(file).replace(/\r?\n$/, "");
    if (secret !== "") return secret;
    faults.push({ path: `${path}_file`, message: "is empty" });
  } catch (error) {
    faults.push({ path: `${path}_file`, message: `can't be read (${systemCode(error)})` });
  }
  return undefined;
}

function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "unknown cause";
}
