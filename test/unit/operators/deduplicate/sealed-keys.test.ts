import * as fc from "fast-check";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { KeySegments } from "../../../../src/model/key-segments.ts";
import { SEGMENT_SPACES } from "../../../../src/model/segment-identity.ts";
import type { StateRow } from "../../../../src/model/store.ts";
import { KeyTable, KeyVerdict } from "../../../../src/operators/deduplicate/key-table.ts";
import { SegmentFolder } from "../../../../src/state/segments/segment-folder.ts";
import { probeKey } from "../../../support/probe-key.ts";
import { DeferredSegments } from "../../../support/deferred-segments.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { SavedRows } from "../support/saved-rows.ts";
import { KeyModel } from "./key-model.ts";

const HORIZON_MS = 100;
/** So few that some events seal, and some seals merge. */
const SEALING = { sealRecords: 3, sealEndedRecords: 2 };

/** Words that are zero, small or at the ends of their range, so that homes, tags and blocks collide. */
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff) },
  { weight: 2, arbitrary: fc.nat({ max: 0xffffffff }) },
);
const POOL_KEYS = 120;
const pool = fc.uniqueArray(fc.tuple(word, word, word, word), {
  minLength: POOL_KEYS,
  maxLength: POOL_KEYS,
  selector: (words) => words.join(),
});

const CHECKSUMS = [
  [0, 0],
  [0xffffffff, 0x80000000],
] as const;
const run = fc.record({
  kind: fc.constant("run" as const),
  events: fc.array(
    fc.record({
      key: fc.nat(POOL_KEYS - 1),
      checksum: fc.constantFrom(0, 0, 0, 1),
      /** Mostly forward, now and then the broker's clock goes back. */
      elapsedMs: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(0, 0, 0, 1, 3) },
        { weight: 1, arbitrary: fc.integer({ min: -60, max: 120 }) },
      ),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  isPrepared: fc.boolean(),
});
const step = fc.oneof(
  { weight: 8, arbitrary: run },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("checkpoint" as const),
      /** Everything that is being written is finished before. */
      finishesAll: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("finish" as const), job: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      /** Before the commit, after it, or with what was committed still to be removed. */
      at: fc.constantFrom("processing", "collected", "committed"),
      /** The same process starts the partition again, and knows its files. */
      isSameProcess: fc.boolean(),
    }),
  },
);

type Run = typeof run extends fc.Arbitrary<infer Value> ? Value : never;

/** A table whose checkpoints can be lost. */
class Partition {
  readonly #folder: string;
  readonly #pool: readonly (readonly number[])[];
  #saved = new SavedRows();
  #runner = new DeferredSegments();
  #files: SegmentFolder;
  #sequence = 2 ** 32 - 50;
  #arrivalMs = 1_780_000_000_000;
  #committed = { sequence: this.#sequence, arrivalMs: this.#arrivalMs };
  table: KeyTable;
  readonly seen = { sealed: 0, merged: 0, crashes: 0 };

  constructor(folder: string, keys: readonly (readonly number[])[]) {
    this.#folder = folder;
    this.#pool = keys;
    this.#files = new SegmentFolder(folder, this.#runner);
    this.table = this.#tableOn(this.#files);
  }

