import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { partitionOf } from "../../../src/model/partition.ts";
import {
  EventPlan,
  LATE_REACH_MS,
  MAX_EVENT_VALUE,
  planBlocks,
  type LoadShape,
  type PlannedBlock,
} from "../../../src/load/event-plan.ts";
import { expectedTotals, totalsHash, type CellTotal } from "../../../src/load/expected-totals.ts";
import { accountName } from "../../../src/load/names.ts";
import { drawStart } from "../../../src/load/random.ts";
import { ZipfRanks } from "../../../src/load/zipf.ts";

const HOUR_MS = 3_600_000;
const SHAPE: LoadShape = {
  seed: 7,
  events: 60_000,
  accounts: 500,
  meters: 3,
  regions: ["eu", "us"],
  skew: 1.1,
  duplicateRatio: 0.05,
  disorderMs: 60_000,
  lateRatio: 0.02,
  startMs: Date.UTC(2026, 0, 31, 22, 30),
  spanMs: 6 * HOUR_MS,
};

/** Columns of a plan, one list a name. */
function columns(blocks: Iterable<PlannedBlock>): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  for (const { count, ...block } of blocks)
    for (const [name, values] of Object.entries(block)) {
      expect(values).toHaveLength(count);
      (all[name] ??= []).push(...values);
    }
  return all;
}

const plan = columns(planBlocks(SHAPE, 1_000));
const share = (flags: readonly boolean[]): number => flags.filter(Boolean).length / flags.length;

