/**
 * Entry of the thread that writes segments. Seals are done at once, between two slices of a merge, so that none waits for a long one. Merges
 * come one after the other: partitions fill alike and are due together, and each has its filter and its buffers in memory while it goes on.
 */
import { parentPort } from "node:worker_threads";
import { stateFault } from "../sqlite-faults.ts";
import { packFault } from "../writer/writer-messages.ts";
import type { SegmentReply, SegmentRequest } from "./segment-thread.ts";
import { writeSegment } from "./write-segment.ts";

const port = parentPort;
if (port === null) throw new Error("segments are written on a thread only");

let lastMerge = Promise.resolve();

async function perform({ id, job }: SegmentRequest): Promise<void> {
  let reply: SegmentReply;
  let transfer: ArrayBuffer[] = [];
  try {
    const steps = writeSegment(job);
    let step = steps.next();
    while (step.done !== true) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      step = steps.next();
    }
    const written = step.value;
    reply = { id, written };
    transfer = [written.index.buffer, written.filter.buffer];
  } catch (error) {
    reply = { id, fault: packFault(stateFault(error, "writing a segment of keys", job.path)) };
  }
  port?.postMessage(reply, transfer);
}

port.on("message", (request: SegmentRequest) => {
  // `perform` never rejects.
  if (request.job.kind === "merge") lastMerge = lastMerge.then(() => perform(request));
  else void perform(request);
});