  take(events: Run, model?: KeyModel): KeyVerdict[] {
    const keys = Uint32Array.from(events.events.flatMap(({ key }) => [...this.#pool[key]!]));
    if (events.isPrepared) this.table.prepare(keys, 0, events.events.length);
    return events.events.map(({ checksum, elapsedMs }, row) => {
      this.#arrivalMs += elapsedMs;
      this.#sequence += 1;
      const [low, high] = CHECKSUMS[checksum];
      const at = [low, high, this.#arrivalMs, this.#sequence, row] as const;
      return model === undefined
        ? probeKey(this.table, keys, row * 4, ...at)
        : model.take(keys.slice(row * 4, row * 4 + 4), ...at);
    });
  }

  finish(job: number): void {
    this.#runner.finish(job);
  }

  finishAll(): void {
    while (this.#runner.waiting > 0) this.#runner.finish(0);
  }

  collect(): { rows: StateRow[]; cleared: string[] } {
    const rows: StateRow[] = [];
    const cleared: string[] = [];
    this.table.collectChanges(rows, cleared);
    return { rows, cleared };
  }

  commit({ rows, cleared }: { rows: StateRow[]; cleared: string[] }): void {
    this.#saved.apply(rows, cleared);
    this.#committed = { sequence: this.#sequence, arrivalMs: this.#arrivalMs };
    const named = rows.filter(({ space, value }) => space.startsWith(SEGMENT_SPACES) && value !== null);
    this.seen.sealed += named.length;
    this.seen.merged += rows.filter(
      ({ space, value }) => space.startsWith(SEGMENT_SPACES) && value === null,
    ).length;
  }

  checkpoint(): void {
    const changes = this.collect();
    const dropped = this.#files.takeDropped();
    this.commit(changes);
    this.#files.removeDropped(dropped);
  }

  /** Starts from the last checkpoint: what came behind it is to be read again. */
  restart(isSameProcess: boolean): void {
    this.seen.crashes += 1;
    if (!isSameProcess) {
      this.#files.close();
      // A file that was begun and not finished.
      writeFileSync(join(this.#folder, "segment-1000.keys"), "begun");
      this.#runner = new DeferredSegments();
      this.#files = new SegmentFolder(this.#folder, this.#runner);
    }
    this.table = this.#tableOn(this.#files);
    this.table.restore(this.#saved);
    ({ sequence: this.#sequence, arrivalMs: this.#arrivalMs } = this.#committed);
  }

  /** Files in the folder, and those that the checkpoint names. */
  files(): { readonly found: string[]; readonly named: string[] } {
    const named = this.#saved
      .spaces(SEGMENT_SPACES)
      .flatMap((space) => this.#saved.rows(space).map(({ key }) => `segment-${key}.keys`));
    return { found: readdirSync(this.#folder).sort(), named: named.sort() };
  }

  close(): void {
    this.#files.close();
  }

  #tableOn(segments: KeySegments): KeyTable {
    return new KeyTable({ horizonMs: HORIZON_MS, segments, sealing: SEALING });
  }
}

it("agrees with a map across seals, merges, expiry, crashes and restarts, whenever files are finished", () => {
  const root = temporaryFolder();
  const seen = { sealed: 0, merged: 0, crashes: 0 };
  fc.assert(
    fc.property(pool, fc.array(step, { maxLength: 90, size: "max" }), (keys, steps) => {
      const folder = mkdtempSync(join(root, "partition-"));
      const partition = new Partition(folder, keys);
      const reference = new Partition(mkdtempSync(join(root, "unused-")), keys);
      const model = new KeyModel(HORIZON_MS);
      const history: { readonly expected: KeyVerdict[]; readonly events: Run }[] = [];
      const right: KeyVerdict[][] = [];
      const given: KeyVerdict[][] = [];
      const take = (events: Run, expected: KeyVerdict[]): void => {
        right.push(expected);
        given.push(partition.take(events));
      };
      let committed = 0;
      for (const each of steps) {
        if (each.kind === "run") {
          const expected = reference.take(each, model);
          history.push({ expected, events: each });
          take(each, expected);
        } else if (each.kind === "checkpoint") {
          if (each.finishesAll) partition.finishAll();
          partition.checkpoint();
          committed = history.length;
        } else if (each.kind === "finish") {
          partition.finish(each.job);
        } else {
          const changes = each.at === "processing" ? undefined : partition.collect();
          if (changes !== undefined && each.at === "committed") {
            partition.commit(changes);
            committed = history.length;
          }
          partition.restart(each.isSameProcess);
          for (const { events, expected } of history.slice(committed)) take(events, expected);
        }
      }
      expect(given).toEqual(right);
      expect(partition.table.size).toBe(model.size);
      for (const key of keys) {
        const words = Uint32Array.from(key);
        expect(partition.table.firstOf(words)).toEqual(model.firstOf(words));
      }
      // What no checkpoint names does not outlive the next start.
      partition.checkpoint();
      partition.restart(false);
      const { found, named } = partition.files();
      expect(found).toEqual(named);
      expect(partition.table.size).toBe(model.size);
      for (const name of ["sealed", "merged", "crashes"] as const) seen[name] += partition.seen[name];
      partition.close();
      reference.close();
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 80 },
  );
  // The property says something only where all of it happened.
  expect(seen.sealed).toBeGreaterThan(50);
  expect(seen.merged).toBeGreaterThan(30);
  expect(seen.crashes).toBeGreaterThan(50);
});

it("keeps a generation in few segments, and one that has ended in one", () => {
  const runner = new DeferredSegments();
  const files = new SegmentFolder(temporaryFolder(), runner);
  const table = new KeyTable({
    horizonMs: 4_000,
    segments: files,
    sealing: { sealRecords: 10, sealEndedRecords: 5 },
  });
  const saved = new SavedRows();
  const words = new Uint32Array(4);
  let number = 0;
  const add = (count: number, arrivalMs: number): void => {
    for (let added = 0; added < count; added += 1) {
      number += 1;
      words.set([number * 40_503, number, 0, 0]);
      expect(probeKey(table, words, 0, 1, 1, arrivalMs, number, 0)).toBe(KeyVerdict.new);
    }
    saved.checkpoint(table);
    while (runner.waiting > 0) runner.finish(0);
  };
  const segments = (): number[] => saved.spaces(SEGMENT_SPACES).map((space) => saved.rows(space).length);
  for (let round = 0; round < 100; round += 1) {
    add(10, 500);
    for (const count of segments()) expect(count).toBeLessThanOrEqual(5);
  }
  expect(table.sealedSize).toBeGreaterThan(900);
  add(1, 1_500);
  for (let round = 0; round < 4; round += 1) saved.checkpoint(table);
  while (runner.waiting > 0) runner.finish(0);
  saved.checkpoint(table);
  expect(segments()).toEqual([1]);
  expect(table.sealedSize).toBe(1_000);
  expect(table.size).toBe(1_001);
  // With the horizon the whole generation goes, and its file with the commit that says so.
  expect(probeKey(table, Uint32Array.of(1, 1, 1, 1), 0, 1, 1, 5_000, 5_000, 0)).toBe(KeyVerdict.new);
  saved.checkpoint(table);
  expect(segments()).toEqual([]);
  expect(table.sealedSize).toBe(0);
  files.close();
});

it("refuses sealed keys without their files, and ends where a segment could not be written", () => {
  const folder = temporaryFolder();
  const runner = new DeferredSegments();
  const files = new SegmentFolder(folder, runner);
  const table = new KeyTable({
    horizonMs: 4_000,
    segments: files,
    sealing: { sealRecords: 1, sealEndedRecords: 1 },
  });
  const saved = new SavedRows();
  probeKey(table, Uint32Array.of(1, 2, 3, 4), 0, 1, 1, 500, 1, 0);
  saved.checkpoint(table);
  runner.finish(0);
  saved.checkpoint(table);
  expect(table.sealedSize).toBe(1);
  expect(() => new KeyTable({ horizonMs: 4_000 }).restore(saved)).toThrow(
    expect.objectContaining({ code: "internal-fault" }),
  );
  probeKey(table, Uint32Array.of(5, 6, 7, 8), 0, 1, 1, 500, 2, 0);
  saved.checkpoint(table);
  rmSync(folder, { recursive: true });
  runner.finish(0);
  expect(() => {
    saved.checkpoint(table);
  }).toThrow(expect.objectContaining({ code: "state-commit-failed" }));
  files.close();
});
