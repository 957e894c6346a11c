import { z } from "zod";
import { TributaryError } from "../../model/errors.ts";
import { saturate } from "./safe-time.ts";
import { WatermarkValve, type ValveInput, type WhenAllIdle } from "./watermark-valve.ts";

const SNAPSHOT_VERSION = 1;

/** null stands for −Infinity. */
const storedTime = z.number().nullable();
const snapshotSchema = z.strictObject({
  version: z.literal(SNAPSHOT_VERSION),
  watermarkMs: storedTime,
  regions: z.array(
    z.strictObject({ name: z.string(), watermarkMs: storedTime, idle: z.boolean(), aligned: z.boolean() }),
  ),
});
type Snapshot = z.infer<typeof snapshotSchema>;

/**
 * The watermark of one partition: no event at or before it is expected any more. Each declared region has its own,
 * `max over its events of min(event time, arrival) − disorder − 1`; the partition's is the least of the active
 * regions'. It never goes back, and nothing but events, manifests and recorded decisions moves it.
 */
export class WatermarkTracker {
  readonly #whenAllIdle: WhenAllIdle;
  #valve: WatermarkValve;
  #disorderMs = 0;
  #indices = new Map<string, number>();

  /** `whenAllIdle`: "hold" (default) keeps the watermark where it is until traffic, a manifest or an override. */
  constructor(options: { readonly whenAllIdle?: WhenAllIdle } = {}) {
    this.#whenAllIdle = options.whenAllIdle ?? "hold";
    this.#valve = new WatermarkValve(this.#whenAllIdle);
  }

  /**
   * Declares the regions and how far behind the latest event of its region (milliseconds) one may come and still be
   * on time. Regions that were declared before keep their state; a new one holds the watermark until it reports or
   * is idle; one that is gone stops holding it. By itself this doesn't move the watermark.
   */
  configure(regions: readonly string[], disorderMs: number): void {
    if (!Number.isSafeInteger(disorderMs) || disorderMs < 0) {
      throw new RangeError(`disorderMs must be an integer ≥ 0 of milliseconds; got ${String(disorderMs)}`);
    }
    this.#disorderMs = disorderMs;
    const declared = new Set(regions);
    for (const [name, index] of this.#indices) {
      if (declared.has(name)) continue;
      this.#valve.remove(index);
      this.#indices.delete(name);
    }
    for (const name of declared) {
      if (!this.#indices.has(name)) this.#indices.set(name, this.#valve.add());
    }
  }

  /** Milliseconds; −Infinity until every declared region has reported or is idle, and where none is declared. */
  get watermark(): number {
    return this.#valve.combinedMs;
  }

  /** Whether regions are declared and all of them are idle. */
  get allIdle(): boolean {
    return this.#valve.allIdle;
  }

  /** Index of a declared region for `observe`, −1 for another; it holds until the next `configure` or `restore`. */
  indexOf(region: string): number {
    return this.#indices.get(region) ?? -1;
  }

  /** Names of the regions that are not idle, sorted. */
  activeRegions(): readonly string[] {
    return [...this.#indices]
      .filter(([, index]) => !this.#valve.input(index).idle)
      .map(([name]) => name)
      .sort();
  }

  /** All declared regions, sorted by name, each with its own watermark (−Infinity until it has reported). */
  regions(): readonly { readonly name: string; readonly watermarkMs: number; readonly idle: boolean }[] {
    return [...this.#indices]
      .map(([name, index]) => {
        const { watermarkMs, idle } = this.#valve.input(index);
        return { name, watermarkMs, idle };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The region's own watermark; −Infinity until it has reported. RangeError for an undeclared region. */
  regionWatermark(region: string): number {
    return this.#valve.input(this.#require(region)).watermarkMs;
  }

  /** An event of a region: `timeMs` is the lesser of its event time and its arrival. Returns the watermark. */
  observe(index: number, timeMs: number): number {
    return this.#report(index, timeMs - this.#disorderMs - 1);
  }

  /** An event of the region at or before this time (as `observe` takes it) changes nothing; −Infinity where any may. */
  quietUpTo(index: number): number {
    const { idle, watermarkMs } = this.#valve.input(index);
    return idle ? Number.NEGATIVE_INFINITY : watermarkMs + this.#disorderMs + 1;
  }

  /** A manifest: nothing before `timeMs` is pending in the region, so disorder has no part in it. Returns the watermark. */
  observeManifest(index: number, timeMs: number): number {
    return this.#report(index, timeMs - 1);
  }

  /** The manifests of a region's producers together. A region that is not declared changes nothing. */
  completeRegion({ region, completeMs }: { readonly region: string; readonly completeMs: number }): void {
    const index = this.indexOf(region);
    if (index >= 0) this.observeManifest(index, completeMs);
  }

  /**
   * A recorded decision that the region is idle: it stops holding the others until its next event or manifest. A
   * region that is not declared holds nobody: a record that names one changes nothing.
   */
  markIdle(region: string): void {
    const index = this.indexOf(region);
    if (index < 0) return;
    this.#valve.markIdle(index);
    this.#valve.combine();
  }

  /** An audited override (a close, the end of a simulation): the watermark is at least this from now on. */
  advanceTo(watermarkMs: number): void {
    if (Number.isNaN(watermarkMs)) throw new RangeError("a watermark must be a number");
    this.#valve.override(watermarkMs);
  }

  /** Canonical JSON: equal states give equal bytes. */
  snapshot(): Uint8Array {
    const regions = [...this.#indices.keys()].sort().map((name) => {
      const { watermarkMs, idle, aligned } = this.#valve.input(this.#require(name));
      return { name, watermarkMs: toStored(watermarkMs), idle, aligned };
    });
    const snapshot: Snapshot = { version: SNAPSHOT_VERSION, watermarkMs: toStored(this.watermark), regions };
    return new TextEncoder().encode(JSON.stringify(snapshot));
  }

  /**
   * Takes the state of a snapshot; `configure` may follow with another list of regions. TributaryError `state-corrupt`
   * for bytes that are none.
   */
  restore(bytes: Uint8Array): void {
    const snapshot = readSnapshot(bytes);
    const valve = new WatermarkValve(this.#whenAllIdle);
    valve.override(fromStored(snapshot.watermarkMs));
    this.#indices = new Map();
    for (const { name, watermarkMs, idle, aligned } of snapshot.regions) {
      const state: ValveInput = { watermarkMs: fromStored(watermarkMs), idle, aligned };
      this.#indices.set(name, valve.add(state));
    }
    this.#valve = valve;
  }

  #report(index: number, watermarkMs: number): number {
    const valve = this.#valve;
    if (valve.input(index).idle) valve.markActive(index);
    return valve.raise(index, saturate(watermarkMs)) ? valve.combine() : valve.combinedMs;
  }

  #require(region: string): number {
    const index = this.#indices.get(region);
    if (index === undefined) throw new RangeError(`region ${region} is not declared`);
    return index;
  }
}

function readSnapshot(bytes: Uint8Array): Snapshot {
  try {
    return snapshotSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new TributaryError("state-corrupt", "The stored watermark state can't be read.", { cause });
  }
}

function toStored(watermarkMs: number): number | null {
  return watermarkMs === -Infinity ? null : watermarkMs;
}

function fromStored(watermarkMs: number | null): number {
  return watermarkMs ?? -Infinity;
}
