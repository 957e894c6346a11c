/** Entry of the thread that writes segments: jobs go on side by side, slice by slice, so that none waits for a long one. */
import { parentPort } from "node:worker_threads";
import { stateFault } from "../sqlite-faults.ts";
import { packFault } from "../writer/writer-messages.ts";
import type { SegmentReply, SegmentRequest } from "./segment-thread.ts";
import { writeSegment } from "./write-segment.ts";

const port = parentPort;
if (port === null) throw new Error("segments are written on a thread only");

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
  void perform(request);
});