describe("planBlocks", () => {
  test("gives the same events for the same shape, whatever the size of blocks", () => {
    expect(columns(planBlocks(SHAPE, 777))).toEqual(plan);
    expect(columns(planBlocks({ ...SHAPE, seed: 8 }, 1_000))).not.toEqual(plan);
    const block = new EventPlan(SHAPE).block(12_345, 5);
    expect([...block.timeMs]).toEqual(plan["timeMs"]?.slice(12_345, 12_350));
    expect([...block.id]).toEqual(plan["id"]?.slice(12_345, 12_350));
  });

  test("keeps the values that every generator of this version must give", () => {
    const { id, account, meter, region, timeMs, value, isDuplicate } = new EventPlan(SHAPE).block(1_000, 4);
    expect([id, account, meter, region, timeMs, value, isDuplicate].map((column) => [...column])).toEqual([
      [1000, 1001, 1002, 1003],
      [174, 37, 1, 4],
      [2, 2, 1, 2],
      [0, 1, 0, 1],
      [1769898906060, 1769898956948, 1769898953784, 1769898927191],
      [592, 203, 608, 928],
      [0, 0, 0, 0],
    ]);
  });

  test("repeats earlier events whole, as often as asked", () => {
    const ids = plan["id"] ?? [];
    const firsts = new Set<number>();
    const duplicates = ids.map((id, place) => {
      const isDuplicate = firsts.has(id);
      firsts.add(id);
      if (plan["isDuplicate"]?.[place] !== (isDuplicate ? 1 : 0)) throw new Error(`${place} says otherwise`);
      if (isDuplicate !== (id !== place)) throw new Error(`${place} repeats ${id}`);
      for (const name of ["account", "meter", "region", "timeMs", "value"])
        if (plan[name]?.[place] !== plan[name]?.[id]) throw new Error(`${name} of ${place} differs`);
      return isDuplicate;
    });
    expect(share(duplicates)).toBeCloseTo(SHAPE.duplicateRatio, 2);
    const distances = ids.flatMap((id, place) => (id === place ? [] : [place - id]));
    expect(distances.some((distance) => distance === 1)).toBe(true);
    expect(distances.some((distance) => distance > 10_000)).toBe(true);
  });

  test("keeps times of most events within the disorder bound, and of late ones behind it", () => {
    const { startMs, spanMs, disorderMs } = SHAPE;
    const late: boolean[] = [];
    const outside: unknown[] = [];
    plan["id"]?.forEach((number, place) => {
      const timeMs = plan["timeMs"]?.[place] ?? 0;
      const front = startMs + Math.floor((number / SHAPE.events) * spanMs);
      const isInside = timeMs >= startMs && timeMs < startMs + spanMs;
      const isInReach = timeMs <= front && front - timeMs <= disorderMs + LATE_REACH_MS;
      if (!isInside || !isInReach) outside.push({ number, timeMs, front });
      // Near its start a load can't be late.
      if (front - startMs > disorderMs + LATE_REACH_MS) late.push(front - timeMs > disorderMs);
    });
    expect(outside).toEqual([]);
    expect(share(late)).toBeCloseTo(SHAPE.lateRatio, 2);
  });

  test.each([
    { lateRatio: 0, most: SHAPE.disorderMs, least: 0 },
    { lateRatio: 1, most: SHAPE.disorderMs + LATE_REACH_MS, least: SHAPE.disorderMs + 1 },
  ])("delays events by $least to $most ms at a late ratio of $lateRatio", ({ lateRatio, most, least }) => {
    // Behind the start by more than any delay, so that none is cut off.
    const { id, timeMs } = new EventPlan({ ...SHAPE, lateRatio }).block(30_000, 30_000);
    const delays = Array.from(
      id,
      (number, row) =>
        SHAPE.startMs + Math.floor((number / SHAPE.events) * SHAPE.spanMs) - (timeMs[row] ?? 0),
    ).filter((_, row) => (id[row] ?? 0) >= 30_000);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...delays)).toBeLessThanOrEqual(most);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan((most - least) * 0.99);
  });

  test("takes accounts by Zipf's law, meters, regions and values evenly", () => {
    const counts = new Float64Array(SHAPE.accounts);
    for (const account of plan["account"] ?? []) counts[account] = (counts[account] ?? 0) + 1;
    const weights = Array.from({ length: SHAPE.accounts }, (_, rank) => (rank + 1) ** -SHAPE.skew);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const rank of [0, 1, 2, 9, 49])
      expect(counts[rank]! / SHAPE.events).toBeCloseTo((weights[rank] ?? 0) / total, 2);
    expect(counts.every((count) => count > 0)).toBe(true);
    for (const [name, kinds] of [
      ["meter", SHAPE.meters],
      ["region", SHAPE.regions.length],
    ] as const)
      for (let kind = 0; kind < kinds; kind++)
        expect(share((plan[name] ?? []).map((drawn) => drawn === kind))).toBeCloseTo(1 / kinds, 1);
    const values = plan["value"] ?? [];
    expect(Math.min(...values.slice(0, 50_000))).toBe(1);
    expect(Math.max(...values.slice(0, 50_000))).toBe(MAX_EVENT_VALUE);
  });

  test.each([
    { regions: [] },
    { regions: ["a", "a"] },
    { regions: ["a.b"] },
    { accounts: 0 },
    { skew: -1 },
    { duplicateRatio: 1.5 },
    { lateRatio: Number.NaN },
    { startMs: 0.5 },
    { spanMs: 0 },
    { seed: -1 },
  ])("refuses %o", (fault) => {
    expect(() => [...planBlocks({ ...SHAPE, ...fault }, 10)]).toThrow(/must be|can't stand|named/);
  });
});

test("numbers beyond 32 bits start at places of their own", () => {
  expect(drawStart(1, 2 ** 32)).not.toBe(drawStart(1, 0));
  expect(drawStart(1, 2 ** 33)).not.toBe(drawStart(1, 2 ** 32));
});

