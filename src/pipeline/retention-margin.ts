import type { StreamCondition } from "../model/stream-condition.ts";

/**
 * Shares of a limit, in use by messages that have to stay, from which on somebody should act, and from which on it can't
 * wait: of a retention of a week the second half tells of trouble while days are left to mend it.
 */
const WARN_RATIO = 0.5;
const CRITICAL_RATIO = 0.8;

/** How far a stream is from removing a message that has to stay; each figure absent where no limit removes by it. */
export interface RetentionMargin {
  readonly stream: string;
  /** Messages and bytes that may still come before the first one is removed. */
  readonly messages: number | undefined;
  readonly bytes: number | undefined;
  /** Seconds until the first one is removed: by its age, or by what comes at the recent rate, whichever is sooner. */
  readonly seconds: number | undefined;
  /** Largest share of a limit that what has to stay takes, 0 … 1; 1 means that it is being removed. */
  readonly usedRatio: number;
}

export interface RetentionInput {
  readonly condition: StreamCondition;
  /** First message that has to stay; behind the last one where none does. */
  readonly neededSequence: number;
  /** When it was stored, milliseconds since the epoch; undefined where that is not known. */
  readonly neededSinceMs: number | undefined;
  /** The wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Messages that came in a second lately; undefined where nobody has looked twice. */
  readonly arrivalsPerSecond: number | undefined;
}

/** Undefined where no limit removes messages. */
export function retentionMargin(input: RetentionInput): RetentionMargin | undefined {
  const { condition, neededSequence, arrivalsPerSecond } = input;
  const { name, firstSequence, lastSequence, maxAgeMs, maxBytes, maxMessages } = condition;
  if (maxAgeMs === undefined && maxBytes === undefined && maxMessages === undefined) return undefined;
  const waiting = Math.max(0, lastSequence - neededSequence + 1);
  // By the average size: the broker tells no more.
  const bytesEach = condition.messages === 0 ? 0 : condition.bytes / condition.messages;
  const byCount = maxMessages === undefined ? undefined : limited(maxMessages, waiting);
  const byBytes = maxBytes === undefined ? undefined : limited(maxBytes, Math.ceil(waiting * bytesEach));
  const byAge = maxAgeMs === undefined ? undefined : limited(maxAgeMs, ageOf(input, waiting));
  const isRemoved = waiting > 0 && firstSequence > neededSequence;
  const seconds = [
    byAge === undefined ? undefined : byAge.left / 1000,
    secondsUntil(byCount?.left, arrivalsPerSecond),
    secondsUntil(byBytes?.left, arrivalsPerSecond === undefined ? undefined : arrivalsPerSecond * bytesEach),
  ].filter((each) => each !== undefined);
  return {
    stream: name,
    messages: byCount?.left,
    bytes: byBytes?.left,
    seconds: isRemoved ? 0 : seconds.length === 0 ? undefined : Math.min(...seconds),
    usedRatio: isRemoved ? 1 : Math.max(...[byCount, byBytes, byAge].map((limit) => limit?.usedRatio ?? 0)),
  };
}

export type RetentionAlarm = "warn" | "critical";

/** Whether a margin is small enough to wake somebody; undefined where all is well. */
export function retentionAlarm(margin: RetentionMargin | undefined): RetentionAlarm | undefined {
  if (margin === undefined || margin.usedRatio < WARN_RATIO) return undefined;
  return margin.usedRatio < CRITICAL_RATIO ? "warn" : "critical";
}

function limited(limit: number, used: number): { readonly left: number; readonly usedRatio: number } {
  return { left: Math.max(0, limit - used), usedRatio: Math.min(1, used / limit) };
}

/** Age of the first message that has to stay; 0 where none does. */
function ageOf({ neededSinceMs, nowMs }: RetentionInput, waiting: number): number {
  return waiting === 0 || neededSinceMs === undefined ? 0 : Math.max(0, nowMs - neededSinceMs);
}

/** Undefined where nothing comes: then nothing is removed either. */
function secondsUntil(left: number | undefined, perSecond: number | undefined): number | undefined {
  return left === undefined || perSecond === undefined || perSecond <= 0 ? undefined : left / perSecond;
}
