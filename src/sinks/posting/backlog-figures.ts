import type { PostingState } from "../../model/posting.ts";
import type { BacklogRow } from "../../model/posting-store.ts";
import type { RequestQuota } from "./request-gate.ts";

/** States of documents that still need requests by themselves. */
const DRAINING: ReadonlySet<PostingState> = new Set(["planned", "submitting", "accepted", "unknown"]);

const BUCKET_MS = 30_000;
const BUCKETS = 10;
const DAY_MS = 24 * 60 * 60_000;

/** How many documents a second were confirmed in the last five minutes. */
export class RecentRate {
  readonly #counts = new Float64Array(BUCKETS);
  #bucket = Number.NEGATIVE_INFINITY;
  #firstMs: number | undefined;

  note(nowMs: number): void {
    this.#firstMs ??= nowMs;
    const index = this.#turn(nowMs);
    this.#counts[index] = this.#counts[index]! + 1;
  }

  perSecond(nowMs: number): number {
    if (this.#firstMs === undefined) return 0;
    this.#turn(nowMs);
    const count = this.#counts.reduce((sum, some) => sum + some, 0);
    const spanMs = Math.min(BUCKETS * BUCKET_MS, Math.max(1_000, nowMs - this.#firstMs));
    return (count * 1_000) / spanMs;
  }

  /** Empties the buckets that have passed; the index of the current one. */
  #turn(nowMs: number): number {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    const passed = Math.min(BUCKETS, bucket - this.#bucket);
    for (let back = 0; back < passed; back++) this.#counts[(bucket - back) % BUCKETS] = 0;
    this.#bucket = Math.max(this.#bucket, bucket);
    return this.#bucket % BUCKETS;
  }
}

/** Documents that wait for the ERP. */
export function drainingDocuments(backlog: readonly BacklogRow[]): number {
  return backlog.reduce((sum, { state, documents }) => (DRAINING.has(state) ? sum + documents : sum), 0);
}

/**
 * Milliseconds until so many documents are posted, at the recent rate or, where nothing was posted lately, at the quota's; days whose budget is
 * used up are waited for. Null where neither says anything.
 */
export function drainEstimateMs(
  documents: number,
  {
    perSecond,
    quota,
    leftToday,
    nowMs,
  }: {
    readonly perSecond: number;
    readonly quota: RequestQuota;
    /** Infinity where there is no daily budget. */
    readonly leftToday: number;
    readonly nowMs: number;
  },
): number | null {
  if (documents === 0) return 0;
  const { rate, perDay } = quota;
  const perDayPerSecond = perDay === undefined ? 0 : (perDay * 1_000) / DAY_MS;
  const quotaPerSecond = rate === undefined ? perDayPerSecond : (rate.count * 1_000) / rate.windowMs;
  const speed = perSecond > 0 ? perSecond : quotaPerSecond;
  if (speed === 0) return null;
  if (perDay === undefined || documents <= leftToday) return (documents * 1_000) / speed;
  const behindToday = documents - Math.max(0, leftToday);
  const wholeDays = Math.ceil(behindToday / perDay) - 1;
  const lastDay = behindToday - wholeDays * perDay;
  return DAY_MS - (nowMs % DAY_MS) + wholeDays * DAY_MS + (lastDay * 1_000) / speed;
}
