import * as fc from "fast-check";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KEY_RECORD_WORDS, type SegmentIdentity } from "../../../../src/model/key-segments.ts";
import { FileSegment } from "../../../../src/state/segments/file-segment.ts";
import { compareKeys } from "../../../../src/state/segments/segment-layout.ts";
import type { WrittenSegment } from "../../../../src/state/segments/segment-output.ts";
import { runHere } from "../../../../src/state/segments/segment-runner.ts";
import type { SegmentJob } from "../../../../src/state/segments/write-segment.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { scrambledKey } from "../../operators/deduplicate/key-model.ts";

/** Few first words, so that keys that differ only behind them fill blocks and their borders. */
const firstWord = fc.oneof(fc.constantFrom(0, 7, 0x80000000, 0xffffffff), fc.nat(0xffffffff));
const anyWord = fc.oneof(fc.constantFrom(0, 0xffffffff), fc.nat(0xffffffff));
const keys = (max: number): fc.Arbitrary<[number, number, number, number][]> =>
  fc.uniqueArray(fc.tuple(firstWord, anyWord, anyWord, anyWord), {
    minLength: 1,
    maxLength: max,
    size: "max",
    selector: (words) => words.join(),
  });

/** Records of keys: behind the key, words that follow from its number. */
function recordsOf(list: readonly (readonly number[])[], firstNumber = 0): Uint32Array {
  const words = new Uint32Array(list.length * KEY_RECORD_WORDS);
  for (const [at, key] of list.entries()) {
    const number = firstNumber + at;
    words.set([...key, number, ~number, number * 3, number * 5], at * KEY_RECORD_WORDS);
  }
  return words;
}

function run(job: SegmentJob): WrittenSegment {
  let written: WrittenSegment | undefined;
  let fault: unknown;
  runHere.run(job, (outcome) => {
    if (outcome.ok) written = outcome.written;
    else ({ fault } = outcome);
  });
  if (written === undefined) throw fault;
  return written;
}

function sealed(path: string, words: Uint32Array): SegmentIdentity {
  const count = words.length / KEY_RECORD_WORDS;
  // Chunks of four records, so that a file is made of several.
  const chunks: Uint32Array[] = [];
  for (let at = 0; at < words.length; at += 4 * KEY_RECORD_WORDS)
    chunks.push(words.slice(at, at + 4 * KEY_RECORD_WORDS));
  return { number: 1, ...run({ kind: "seal", path, chunks, count }) };
}

const corrupt = expect.objectContaining({
  code: "state-corrupt",
  message: expect.stringContaining("one.keys"),
});

