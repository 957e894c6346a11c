import type { Clock } from "../model/clock.ts";
import { TributaryError } from "../model/errors.ts";
import type { SlicedWork } from "../model/sliced-work.ts";

/**
 * Does work on the event loop, each slice in a turn of its own: timers and sockets are served in between, and what several
 * partitions of a thread do is spread over turns, also where the first slice is the only one.
 * @param hasEnded whether the pipeline has ended meanwhile: then the rest is left undone
 * @returns milliseconds spent in slices; rejects with `internal-fault` where the pipeline has ended
 */
export async function doInTurns(
  work: SlicedWork,
  clock: Pick<Clock, "monotonicMs" | "yieldTurn">,
  hasEnded: () => boolean,
): Promise<number> {
  let elapsedMs = 0;
  for (;;) {
    await clock.yieldTurn();
    if (hasEnded()) throw new TributaryError("internal-fault", "The pipeline ended before a step was done.");
    const startedMs = clock.monotonicMs();
    const isDone = work.next().done === true;
    elapsedMs += clock.monotonicMs() - startedMs;
    if (isDone) return elapsedMs;
  }
}
