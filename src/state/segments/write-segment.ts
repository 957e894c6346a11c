import { closeSync, openSync } from "node:fs";
import { dividedRecords } from "./divided-records.ts";
import { SegmentCursor } from "./segment-cursor.ts";
import { compareKeys } from "./segment-layout.ts";
import { SegmentOutput, type WrittenSegment } from "./segment-output.ts";
import { sortedOrder } from "./sorted-order.ts";

/** What is to be written to a new file; plain data, so that it can be sent to a thread. */
export type SegmentJob =
  | {
      readonly kind: "seal";
      readonly path: string;
      /** Chunks of one size, 2^n records where they are several, that the records fill one after another. */
      readonly chunks: readonly Uint32Array[];
      readonly count: number;
    }
  | {
      readonly kind: "merge";
      readonly path: string;
      readonly inputs: readonly { readonly path: string; readonly count: number }[];
    };

/** Records merged between two looks at what else the thread has to do: some milliseconds. */
const SLICE_RECORDS = 32_768;

/**
 * Does a job; a long one gives up the thread after each slice of it (it yields nothing but the chance to). Removes the file
 * where it fails; throws `state-corrupt` where an input is damaged, and faults of the file system as they are.
 */
export function* writeSegment(job: SegmentJob): Generator<undefined, WrittenSegment> {
  return job.kind === "seal" ? sealed(job) : yield* merged(job);
}

function sealed({ path, chunks, count }: SegmentJob & { kind: "seal" }): WrittenSegment {
  const output = new SegmentOutput(path, count);
  try {
    for (const { records, range } of dividedRecords(chunks, count)) {
      const order = sortedOrder(records, range);
      for (const number of order) output.add(records.chunkOf(number), records.offsetOf(number));
    }
    return output.finish();
  } catch (error) {
    output.abort();
    throw error;
  }
}

function* merged({ path, inputs }: SegmentJob & { kind: "merge" }): Generator<undefined, WrittenSegment> {
  const count = inputs.reduce((total, input) => total + input.count, 0);
  const descriptors: number[] = [];
  const output = new SegmentOutput(path, count);
  try {
    let open: SegmentCursor[] = [];
    for (const input of inputs) {
      const descriptor = openSync(input.path, "r");
      descriptors.push(descriptor);
      open.push(new SegmentCursor(descriptor, input.path, input.count));
    }
    let inSlice = 0;
    while (open.length > 0) {
      let least = open[0]!;
      for (let other = 1; other < open.length; other += 1)
        if (isBefore(open[other]!, least)) least = open[other]!;
      output.add(least.words, least.offset);
      least.next();
      if (least.offset === -1) open = open.filter((cursor) => cursor !== least);
      if (++inSlice < SLICE_RECORDS) continue;
      inSlice = 0;
      yield;
    }
    return output.finish();
  } catch (error) {
    output.abort();
    throw error;
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

function isBefore(a: SegmentCursor, b: SegmentCursor): boolean {
  const left = a.words[a.offset]!;
  const right = b.words[b.offset]!;
  if (left !== right) return left < right;
  return compareKeys(a.words, a.offset, b.words, b.offset) < 0;
}
