import type { Worker } from "node:worker_threads";
import { TributaryError } from "../../model/errors.ts";
import { startThread } from "../writer/start-thread.ts";
import { unpackFault, type WriterFault } from "../writer/writer-messages.ts";
import type { WrittenSegment } from "./segment-output.ts";
import type { SegmentOutcome, SegmentRunner } from "./segment-runner.ts";
import type { SegmentJob } from "./write-segment.ts";

export interface SegmentRequest {
  readonly id: number;
  readonly job: SegmentJob;
}

export type SegmentReply =
  | { readonly id: number; readonly written: WrittenSegment }
  | { readonly id: number; readonly fault: WriterFault };

/** The thread that sorts, writes and merges segments for all stores of a worker; made at the first job, and again after it died. */
export class SegmentThread implements SegmentRunner {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, (outcome: SegmentOutcome) => void>();
  #lastId = 0;

  run(job: SegmentJob, done: (outcome: SegmentOutcome) => void): void {
    const worker = this.#start();
    const id = ++this.#lastId;
    this.#waiting.set(id, done);
    const request: SegmentRequest = { id, job };
    // Records are in shared memory: nothing is taken away from this thread.
    worker.postMessage(request, []);
  }

  async terminate(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = startThread("state/segments/segment-thread-entry", { name: "segment-writer" });
    this.#worker = worker;
    worker.on("message", (reply: SegmentReply) => {
      const done = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      done?.(
        "fault" in reply
          ? { ok: false, fault: unpackFault(reply.fault) }
          : { ok: true, written: reply.written },
      );
    });
    worker.on("error", (cause) => {
      this.#onEnd(worker, cause);
    });
    worker.on("exit", (code) => {
      this.#onEnd(worker, `exit code ${code}`);
    });
    // A segment that is not finished when the process ends is written again by the next one.
    worker.unref();
    return worker;
  }

  #onEnd(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    const fault = new TributaryError(
      "state-commit-failed",
      "The thread that writes segments of keys has ended.",
      {
        cause,
      },
    );
    for (const done of waiting) done({ ok: false, fault });
  }
}