test("alias tables hold exactly the shares of Zipf's law", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 4, noNaN: true }),
      (ranks, skew) => {
        const zipf = new ZipfRanks(ranks, skew);
        const weights = Array.from({ length: ranks }, (_, rank) => (rank + 1) ** -skew);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const found = new Float64Array(ranks);
        const steps = 2_048;
        for (let column = 0; column < ranks; column++)
          for (let step = 0; step < steps; step++) {
            const rank = zipf.rank(Math.ceil((column / ranks) * 2 ** 32), (step + 0.5) * (2 ** 32 / steps));
            found[rank] = found[rank]! + 1 / (ranks * steps);
          }
        weights.forEach((weight, rank) => {
          expect(Math.abs(found[rank]! - weight / total)).toBeLessThan(1 / steps);
        });
      },
    ),
  );
});

const shapes = fc.record({
  seed: fc.nat(),
  events: fc.integer({ min: 0, max: 3_000 }),
  accounts: fc.integer({ min: 1, max: 200 }),
  meters: fc.integer({ min: 1, max: 5 }),
  regions: fc.constantFrom(["eu"], ["eu", "us", "ap"]),
  skew: fc.constantFrom(0, 0.8, 1.5),
  duplicateRatio: fc.constantFrom(0, 0.1, 0.7, 1),
  disorderMs: fc.constantFrom(0, 300_000),
  lateRatio: fc.constantFrom(0, 0.2, 1),
  startMs: fc.integer({ min: 0, max: 2_000_000_000_000 }),
  spanMs: fc.constantFrom(1, 1_000, 30 * HOUR_MS),
});

test("expected totals are those of a plain count", () => {
  fc.assert(
    fc.property(
      shapes,
      fc.integer({ min: 1, max: 16 }),
      fc.nat(3_000),
      (shape, partitionCount, stopAfter) => {
        const seen = new Set<number>();
        const cells = new Map<string, CellTotal>();
        const partitions = Array.from({ length: partitionCount }, () => ({
          read: 0,
          accepted: 0,
          duplicate: 0,
        }));
        let left = stopAfter;
        for (const block of planBlocks(shape, 100))
          for (let row = 0; row < block.count && left > 0; row++, left--) {
            const account = block.account[row]!;
            const counts = partitions[partitionOf(accountName(account), partitionCount)]!;
            counts.read++;
            if (seen.has(block.id[row]!)) {
              counts.duplicate++;
              continue;
            }
            seen.add(block.id[row]!);
            counts.accepted++;
            const startMs = block.timeMs[row]! - (block.timeMs[row]! % HOUR_MS);
            const meter = block.meter[row]!;
            const key = `${account} ${meter} ${startMs}`;
            const sum = (cells.get(key)?.sum ?? 0) + block.value[row]!;
            cells.set(key, { account, meter, startMs, sum });
          }
        const sorted = [...cells.values()].sort(
          (a, b) => a.account - b.account || a.meter - b.meter || a.startMs - b.startMs,
        );
        const totals = expectedTotals(shape, { partitionCount, events: stopAfter });
        expect(totals.partitions).toEqual(partitions);
        expect([...totals.cells()]).toEqual(sorted);
        expect(totals.cellCount).toBe(sorted.length);
        expect(totals.hash).toBe(totalsHash(sorted));
        expect(totals.sum).toBe(sorted.reduce((sum, cell) => sum + BigInt(cell.sum), 0n));
        expect(totals.counts.read).toBe(Math.min(shape.events, stopAfter));
      },
    ),
  );
});

describe("totalsHash", () => {
  const cell = { account: 1, meter: 0, startMs: HOUR_MS, sum: 5 };

  test("is of the documented bytes", () => {
    expect(totalsHash([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(totalsHash([cell])).not.toBe(totalsHash([{ ...cell, sum: 6 }]));
  });

  test("refuses what is out of order, repeats or is no integer", () => {
    expect(() => totalsHash([cell, cell])).toThrow(/order/);
    expect(() => totalsHash([cell, { ...cell, account: 0 }])).toThrow(/order/);
    expect(() => totalsHash([cell, { ...cell, startMs: 0 }])).toThrow(/order/);
    expect(() => totalsHash([{ ...cell, sum: 0.5 }])).toThrow(/integers/);
  });
});
