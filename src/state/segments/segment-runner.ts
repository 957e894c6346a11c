import type { WrittenSegment } from "./segment-output.ts";
import { writeSegment, type SegmentJob } from "./write-segment.ts";

export type SegmentOutcome =
  { readonly ok: true; readonly written: WrittenSegment } | { readonly ok: false; readonly fault: unknown };

/** Where segments are written: on a thread beside a worker's, or at once for those who serve nobody. */
export interface SegmentRunner {
  /** `done` is called once, possibly before this returns. */
  run(job: SegmentJob, done: (outcome: SegmentOutcome) => void): void;
}

/** Writes on the calling thread, which waits for it. */
export const runHere: SegmentRunner = {
  run(job, done) {
    let outcome: SegmentOutcome;
    try {
      const steps = writeSegment(job);
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      outcome = { ok: true, written: step.value };
    } catch (fault) {
      outcome = { ok: false, fault };
    }
    done(outcome);
  },
};
