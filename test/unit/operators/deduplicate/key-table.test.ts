import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KEY_RECORD_BYTES } from "../../../../src/model/key-segments.ts";
import { KeyTable, KeyVerdict } from "../../../../src/operators/deduplicate/key-table.ts";
import { CHUNK_RECORDS } from "../../../../src/operators/deduplicate/record-chunks.ts";
import { probeKey } from "../../../support/probe-key.ts";
import { SavedRows } from "../support/saved-rows.ts";
import { KeyModel, scrambledKey } from "./key-model.ts";

const HORIZON_MS = 100;
const RUNS = Number(process.env["TABLE_PROPERTY_RUNS"] ?? 120);

/** Words that are zero, small or at the ends of their range, so that homes and tags collide. */
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff) },
  { weight: 2, arbitrary: fc.nat({ max: 0xffffffff }) },
);
const key = fc.tuple(word, word, word, word).filter((words) => words.some((each) => each !== 0));
const event = fc.record({
  kind: fc.constant("event" as const),
  key: fc.nat(24),
  checksum: fc.constantFrom([0, 0], [0xffffffff, 0x80000000], [1, 0], [0, 1]),
  /** Mostly forward, now and then the broker's clock goes back. */
  elapsedMs: fc.oneof(
    { weight: 8, arbitrary: fc.nat(12) },
    { weight: 1, arbitrary: fc.integer({ min: -150, max: 300 }) },
  ),
  index: fc.constantFrom(0, 1, 65_535),
});
const step = fc.oneof(
  { weight: 20, arbitrary: event },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("checkpoint" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
);

function concatenated(saved: SavedRows): Record<string, string> {
  return Object.fromEntries(saved.spaces("keys/").map((space) => [space, saved.concatenated(space)]));
}

describe("KeyTable", () => {
  it("agrees with a map across expiry, checkpoints and restores, and saves the same records", () => {
    const keys = fc.uniqueArray(key, {
      minLength: 25,
      maxLength: 25,
      selector: (words) => words.join(),
    });
    fc.assert(
      fc.property(keys, fc.array(step, { maxLength: 200, size: "max" }), (pool, steps) => {
        let table = new KeyTable({ horizonMs: HORIZON_MS });
        const straight = new KeyTable({ horizonMs: HORIZON_MS });
        const model = new KeyModel(HORIZON_MS);
        const saved = new SavedRows();
        const expected: unknown[] = [];
        const verdicts: unknown[] = [];
        const straightVerdicts: unknown[] = [];
        const words = new Uint32Array(4 + 2);
        let arrivalMs = 1_780_000_000_000;
        // Sequences on both sides of 2^32.
        let sequence = 2 ** 32 - 20;
        for (const each of steps) {
          if (each.kind === "event") {
            arrivalMs += each.elapsedMs;
            sequence += 1;
            words.set(pool[each.key]!, 2);
            const [low, high] = each.checksum;
            const [verdict, straightVerdict] = [table, straight].map((one) =>
              probeKey(one, words, 2, low, high, arrivalMs, sequence, each.index),
            );
            expected.push(model.take(words.subarray(2), low, high, arrivalMs, sequence, each.index));
            verdicts.push(verdict);
            straightVerdicts.push(straightVerdict);
            continue;
          }
          saved.checkpoint(table);
          if (each.kind === "restore") {
            table = new KeyTable({ horizonMs: HORIZON_MS });
            table.restore(saved);
          }
        }
        expect(verdicts).toEqual(expected);
        expect(straightVerdicts).toEqual(expected);
        for (const one of [table, straight]) {
          expect(one.size).toBe(model.size);
          for (const each of pool) {
            expect(one.firstOf(Uint32Array.from(each))).toEqual(model.firstOf(Uint32Array.from(each)));
          }
        }
        saved.checkpoint(table);
        const savedOnce = new SavedRows();
        savedOnce.checkpoint(straight);
        expect(concatenated(saved)).toEqual(concatenated(savedOnce));
      }),
      { numRuns: RUNS },
    );
  });

  it("forgets a key exactly at the end of its generation plus the horizon", () => {
    const table = new KeyTable({ horizonMs: HORIZON_MS });
    const one = Uint32Array.of(0, 0, 0, 1);
    const other = Uint32Array.of(9, 9, 9, 9);
    // Generations are 25 ms long: 1010 lies in [1000, 1025), which is dropped at 1125.
    const at = (words: Uint32Array, arrivalMs: number, sequence: number): number =>
      probeKey(table, words, 0, 7, 7, arrivalMs, sequence, 0);
    expect(at(one, 1010, 1)).toBe(KeyVerdict.new);
    expect(at(one, 1124, 2)).toBe(KeyVerdict.samePayload);
    const saved = new SavedRows();
    saved.checkpoint(table);
    expect(saved.spaces("keys/")).toEqual(["keys/0000000000001000-0000000000000025"]);
    expect(at(other, 1125, 3)).toBe(KeyVerdict.new);
    expect(table.firstOf(one)).toBeUndefined();
    saved.checkpoint(table);
    expect(saved.spaces("keys/")).toEqual(["keys/0000000000001125-0000000000000025"]);
    expect(at(one, 1125, 4)).toBe(KeyVerdict.new);
  });

  it("keeps the bounds of generations when the horizon changes", () => {
    const one = Uint32Array.of(1, 2, 3, 4);
    const shorter = new KeyTable({ horizonMs: 100 });
    probeKey(shorter, one, 0, 7, 7, 1010, 1, 0);
    const saved = new SavedRows();
    saved.checkpoint(shorter);
    const longer = new KeyTable({ horizonMs: 1000 });
    longer.restore(saved);
    expect(probeKey(longer, one, 0, 7, 7, 2024, 2, 0)).toBe(KeyVerdict.samePayload);
    shorter.setHorizon(1000);
    expect(probeKey(shorter, one, 0, 7, 7, 2024, 2, 0)).toBe(KeyVerdict.samePayload);
    shorter.setHorizon(100);
    expect(probeKey(shorter, one, 0, 7, 7, 2024, 2, 0)).toBe(KeyVerdict.new);
    expect(probeKey(longer, one, 0, 7, 7, 2025, 3, 0)).toBe(KeyVerdict.new);
  });

  it("finds every key while it grows, within 40 bytes a key when full, and after a restore", () => {
    const count = 400_000;
    const table = new KeyTable({ horizonMs: 40_000_000 });
    const words = new Uint32Array(4);
    const saved = new SavedRows();
    let wrong = 0;
    let leastBytes = Infinity;
    for (let number = 0; number < count; number += 1) {
      scrambledKey(number, words, 0);
      if (probeKey(table, words, 0, number, 1, 1000, number, 3) !== KeyVerdict.new) wrong += 1;
      // An earlier key at each step, so that records on both sides of a move are asked for.
      scrambledKey(Math.floor(number * 0.618), words, 0);
      const verdict = probeKey(table, words, 0, Math.floor(number * 0.618), 1, 1000, number, 3);
      if (verdict !== KeyVerdict.samePayload) wrong += 1;
      if (number % 70_000 === 0) saved.checkpoint(table);
      if (number > 100_000) leastBytes = Math.min(leastBytes, table.bytes / (number + 1));
    }
    expect(wrong).toBe(0);
    expect(leastBytes).toBeLessThan(40);
    saved.checkpoint(table);
    expect(
      Math.max(...saved.rows(saved.spaces("keys/")[0]!).map((row) => row.value.length)),
    ).toBeLessThanOrEqual(2 ** 19);
    const restored = new KeyTable({ horizonMs: 40_000_000 });
    restored.restore(saved);
    expect(restored.size).toBe(count);
    expect(restored.bytes / count).toBeLessThan(41);
    for (let number = 0; number < count; number += 1) {
      scrambledKey(number, words, 0);
      restored.prepare(words, 0, 1);
      const verdict = probeKey(restored, words, 0, number, 0, 1000, count, 0);
      if (verdict !== KeyVerdict.otherPayload) wrong += 1;
    }
    expect(wrong).toBe(0);
    scrambledKey(123_456, words, 0);
    expect(restored.firstOf(words)).toEqual({ sequence: 123_456, index: 3 });
  });

  it("takes less than 40 bytes a key when they are sealed, and never 3 MB for the index of fewer", () => {
    const count = 2 ** 19;
    const table = new KeyTable({ horizonMs: 40_000_000 });
    const words = new Uint32Array(4);
    let mostIndexBytes = 0;
    for (let number = 0; number < count; number += 1) {
      scrambledKey(number, words, 0);
      probeKey(table, words, 0, number, 1, 1000, number, 3);
      const recordBytes = Math.ceil((number + 1) / CHUNK_RECORDS) * CHUNK_RECORDS * KEY_RECORD_BYTES;
      if (number % 1_000 === 0) mostIndexBytes = Math.max(mostIndexBytes, table.bytes - recordBytes);
    }
    expect(table.bytes / count).toBeLessThan(38);
    expect(mostIndexBytes).toBeLessThan(3_000_000);
  });

  it("finds every key of a crowd with one beginning, also at the end of the table, while it grows", () => {
    // What no keyed hash gives, but whoever knows the key could: runs of entries that are longer than tags can tell apart.
    const beginnings = [0, 0x7fff_ff00, 0xffff_fe00, 0xffff_ff00];
    const count = 6_000;
    const table = new KeyTable({ horizonMs: HORIZON_MS });
    const keyOf = (number: number): Uint32Array => {
      const key = Uint32Array.of(beginnings[number % 4]! + (number % 7), number, 1, 2);
      if (number % 3 === 0) scrambledKey(number, key, 0);
      return key;
    };
    for (let number = 0; number < count; number += 1)
      expect(probeKey(table, keyOf(number), 0, number, 1, 1000, number + 1, 3)).toBe(KeyVerdict.new);
    for (let number = 0; number < count; number += 1)
      expect(table.firstOf(keyOf(number))).toEqual({ sequence: number + 1, index: 3 });
    expect(table.size).toBe(count);
  });

  it("refuses places that a record can't hold, and rows that it can't have written", () => {
    const table = new KeyTable({ horizonMs: HORIZON_MS });
    const one = Uint32Array.of(1, 2, 3, 4);
    const fault = expect.objectContaining({ code: "internal-fault" });
    expect(() => probeKey(table, one, 0, 0, 0, 0, 1, 65_536)).toThrow(fault);
    expect(() => probeKey(table, one, 0, 0, 0, 0, 2 ** 48, 0)).toThrow(fault);
    expect(table.firstOf(one)).toBeUndefined();
    const corrupt = expect.objectContaining({ code: "state-corrupt" });
    const restoreFrom = (space: string, length: number): void =>
      new KeyTable({ horizonMs: HORIZON_MS }).restore({
        spaces: () => [space],
        rows: () => [{ key: 0, value: new Uint8Array(length) }],
      });
    expect(() => restoreFrom("keys/0000000000001125-0000000000000025", 33)).toThrow(corrupt);
    expect(() => restoreFrom("keys/1125", 32)).toThrow(corrupt);
  });
});
