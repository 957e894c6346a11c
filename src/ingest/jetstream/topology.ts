import { DiscardPolicy, RetentionPolicy, StorageType, nanos } from "nats";
import type { StreamConfig } from "nats";
import type { RegionalSource } from "../../model/regional-source.ts";
import { brokerFault, isStreamNotFound } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import {
  ALERT_STREAM,
  DEAD_LETTER_STREAM,
  DOCUMENT_STREAM,
  RATED_STREAM,
  REFERENCE_STREAM,
  commandStream,
  commandSubject,
  controlStream,
  controlSubject,
  numberingStream,
  numberingSubject,
  postingStream,
  postingSubject,
  usageStream,
  usageSubject,
} from "./names.ts";
import { SOURCED_DUPLICATE_WINDOW_MS, sourceText, usageSource } from "./regional-streams.ts";

/**
 * Largest usage message, headers included. A pull's byte budget is at least this, because a message above the budget
 * would never be delivered. The server's own `max_payload` (1 MiB unless configured) may be lower.
 */
export const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Protects a publisher's retries for as long as it is likely to retry; it is never the deduplication. */
const DUPLICATE_WINDOW_MS = 120_000;
/** So many streams are looked at at once: enough to hide the round trip, few enough for a busy server. */
const PARALLEL_REQUESTS = 8;

export interface TopologyOptions {
  readonly partitionCount: number;
  /** Copies of each stream in a cluster (1, 3 or 5). */
  readonly replicas?: number;
  /** Largest usage message; DEFAULT_MAX_MESSAGE_BYTES when absent. */
  readonly maxMessageBytes?: number;
  /** Keys of the legal entities whose documents are numbered. */
  readonly legalEntities?: readonly string[];
  /** Keys of the ERP connections that documents are posted to. */
  readonly erpConnections?: readonly string[];
  /** How long usage is kept; for ever when absent. It bounds how far back a partition can be replayed. */
  readonly usageMaxAgeMs?: number;
  /** Regions whose usage is taken in by brokers of their own. */
  readonly regions?: readonly RegionalSource[];
}

/** A setting of an existing stream that is not as it should be. */
export interface TopologyDifference {
  readonly stream: string;
  readonly setting: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export interface TopologyReport {
  /** Streams that did not exist and were created. */
  readonly created: readonly string[];
  /** Usage streams that now get the usage of further regions. */
  readonly sourced: readonly string[];
  /** What existing streams have otherwise than expected. Nothing of it was changed. */
  readonly differences: readonly TopologyDifference[];
}

type Settings = Partial<StreamConfig> & Pick<StreamConfig, "name">;

/** The settings of every stream, in the order of creation. */
export function streamSettings(options: TopologyOptions): readonly Settings[] {
  const common = {
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    // A stream that is full refuses new messages, and the publisher knows; the other policy forgets old ones in silence.
    discard: DiscardPolicy.New,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    num_replicas: options.replicas ?? 1,
    allow_direct: true,
    // A rollup header would let any publisher purge the stream.
    allow_rollup_hdrs: false,
  };
  // A hole in one of the two logs that state is a function of stops its partition: the API must not be able to make one.
  const unbroken = { ...common, deny_delete: true, deny_purge: true };
  const regions = options.regions ?? [];
  const sourced = (partition: number): Partial<StreamConfig> =>
    regions.length === 0
      ? {}
      : {
          sources: regions.map((region) => usageSource(region, partition)),
          duplicate_window: nanos(SOURCED_DUPLICATE_WINDOW_MS),
        };
  const partitions = Array.from({ length: options.partitionCount }, (_, partition) => partition);
  return [
    ...partitions.map((partition) => ({
      ...unbroken,
      name: usageStream(partition),
      subjects: [usageSubject(partition, "*")],
      max_msg_size: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
      max_age: nanos(options.usageMaxAgeMs ?? 0),
      ...sourced(partition),
    })),
    ...partitions.map((partition) => ({
      ...unbroken,
      name: controlStream(partition),
      subjects: [controlSubject(partition)],
    })),
    { ...common, name: RATED_STREAM, subjects: ["rated.>"] },
    { ...common, name: DEAD_LETTER_STREAM, subjects: ["dlq.>"] },
    { ...common, name: ALERT_STREAM, subjects: ["alerts.>"] },
    { ...common, name: DOCUMENT_STREAM, subjects: ["documents.>"] },
    { ...common, name: REFERENCE_STREAM, subjects: ["reference.>"] },
    // A number is the place of a message: a hole would be a missing document, a message gone a number given twice.
    ...(options.legalEntities ?? []).map((key) => ({
      ...unbroken,
      name: numberingStream(key),
      subjects: [numberingSubject(key, "*")],
    })),
    // What was queued, and what was done about it, is the proof that nothing was posted twice.
    ...(options.erpConnections ?? []).flatMap((key) => [
      { ...unbroken, name: commandStream(key), subjects: [commandSubject(key, "*")] },
      { ...unbroken, name: postingStream(key), subjects: [postingSubject(key)] },
    ]),
  ];
}

/**
 * Creates the streams that don't exist and compares those that do; a usage stream that lacks a region's source gets it. Safe
 * to call at any time, by several at once.
 */
export async function ensureTopology(
  connection: BrokerConnection,
  options: TopologyOptions,
): Promise<TopologyReport> {
  return await visit(connection, options, true);
}

/** As ensureTopology, without creating anything: a missing stream is a difference of the setting `exists`. */
export async function checkTopology(
  connection: BrokerConnection,
  options: TopologyOptions,
): Promise<TopologyReport> {
  return await visit(connection, options, false);
}

async function visit(
  connection: BrokerConnection,
  options: TopologyOptions,
  create: boolean,
): Promise<TopologyReport> {
  const settings = streamSettings(options);
  const created: string[] = [];
  const sourced: string[] = [];
  const differences: TopologyDifference[] = [];
  for (let i = 0; i < settings.length; i += PARALLEL_REQUESTS)
    await Promise.all(
      settings.slice(i, i + PARALLEL_REQUESTS).map(async (wanted) => {
        let actual = await configOf(connection, wanted.name);
        if (create && actual !== undefined && lacksSources(wanted, actual)) {
          actual = await addSources(connection, wanted, actual);
          sourced.push(wanted.name);
        }
        if (actual !== undefined) differences.push(...compare(wanted, actual));
        else if (create) {
          await add(connection, wanted);
          created.push(wanted.name);
        } else differences.push({ stream: wanted.name, setting: "exists", expected: true, actual: false });
      }),
    );
  return {
    created: created.sort(byName),
    sourced: sourced.sort(byName),
    differences: differences.sort((a, b) => byName(a.stream, b.stream) || byName(a.setting, b.setting)),
  };
}

async function configOf(connection: BrokerConnection, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await connection.manager.streams.info(name)).config;
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw brokerFault(error, `looking at stream ${name}`);
  }
}

