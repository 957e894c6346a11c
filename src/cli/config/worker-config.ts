import { readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import type { RegionalSource } from "../../model/regional-source.ts";
import { workerConfigKeys, type ConfigKey } from "./config-keys.ts";
import {
  applyLayer,
  environmentLayer,
  flagLayer,
  parseConfigFile,
  type ConfigTree,
} from "./config-layers.ts";
import { interpolate, type ConfigFault } from "./interpolate.ts";
import { faultsOf, secretReader, type SecretReader, systemCode } from "./setting-faults.ts";
import { MIN_ADMIN_TOKEN_CHARACTERS, workerSchema, type ParsedWorkerConfig } from "./worker-schema.ts";

export type { ConfigFault } from "./interpolate.ts";

/** The worker's configuration: checked, with defaults, secrets read from their files. */
export interface WorkerConfig {
  readonly nats: {
    readonly servers: readonly string[];
    readonly user?: string;
    readonly password?: string;
    readonly token?: string;
    readonly credentialsFile?: string;
    readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  };
  readonly partitions: {
    readonly count: number;
    /** By configuration, or shared out by leases among the workers that are there. */
    readonly assignment: "static" | "elastic";
    /** Ascending, each once, at least one; of an elastic worker all, since it may come to have any. */
    readonly owned: readonly number[];
    /** How long the lease of a partition that is not renewed is left to its holder. */
    readonly leaseMs: number;
    /** Of all partitions, by event id; undefined where nobody said. */
    readonly expectedEventsPerDay: number | undefined;
  };
  /** Of an elastic worker's partitions, in object stores of the broker. */
  readonly snapshots: { readonly intervalMs: number; readonly keep: number };
  readonly stateDir: string;
  readonly catalogDir: string;
  readonly workerName: string;
  readonly checkpointIntervalMs: number;
  readonly accruedIntervalMs: number;
  readonly idleTimeoutMs: number;
  readonly shutdownDeadlineMs: number;
  /** Threads that the partitions are spread over; 1 is none besides the main thread. */
  readonly threads: number;
  readonly pull: { readonly maxMessages: number; readonly maxBytes: number };
  readonly replicas: 1 | 3 | 5;
  /** Regions that are taken in by brokers of their own; each once. */
  readonly regions: readonly RegionalSource[];
  readonly sinks: {
    readonly rated: { readonly enabled: boolean };
    readonly file?: {
      readonly directory: string;
      readonly format: "ndjson" | "csv" | "both";
      readonly shared: boolean;
    };
  };
  /** Undefined where no service is asked. */
  readonly tax?: {
    readonly service: "avatax";
    readonly url: string;
    readonly accountId: string;
    readonly licenseKey: string;
    readonly deadlineMs: number;
    readonly maxInFlight: number;
    readonly overdueAfterMs: number;
    readonly askAgainAfterMs: number;
  };
  /** File of the ERP connections; undefined: this worker posts nothing. */
  readonly erpConnectionsFile?: string;
  /** Where notifications of ERPs are received; undefined: nowhere. */
  readonly webhooks?: { readonly host: string; readonly port: number };
  readonly admin: { readonly host: string; readonly port: number; readonly token?: string };
  readonly log: {
    readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
    readonly format: "json" | "text";
  };
}

export interface WorkerConfigSources {
  /** Path of the YAML file. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Texts of flags by dotted path of the setting (`nats.servers`). */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** Reads a file as UTF-8 text; throws where it can't. The file system by default. */
  readonly readFile?: (path: string) => string;
  /** Name of the worker where none is configured; host name and process id by default. */
  readonly defaultWorkerName?: string;
  /** Processors that the default of `threads` goes by; those of the machine by default. */
  readonly processors?: number;
}

export type WorkerConfigResult =
  | { readonly ok: true; readonly config: WorkerConfig }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Reads the configuration: defaults, then the file, then the environment, then flags. Reports every fault at once. */
export function loadWorkerConfig(sources: WorkerConfigSources): WorkerConfigResult {
  const faults: ConfigFault[] = [];
  const readFile = sources.readFile ?? ((path: string) => readFileSync(path, "utf8"));
  const keys = workerConfigKeys();
  const tree = fileTree(sources, readFile, keys, faults);
  applyLayer(tree, environmentLayer(sources.env, keys, faults), keys);
  applyLayer(tree, flagLayer(sources.flags ?? {}, keys, faults), keys);
  const parsed = workerSchema.safeParse(tree);
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap((issue) => faultsOf(issue, tree)));
  if (!parsed.success || faults.length > 0) return { ok: false, faults };
  const config = toConfig(parsed.data, secretReader(readFile, faults), sources);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, config };
}

