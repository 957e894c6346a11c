import { usageStream } from "../../../src/ingest/jetstream/names.ts";
import type { Stored } from "./chaos-producer.ts";
import type { ChaosFleet } from "./chaos-fleet.ts";
import { CHAOS_PARTITIONS } from "./chaos-catalog.ts";

const LOOK_MS = 500;
/** A worker that takes longer to say what it has done is busy, paused or gone. */
const ANSWER_MS = 2_000;

/** A time in which a partition that had something to read did not read on, seen from outside. */
export interface Standstill {
  readonly durationMs: number;
  /** Since the beginning of the faults. */
  readonly sinceMs: number;
  readonly partition: number;
}

interface Stretch {
  position: number;
  sinceMs: number;
}

/** Watches from outside how long a partition stands still while there is something to be read. */
export class ProgressWatch {
  /** The longest one so far, looked for twice a second. */
  longest: Standstill = { durationMs: 0, sinceMs: 0, partition: 0 };
  readonly #fleet: ChaosFleet;
  readonly #lastStored = Array.from({ length: CHAOS_PARTITIONS }, () => 0);
  readonly #stretches: Stretch[] = Array.from({ length: CHAOS_PARTITIONS }, () => ({
    position: 0,
    sinceMs: performance.now(),
  }));
  #startedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(fleet: ChaosFleet) {
    this.#fleet = fleet;
  }

  /** A message was acknowledged. */
  stored({ stream, sequence }: Stored): void {
    const partition = Number(stream.slice(usageStream(0).length - 1));
    this.#lastStored[partition] = Math.max(this.#lastStored[partition] ?? 0, sequence);
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#timer = setInterval(() => {
      if (this.#isLooking) return;
      this.#isLooking = true;
      void this.#look().finally(() => {
        this.#isLooking = false;
      });
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const statuses = await this.#fleet.statuses(ANSWER_MS);
    const positions = new Map<number, number>();
    for (const status of statuses)
      for (const { partition, position } of status?.partitions ?? [])
        positions.set(partition, Math.max(positions.get(partition) ?? 0, position ?? 0));
    const nowMs = performance.now();
    for (const [partition, stretch] of this.#stretches.entries()) {
      const position = positions.get(partition) ?? 0;
      const isAtEnd = stretch.position >= (this.#lastStored[partition] ?? 0);
      if (position > stretch.position || isAtEnd) {
        stretch.position = Math.max(position, stretch.position);
        stretch.sinceMs = nowMs;
      } else if (nowMs - stretch.sinceMs > this.longest.durationMs) {
        this.longest = {
          durationMs: Math.round(nowMs - stretch.sinceMs),
          sinceMs: Math.round(stretch.sinceMs - this.#startedMs),
          partition,
        };
      }
    }
  }
}