async function add(connection: BrokerConnection, wanted: Settings): Promise<void> {
  try {
    await connection.manager.streams.add(wanted);
  } catch (error) {
    throw brokerFault(error, `creating stream ${wanted.name}`);
  }
}

function lacksSources(wanted: Settings, actual: StreamConfig): boolean {
  const present = new Set((actual.sources ?? []).map(sourceText));
  return (wanted.sources ?? []).some((source) => !present.has(sourceText(source)));
}

/** Sources are only ever added: one that is no longer wanted may still hold usage. */
async function addSources(
  connection: BrokerConnection,
  wanted: Settings,
  actual: StreamConfig,
): Promise<StreamConfig> {
  const present = actual.sources ?? [];
  const texts = new Set(present.map(sourceText));
  const missing = (wanted.sources ?? []).filter((source) => !texts.has(sourceText(source)));
  const { duplicate_window: window = actual.duplicate_window } = wanted;
  try {
    const { config } = await connection.manager.streams.update(wanted.name, {
      sources: [...present, ...missing],
      duplicate_window: window,
    });
    return config;
  } catch (error) {
    throw brokerFault(error, `adding regions to stream ${wanted.name}`);
  }
}

/** Sources as texts in a fixed order; undefined where there are none. */
function comparable(setting: string, value: unknown, config: Settings): unknown {
  if (setting !== "sources" || value === undefined) return value;
  return (config.sources ?? []).map(sourceText).sort(byName);
}

function compare(wanted: Settings, actual: StreamConfig): TopologyDifference[] {
  // What an operator may have added that changes which messages the stream holds.
  const expected: Readonly<Record<string, unknown>> = {
    no_ack: false,
    sealed: false,
    discard_new_per_subject: false,
    mirror: undefined,
    sources: undefined,
    subject_transform: undefined,
    ...wanted,
  };
  const differences: TopologyDifference[] = [];
  for (const [setting, wantedValue] of Object.entries(expected)) {
    const value = comparable(setting, wantedValue, wanted);
    const found = comparable(setting, Reflect.get(actual, setting), actual);
    // The server leaves out what has its zero value.
    if (canonical(found ?? zeroOf(value)) !== canonical(value))
      differences.push({ stream: wanted.name, setting, expected: value, actual: found });
  }
  return differences;
}

function zeroOf(value: unknown): unknown {
  if (typeof value === "boolean") return false;
  if (typeof value === "number") return 0;
  return undefined;
}

function canonical(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
