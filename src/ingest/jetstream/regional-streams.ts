import { DiscardPolicy, RetentionPolicy, StorageType, millis, nanos } from "nats";
import type { JetStreamManager, StreamConfig, StreamSource } from "nats";
import { DURATION_UNIT_MS } from "../../model/duration.ts";
import type { RegionalSource } from "../../model/regional-source.ts";
import { brokerFault, describe, isStreamNotFound } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { regionalStream, usageSubject } from "./names.ts";

/**
 * The least that the server allows. A usage stream drops what a region sends under a message id that it has stored in its
 * duplicate window, and begins the whole source anew after each one, which takes a second: repetitions after a failover
 * would hold a region up for hours. They come out as duplicates instead.
 */
export const SOURCED_DUPLICATE_WINDOW_MS = 100;
/**
 * For so long a region keeps what it has taken in: the longest time that it can be cut off without a loss. Shorter than ids
 * are remembered by default (37 days), so that a source which is read once more from its start gives nothing new.
 */
const REGIONAL_MAX_AGE_MS = 30 * DURATION_UNIT_MS.d;
/** A region that does not answer within this is away; its stream is made by a later start. */
const REGION_TIMEOUT_MS = 2_000;

/** Where a region's stream is asked about. */
function apiPrefix({ domain }: RegionalSource): string {
  return `$JS.${domain}.API`;
}

/** The source of a partition's usage stream that brings a region's usage. */
export function usageSource(source: RegionalSource, partition: number): StreamSource {
  return {
    name: regionalStream(source.region),
    filter_subject: usageSubject(partition, source.region),
    external: { api: apiPrefix(source), deliver: "" },
  };
}

/** What tells one source from another, as text; the server adds members of its own to what was configured. */
export function sourceText({ name, filter_subject, external, subject_transforms }: StreamSource): string {
  const transforms = (subject_transforms ?? []).map(({ src, dest }) => `${src}>${dest}`);
  return [name, filter_subject ?? "", external?.api ?? "", ...transforms].join(" ");
}

/** Settings of a region's stream. */
export function regionalStreamSettings(
  region: string,
  maxMessageBytes: number,
): Partial<StreamConfig> & Pick<StreamConfig, "name"> {
  return {
    name: regionalStream(region),
    // Only what bears the region's own token: usage of another one would move a watermark past what still waits there.
    subjects: [`usage.*.${region}`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_age: nanos(REGIONAL_MAX_AGE_MS),
    max_msg_size: maxMessageBytes,
    allow_direct: true,
    deny_delete: true,
    deny_purge: true,
  };
}

export interface RegionReport {
  readonly region: string;
  readonly stream: string;
  readonly state: "present" | "created" | "missing" | "unreachable";
  /** Why it can't be reached; "" otherwise. */
  readonly reason: string;
  /** Settings that losing messages depends on, where the stream is there. */
  readonly settings: RegionSettings | undefined;
}

export interface RegionSettings {
  /** Subjects as expected, and messages kept until their age removes them. */
  readonly isAsExpected: boolean;
  /** Undefined where messages are kept for ever. */
  readonly maxAgeMs: number | undefined;
  /** A limit of size lets old messages go, whether they were sourced or not. */
  readonly removesForRoom: boolean;
}

/**
 * Looks at the regions' streams, in their own domains, and makes those that are missing where `create`. A region that does
 * not answer is no fault: its usage waits there.
 */
export async function visitRegions(
  connection: BrokerConnection,
  sources: readonly RegionalSource[],
  options: { readonly create: boolean; readonly maxMessageBytes: number },
): Promise<readonly RegionReport[]> {
  return await Promise.all(sources.map((source) => visit(connection, source, options)));
}

async function visit(
  connection: BrokerConnection,
  { region, domain }: RegionalSource,
  { create, maxMessageBytes }: { readonly create: boolean; readonly maxMessageBytes: number },
): Promise<RegionReport> {
  const stream = regionalStream(region);
  try {
    const manager = await connection.client.jetstreamManager({
      domain,
      timeout: REGION_TIMEOUT_MS,
      checkAPI: false,
    });
    const config = await configOf(manager, stream);
    if (config !== undefined)
      return { region, stream, state: "present", reason: "", settings: settingsOf(region, config) };
    if (!create) return { region, stream, state: "missing", reason: "", settings: undefined };
    const added = await manager.streams.add(regionalStreamSettings(region, maxMessageBytes));
    return { region, stream, state: "created", reason: "", settings: settingsOf(region, added.config) };
  } catch (error) {
    if (connection.status === "closed") throw brokerFault(error, `looking at stream ${stream}`);
    return { region, stream, state: "unreachable", reason: describe(error), settings: undefined };
  }
}

function settingsOf(region: string, config: StreamConfig): RegionSettings {
  const { subjects, retention, max_age: maxAge, max_bytes: maxBytes, max_msgs: maxMessages } = config;
  const [expected] = regionalStreamSettings(region, 0).subjects ?? [];
  return {
    isAsExpected: retention === RetentionPolicy.Limits && subjects.length === 1 && subjects[0] === expected,
    maxAgeMs: maxAge > 0 ? millis(maxAge) : undefined,
    removesForRoom: config.discard === DiscardPolicy.Old && (maxBytes > 0 || maxMessages > 0),
  };
}

async function configOf(manager: JetStreamManager, stream: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(stream)).config;
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
}
