/** What a stream holds, and the limits at which it lets its oldest messages go; absent where there is no such limit. */
export interface StreamCondition {
  readonly name: string;
  /** First stored sequence; lastSequence + 1 where the stream is empty. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** When the first one was stored (milliseconds since the epoch); undefined where the stream is empty. */
  readonly firstArrivalMs: number | undefined;
  readonly messages: number;
  readonly bytes: number;
  readonly maxAgeMs: number | undefined;
  /** Only with the discard policy `old`: with `new`, a full stream refuses what comes and keeps what it has. */
  readonly maxBytes: number | undefined;
  readonly maxMessages: number | undefined;
}

/** How a usage stream gets the usage of a region that is taken in elsewhere. */
export interface RegionSource {
  readonly region: string;
  /** Messages that wait there, as far as the broker knows: what it last heard, where the region can't be reached. */
  readonly lagMessages: number;
  /** Since the region's broker gave the last sign of life; undefined where it never did. It gives one a second. */
  readonly silentMs: number | undefined;
}

/** The port through which a partition looks at its streams while they are read. All throw `broker-unreachable`, `stream-missing`. */
export interface PartitionStreams {
  usage(): Promise<{ readonly condition: StreamCondition; readonly sources: readonly RegionSource[] }>;
  control(): Promise<StreamCondition>;
  /** When the usage stream stored a message (milliseconds since the epoch); undefined where it does not hold it. */
  usageArrivalMs(sequence: number): Promise<number | undefined>;
}

/** A region that was silent for so long can't be reached: a sign of life is due each second. */
const UNREACHABLE_AFTER_MS = 5_000;

/** Whether the region's broker answers. */
export function isReachable({ silentMs }: RegionSource): boolean {
  return silentMs !== undefined && silentMs < UNREACHABLE_AFTER_MS;
}
