import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { KeySegment, PendingSegment } from "../../../../src/model/key-segments.ts";
import { KEY_RECORD_WORDS } from "../../../../src/model/key-segments.ts";
import { giveBackMemory } from "../../../../src/state/segments/give-back-memory.ts";
import { SegmentFolder, segmentPath } from "../../../../src/state/segments/segment-folder.ts";
import type { SegmentOutcome } from "../../../../src/state/segments/segment-runner.ts";
import { SegmentThread } from "../../../../src/state/segments/segment-thread.ts";
import type { SegmentJob } from "../../../../src/state/segments/write-segment.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { waitUntil } from "../../../support/wait-until.ts";

const MIB = 2 ** 20;

function records(count: number, first: number): Uint32Array {
  const words = new Uint32Array(count * KEY_RECORD_WORDS);
  for (let at = 0; at < count; at++) words[at * KEY_RECORD_WORDS] = first + at * 2;
  return words;
}

async function taken(pending: PendingSegment): Promise<KeySegment> {
  let segment: KeySegment | undefined;
  await waitUntil("a segment to be written", () => (segment = pending.take()) !== undefined);
  if (segment === undefined) throw new Error("no segment");
  return segment;
}

test("memory that is given back is free at once, and its words are gone", async () => {
  const before = process.memoryUsage().arrayBuffers;
  const buffers = Array.from({ length: 8 }, () => new ArrayBuffer(MIB));
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThanOrEqual(8 * MIB);
  giveBackMemory(buffers);
  expect(buffers.map(({ byteLength }) => byteLength)).toEqual(Array.from({ length: 8 }, () => 0));
  await waitUntil("the memory to be free", () => process.memoryUsage().arrayBuffers - before < 4 * MIB);
});

test("a segment that was dropped gives back its filter, and never says that a key is not there", async () => {
  const folder = new SegmentFolder(temporaryFolder());
  const segment = await taken(folder.seal([records(1_000, 0)], 1_000));
  const key = records(1, 0);
  const rows = new Uint32Array(1);
  expect(segment.mayHold(key, 0)).toBe(true);
  folder.drop(segment);
  folder.removeDropped(folder.takeDropped());
  expect(segment.bytes).toBe(0);
  expect(() => segment.mayHold(key, 0)).toThrow("let go");
  expect(() => segment.candidates(key, 0, 1, rows, 0)).toThrow("let go");
});

test("merges on the thread are done one after the other, seals in between", async () => {
  const path = temporaryFolder();
  const thread = new SegmentThread();
  const folder = new SegmentFolder(path, thread);
  const count = 60_000;
  const inputs = await Promise.all([0, 1].map((first) => taken(folder.seal([records(count, first)], count))));
  const output = (name: string): string => join(path, name);
  const merge = (name: string): SegmentJob => ({
    kind: "merge",
    path: output(name),
    inputs: inputs.map(({ number }) => ({ path: segmentPath(path, number), count })),
  });
  const done: string[] = [];
  let isThirdBegun: boolean | undefined;
  const noted = (name: string) => (outcome: SegmentOutcome) => {
    done.push(`${name} ${outcome.ok ? outcome.written.count : "failed"}`);
    // The second one may have begun by now.
    if (name === "first") isThirdBegun = existsSync(output("third"));
  };
  for (const name of ["first", "second", "third"]) thread.run(merge(name), noted(name));
  thread.run({ kind: "seal", path: output("seal"), chunks: [records(10, 7)], count: 10 }, noted("seal"));
  await waitUntil("all of them", () => done.length === 4);
  expect(done).toEqual(["seal 10", "first 120000", "second 120000", "third 120000"]);
  expect(isThirdBegun).toBe(false);
  await thread.terminate();
  folder.close();
});