/** Threads where none are configured, at most: each has the catalog in memory once more. */
const MOST_DEFAULT_THREADS = 4;

function defaultThreads(owned: number, processors = availableParallelism()): number {
  return Math.min(processors, owned, MOST_DEFAULT_THREADS);
}

/** Host name and process id, in the letters that a worker's name may have. */
export function defaultWorkerName(): string {
  return `${hostname()
    .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
    .slice(0, 48)}-${process.pid}`;
}

function fileTree(
  sources: WorkerConfigSources,
  readFile: (path: string) => string,
  keys: readonly ConfigKey[],
  faults: ConfigFault[],
): ConfigTree {
  if (sources.file === undefined) return {};
  let text: string;
  try {
    text = readFile(sources.file);
  } catch (error) {
    faults.push({ path: sources.file, message: `can't be read (${systemCode(error)})` });
    return {};
  }
  const parsed = parseConfigFile(text, sources.file, faults);
  const byPath = new Map(keys.map((key) => [key.path, key]));
  const tree: ConfigTree = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (value !== null) tree[name] = interpolate(value, { env: sources.env, keys: byPath, faults }, name);
  }
  return tree;
}

function toConfig(
  parsed: ParsedWorkerConfig,
  secret: SecretReader,
  sources: Pick<WorkerConfigSources, "defaultWorkerName" | "processors">,
): WorkerConfig {
  const { nats, admin, sinks, tax } = parsed;
  const password = secret("nats.password", nats.password, nats.password_file);
  const natsToken = secret("nats.token", nats.token, nats.token_file);
  const adminToken = secret("admin.token", admin.token, admin.token_file, MIN_ADMIN_TOKEN_CHARACTERS);
  const licenseKey = secret("tax.license_key", tax?.license_key, tax?.license_key_file);
  return {
    nats: {
      servers: nats.servers,
      ...(nats.user !== undefined && { user: nats.user }),
      ...(password !== undefined && { password }),
      ...(natsToken !== undefined && { token: natsToken }),
      ...(nats.credentials_file !== undefined && { credentialsFile: nats.credentials_file }),
      ...(nats.tls !== undefined && {
        tls: {
          ...(nats.tls.ca_file !== undefined && { caFile: nats.tls.ca_file }),
          ...(nats.tls.cert_file !== undefined && { certFile: nats.tls.cert_file }),
          ...(nats.tls.key_file !== undefined && { keyFile: nats.tls.key_file }),
        },
      }),
    },
    partitions: parsed.partitions,
    snapshots: { intervalMs: parsed.snapshots.interval, keep: parsed.snapshots.keep },
    stateDir: parsed.state_dir,
    catalogDir: parsed.catalog_dir,
    workerName: parsed.worker_name ?? sources.defaultWorkerName ?? defaultWorkerName(),
    checkpointIntervalMs: parsed.checkpoint_interval,
    accruedIntervalMs: parsed.accrued_interval,
    idleTimeoutMs: parsed.idle_timeout,
    shutdownDeadlineMs: parsed.shutdown_deadline,
    threads: parsed.threads ?? defaultThreads(parsed.partitions.owned.length, sources.processors),
    pull: { maxMessages: parsed.pull.max_messages, maxBytes: parsed.pull.max_bytes },
    replicas: parsed.replicas,
    regions: parsed.region_sources,
    sinks: { rated: sinks.rated, ...(sinks.file !== undefined && { file: sinks.file }) },
    ...(parsed.erp_connections !== undefined && { erpConnectionsFile: parsed.erp_connections }),
    ...(tax !== undefined && {
      tax: {
        service: tax.service,
        url: tax.url,
        accountId: tax.account_id,
        // One of the two is there, or a fault was reported.
        licenseKey: licenseKey ?? "",
        deadlineMs: tax.deadline,
        maxInFlight: tax.max_in_flight,
        overdueAfterMs: tax.overdue_after,
        askAgainAfterMs: tax.ask_again_after,
      },
    }),
    ...(parsed.webhooks !== undefined && { webhooks: parsed.webhooks }),
    admin: {
      host: admin.host,
      port: admin.port,
      ...(adminToken !== undefined && { token: adminToken }),
    },
    log: parsed.log,
  };
}
