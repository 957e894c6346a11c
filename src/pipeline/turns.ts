import type { Clock } from "../model/clock.ts";
import { TributaryError } from "../model/errors.ts";
import type { SliceBudget, SlicedWork } from "../model/sliced-work.ts";
import type { SlicePace } from "./slice-pace.ts";

export interface TurnsOptions {
  readonly clock: Pick<Clock, "monotonicMs" | "yieldTurn">;
  /** Of the work. */
  readonly budget: SliceBudget;
  /** Sizes the slices. */
  readonly pace: SlicePace;
  /** Whether the pipeline has ended meanwhile: then the rest is left undone. */
  readonly hasEnded: () => boolean;
}

/**
 * Does work on the event loop, each slice in a turn of its own: timers and sockets are served in between, and what several
 * partitions of a thread do is spread over turns, also where the first slice is the only one.
 * @returns milliseconds spent in slices; rejects with `internal-fault` where the pipeline has ended
 */
export async function doInTurns(
  work: SlicedWork,
  { clock, budget, pace, hasEnded }: TurnsOptions,
): Promise<number> {
  let elapsedMs = 0;
  for (;;) {
    await clock.yieldTurn();
    if (hasEnded()) throw new TributaryError("internal-fault", "The pipeline ended before a step was done.");
    const startedMs = clock.monotonicMs();
    budget.share = pace.share;
    const isDone = work.next().done === true;
    const sliceMs = clock.monotonicMs() - startedMs;
    pace.note(sliceMs);
    elapsedMs += sliceMs;
    if (isDone) return elapsedMs;
  }
}
