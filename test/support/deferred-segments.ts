import type { SegmentRunner } from "../../src/state/segments/segment-runner.ts";
import { writeSegment, type SegmentJob } from "../../src/state/segments/write-segment.ts";
import type { SegmentOutcome } from "../../src/state/segments/segment-runner.ts";

interface UnderWay {
  readonly steps: ReturnType<typeof writeSegment>;
  readonly done: (outcome: SegmentOutcome) => void;
}

/** Stands for the thread that writes segments: a job is done when the test says so. */
export class DeferredSegments implements SegmentRunner {
  #jobs: UnderWay[] = [];

  get waiting(): number {
    return this.#jobs.length;
  }

  run(job: SegmentJob, done: (outcome: SegmentOutcome) => void): void {
    this.#jobs.push({ steps: writeSegment(job), done });
  }

  /** Finishes a job: the number picks one of those that wait. */
  finish(number: number): void {
    const at = number % Math.max(1, this.#jobs.length);
    const [job] = this.#jobs.splice(at, 1);
    if (job === undefined) return;
    let outcome: SegmentOutcome;
    try {
      let step = job.steps.next();
      while (step.done !== true) step = job.steps.next();
      outcome = { ok: true, written: step.value };
    } catch (fault) {
      outcome = { ok: false, fault };
    }
    job.done(outcome);
  }
}
