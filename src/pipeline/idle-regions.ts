import type { Clock } from "../model/clock.ts";
import { regionOf } from "../model/content-types.ts";
import type { LogMessage } from "../model/log.ts";
import { isReachable, type RegionSource } from "../model/stream-condition.ts";
import { IdleDetector } from "../operators/window/idle-detector.ts";

/** Sources are asked about this often at most: a region that can't be reached stays so for minutes. */
const ASK_INTERVAL_MS = 2_000;
/**
 * A source has to look empty for so long: right after its broker has come back, what has waited there is on its way and
 * not counted yet.
 */
const CONFIRM_MS = 5_000;

export interface IdleRegionsOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly idleTimeoutMs: number;
  /** Regions whose usage comes from streams elsewhere; none where left out. */
  readonly regionSources?: (() => Promise<readonly RegionSource[]>) | undefined;
}

/**
 * Finds regions from which nothing is to come. A region that is taken in elsewhere is idle only when its own stream is
 * known to be empty: one that can't be reached may hold any amount of usage, and goes on holding the watermark.
 */
export class IdleRegions {
  readonly #options: IdleRegionsOptions;
  readonly #detector: IdleDetector;
  /** Since when a region's source has looked empty, on the monotonic clock. */
  readonly #emptySinceMs = new Map<string, number>();
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(options: IdleRegionsOptions) {
    this.#options = options;
    this.#detector = new IdleDetector(options.idleTimeoutMs);
  }

  /** Messages were processed. */
  noteActivity(messages: readonly LogMessage[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    const regions = new Set<string>();
    for (const message of messages) regions.add(regionOf(message.subject) ?? "");
    for (const region of regions) {
      this.#detector.activity(region, nowMs);
      this.#emptySinceMs.delete(region);
    }
  }

  /** Those of the regions that have sent nothing for the timeout. */
  quiet(regions: readonly string[]): readonly string[] {
    return regions.filter((region) => this.#detector.isIdle(region, this.#options.clock.monotonicMs()));
  }

  /** Those of the quiet regions whose sources have nothing either; none where that can't be told. Never rejects. */
  async confirmed(quiet: readonly string[]): Promise<readonly string[]> {
    const { clock, regionSources } = this.#options;
    if (quiet.length === 0 || regionSources === undefined) return quiet;
    if (clock.monotonicMs() - this.#askedMs < ASK_INTERVAL_MS) return [];
    this.#askedMs = clock.monotonicMs();
    let sources: readonly RegionSource[];
    try {
      sources = await regionSources();
    } catch {
      this.#emptySinceMs.clear();
      return [];
    }
    const byRegion = new Map(sources.map((source) => [source.region, source]));
    return quiet.filter((region) => this.#isEmpty(region, byRegion.get(region)));
  }

  #isEmpty(region: string, source: RegionSource | undefined): boolean {
    if (source === undefined) return true;
    if (!isReachable(source) || source.lagMessages > 0) {
      this.#emptySinceMs.delete(region);
      return false;
    }
    const nowMs = this.#options.clock.monotonicMs();
    const sinceMs = this.#emptySinceMs.get(region) ?? nowMs;
    this.#emptySinceMs.set(region, sinceMs);
    return nowMs - sinceMs >= CONFIRM_MS;
  }
}
