import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RatedAggregate } from "../../../src/model/outputs.ts";
import type { Rater } from "../../../src/operators/rate/rate-operator.ts";
import type { SeriesInfo } from "../../../src/operators/rate/series-info.ts";
import { firing, HOUR_MS, newRater, Rows, seriesOf, START_MS } from "./rater-fixture.ts";
import { closePeriods } from "../../support/rater-work.ts";

/** One thing that happens to a rater. */
type Step =
  | { readonly kind: "set"; readonly series: number; readonly hour: number; readonly value: bigint }
  | { readonly kind: "close"; readonly month: number }
  | { readonly kind: "checkpoint" };

const SERIES = [
  seriesOf(0, "requests", { method: "GET" }),
  seriesOf(1, "requests", { method: "PUT" }),
  seriesOf(2, "peak"),
  seriesOf(3, "storage"),
  seriesOf(4, "logins"),
];

/** Plays steps as the window stage would; a checkpoint may be followed by a restart from what it stored. */
function play(steps: readonly Step[], restart: boolean): { out: RatedAggregate[]; rater: Rater } {
  const rows = new Rows();
  let rater = newRater(rows);
  const out: RatedAggregate[] = [];
  const windows = new Map<string, { series: SeriesInfo; startMs: number; value: bigint; revision: number }>();
  const closedMonths = new Set<number>();
  for (const step of steps) {
    if (step.kind === "checkpoint") {
      rows.commit(rater);
      if (restart) rater = newRater(rows);
    } else if (step.kind === "close") {
      const touched = [...windows.values()].filter(({ startMs }) => monthOf(startMs) === step.month);
      closedMonths.add(step.month);
      out.push(...closePeriods(rater, Date.parse("2026-12-31T23:00:00Z"), touched));
    } else {
      const series = SERIES[step.series];
      if (series === undefined) throw new Error("no such series");
      const startMs = START_MS + step.hour * HOUR_MS;
      const key = `${step.series}/${step.hour}`;
      const before = windows.get(key);
      const revision = (before?.revision ?? 0) + 1;
      windows.set(key, { series, startMs, value: step.value, revision });
      const inPeriod = [...windows.values()].filter(
        (window) => window.series === series && monthOf(window.startMs) === monthOf(startMs),
      );
      const peak = inPeriod.reduce((most, { value }) => (value > most ? value : most), 0n);
      const fresh = before === undefined ? "window" : "refinement";
      out.push(
        rater.rate(
          firing(series, step.hour, {
            kind: closedMonths.has(monthOf(startMs)) ? "adjustment" : fresh,
            value: step.value,
            emittedValue: before?.value ?? 0n,
            events: revision,
            emittedEvents: revision - 1,
            revision,
            periodQuantity: series.meter.aggregation === "max" ? peak : undefined,
          }),
        ),
      );
    }
  }
  return { out, rater };
}

function monthOf(startMs: number): number {
  return SERIES[0]?.contract.periodAt(startMs).startMs ?? 0;
}

/** Hours 0–9 of three billing periods. */
const hourArbitrary = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 2 }))
  .map(([hour, month]) => hour + month * 31 * 24);
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      series: fc.integer({ min: 0, max: SERIES.length - 1 }),
      hour: hourArbitrary,
      value: fc.bigInt({ min: 0n, max: 50_000_000n }),
    }),
  },
  {
    weight: 1,
    arbitrary: hourArbitrary.map((hour) => ({
      kind: "close" as const,
      month: monthOf(START_MS + hour * HOUR_MS),
    })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "checkpoint" as const }) },
);

describe("properties", () => {
  test("restored at any checkpoint it goes on as if nothing had happened", () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 60, size: "max" }), (steps) => {
        expect(play(steps, true).out).toEqual(play(steps, false).out);
      }),
    );
  });

  test("amounts add up to the charge of the whole, whatever the order, the corrections and the closes", () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 60, size: "max" }), (steps) => {
        const { out } = play(steps, false);
        const sums = new Map<string, bigint>();
        const last = new Map<string, RatedAggregate>();
        for (const aggregate of out) {
          if (aggregate.price === null || aggregate.amount === null) continue;
          const key = `${aggregate.price} ${aggregate.periodStart}`;
          sums.set(key, (sums.get(key) ?? 0n) + BigInt(aggregate.amount.replace(".", "")));
          last.set(key, aggregate);
        }
        const whole = new Map<string, bigint>();
        const final = new Map<string, { series: SeriesInfo; startMs: number; value: bigint }>();
        for (const step of steps) {
          const series = step.kind === "set" ? SERIES[step.series] : undefined;
          if (step.kind !== "set" || series === undefined) continue;
          final.set(`${step.series}/${step.hour}`, {
            series,
            startMs: START_MS + step.hour * HOUR_MS,
            value: step.value,
          });
        }
        for (const { series, startMs, value } of final.values()) {
          const price = series.contract.priceOf(series.meter.key);
          if (price === undefined) continue;
          const { startMs: periodStartMs } = series.contract.periodAt(startMs);
          const key = `${price.id} ${new Date(periodStartMs).toISOString()}`;
          const before = whole.get(key) ?? 0n;
          whole.set(
            key,
            series.meter.aggregation !== "max" ? before + value : value > before ? value : before,
          );
        }
        for (const [key, quantity] of whole) {
          const series = SERIES.find(({ contract, meter }) =>
            key.startsWith(`${contract.priceOf(meter.key)?.id} `),
          );
          const price = series?.contract.priceOf(series.meter.key);
          const divisor =
            series?.meter.aggregation === "time_weighted"
              ? 36_000_000n
              : 10n ** BigInt(series?.meter.scale ?? 0);
          expect(sums.get(key)).toBe(price?.chargeInMinorUnits(quantity, divisor, 2));
          expect(BigInt(last.get(key)?.amountToDate?.replace(".", "") ?? 0)).toBe(sums.get(key));
        }
      }),
    );
  });

  test("a checkpoint hands over only what changed", () => {
    const rows = new Rows();
    const rater = newRater(rows);
    rater.rate(firing(seriesOf(0, "requests"), 0, { value: 1n }));
    rater.rate(firing(seriesOf(1, "peak"), 0, { value: 1n, periodQuantity: 1n }));
    expect(rows.commit(rater)).toBe(3);
    expect(rows.commit(rater)).toBe(0);
    rater.rate(firing(seriesOf(0, "requests"), 1, { value: 1n }));
    expect(rows.commit(rater)).toBe(1);
    expect(rows.spaces("")).toEqual(["price-periods", "series-periods"]);
    expect([...rows.rows("price-periods")].map(({ key }) => key)).toEqual([0, 1]);
  });
});