describe("a segment file", () => {
  it("holds every record in order, finds each by its key and nothing else", () => {
    const folder = temporaryFolder();
    let file = 0;
    fc.assert(
      fc.property(keys(700), fc.nat(100), (list, percent) => {
        const inside = list.slice(0, Math.max(1, Math.floor((list.length * percent) / 100)));
        const words = recordsOf(inside);
        const path = join(folder, `${(file += 1)}.keys`);
        const segment = FileSegment.open(path, sealed(path, words));
        const column = Uint32Array.from(list.flat());
        const rows = new Uint32Array(list.length + 1);
        const candidates = [...rows.subarray(0, segment.candidates(column, 0, list.length, rows, 0))];
        const record = new Uint32Array(KEY_RECORD_WORDS);
        for (let row = 0; row < list.length; row += 1) {
          const isInside = row < inside.length;
          const mayHold = segment.mayHold(column, row * 4);
          expect(mayHold || !isInside).toBe(true);
          expect(candidates.includes(row)).toBe(mayHold);
          const found = segment.find(column, row * 4, record) ? record.join() : "unknown";
          expect(found).toBe(isInside ? words.slice(row * 8, row * 8 + 8).join() : "unknown");
        }
        const stored = Array.from(segment.records(), (each) => each.slice());
        const expected = Array.from(inside, (_, number) => words.slice(number * 8, number * 8 + 8));
        expect(stored).toEqual(expected.sort((a, b) => compareKeys(a, 0, b, 0)));
        segment.close();
      }),
      { numRuns: 60 },
    );
  });

  it("is the same, byte for byte, written at once or merged from parts", () => {
    const folder = temporaryFolder();
    let file = 0;
    fc.assert(
      fc.property(keys(600), fc.array(fc.nat(3), { minLength: 600, maxLength: 600 }), (list, part) => {
        const path = (name: string): string => join(folder, `${file}-${name}.keys`);
        file += 1;
        const whole = run({
          kind: "seal",
          path: path("whole"),
          chunks: [recordsOf(list)],
          count: list.length,
        });
        const records = Array.from(list, (_, number) => recordsOf(list).slice(number * 8, number * 8 + 8));
        const inputs = [0, 1, 2, 3].flatMap((each) => {
          const mine = records.filter((_, number) => part[number] === each);
          if (mine.length === 0) return [];
          run({ kind: "seal", path: path(`${each}`), chunks: mine, count: mine.length });
          return [{ path: path(`${each}`), count: mine.length }];
        });
        expect(run({ kind: "merge", path: path("merged"), inputs })).toEqual(whole);
        expect(readFileSync(path("merged")).equals(readFileSync(path("whole")))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("costs at most two bytes a key in memory, and hardly ever reads for a key that is not there", () => {
    const path = join(temporaryFolder(), "one.keys");
    const count = 200_000;
    const words = new Uint32Array(count * KEY_RECORD_WORDS);
    for (let number = 0; number < count; number += 1) scrambledKey(number, words, number * KEY_RECORD_WORDS);
    const segment = FileSegment.open(path, sealed(path, words));
    expect(segment.bytes / count).toBeLessThanOrEqual(2);
    const other = new Uint32Array(4);
    let passed = 0;
    for (let number = count; number < 2 * count; number += 1) {
      scrambledKey(number, other, 0);
      if (segment.mayHold(other, 0)) passed += 1;
    }
    expect(passed / count).toBeLessThan(0.002);
    segment.close();
  });

  it("is refused as damaged wherever a bit of it has changed", () => {
    const folder = temporaryFolder();
    const path = join(folder, "one.keys");
    const list = Array.from({ length: 300 }, (_, number) => {
      const words = new Uint32Array(4);
      scrambledKey(number, words, 0);
      return [...words];
    });
    const identity = sealed(path, recordsOf(list));
    const bytes = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
        writeFileSync(path, changed);
        expect(() => {
          const segment = FileSegment.open(path, identity);
          try {
            for (const record of segment.records()) void record;
          } finally {
            segment.close();
          }
        }).toThrow(corrupt);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused where it is missing, cut off, or another one; a damaged block by the key that stands in it", () => {
    const folder = temporaryFolder();
    const path = join(folder, "one.keys");
    const identity = sealed(
      path,
      recordsOf([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ]),
    );
    expect(() => FileSegment.open(path, { ...identity, checksum: 1 })).toThrow(corrupt);
    expect(() => FileSegment.open(path, { ...identity, count: 3 })).toThrow(corrupt);
    const segment = FileSegment.open(path, identity);
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, Uint8Array.of(9), 0, 1, 4096 + 40);
    closeSync(descriptor);
    const record = new Uint32Array(KEY_RECORD_WORDS);
    expect(() => segment.find(Uint32Array.of(1, 2, 3, 4), 0, record)).toThrow(corrupt);
    // And again: what could not be trusted is not kept.
    expect(() => segment.find(Uint32Array.of(1, 2, 3, 4), 0, record)).toThrow(corrupt);
    segment.close();
    truncateSync(path, 5_000);
    expect(() => FileSegment.open(path, identity)).toThrow(corrupt);
    truncateSync(path, 0);
    expect(() => FileSegment.open(path, identity)).toThrow(corrupt);
    expect(() => FileSegment.open(join(folder, "no-one.keys"), identity)).toThrow(corrupt);
  });

  it("is not made where records are not what was announced, and leaves no file behind", () => {
    const folder = temporaryFolder();
    const fault = expect.objectContaining({ code: "internal-fault" });
    const path = join(folder, "one.keys");
    const twice = recordsOf([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    expect(() => run({ kind: "seal", path, chunks: [twice], count: 2 })).toThrow(fault);
    const three = recordsOf([
      [1, 2, 3, 4],
      [2, 2, 3, 4],
      [3, 2, 3, 4],
    ]);
    expect(() => run({ kind: "seal", path, chunks: [three, twice], count: 5 })).toThrow(RangeError);
    const missing = [{ path: join(folder, "two.keys"), count: 2 }];
    expect(() => run({ kind: "merge", path, inputs: missing })).toThrow("ENOENT");
    expect(readdirSync(folder)).toEqual([]);
  });
});
