import * as fc from "fast-check";
import { Packr, unpack } from "msgpackr";
import { describe, expect, test } from "vitest";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { pricePeriodCodec } from "../../../src/operators/rate/price-periods.ts";
import { Rater } from "../../../src/operators/rate/rate-operator.ts";
import type { SeriesInfo } from "../../../src/operators/rate/series-info.ts";
import { compiled } from "../billing/catalog-fixture.ts";
import { firing, Rows, seriesOf, START_MS } from "./rater-fixture.ts";
import { closePeriods, useCatalog } from "../../support/rater-work.ts";

const FAR_MS = Date.parse("2026-03-01T00:00:00Z");

/** The catalog with one price, of meter `requests` (scale 2, dimensions zone and method). */
function catalogWith(price: string, rest = ""): CompiledCatalog {
  return compiled({
    "plans/api.yaml": `key: api\nversion: 1\ncurrency: USD\n${rest}prices:\n  - {key: price, product: api, ${price}}\n`,
  });
}

/** A rater that goes through a checkpoint and a restart behind every firing. */
class RestartingRater {
  readonly #catalog: CompiledCatalog;
  readonly #rows = new Rows();

  constructor(catalog: CompiledCatalog) {
    this.#catalog = catalog;
  }

  run<Result>(work: (rater: Rater) => Result): Result {
    const rater = new Rater();
    rater.restore(this.#rows);
    useCatalog(rater, this.#catalog);
    const result = work(rater);
    this.#rows.commit(rater);
    return result;
  }

  /** Amount of a window's emission. */
  rate(...given: Parameters<typeof firing>): string | null {
    return this.run((rater) => rater.rate(firing(...given)).amount);
  }

  /** Amounts of the periods' closing. */
  close(series: SeriesInfo): (string | null)[] {
    return this.run((rater) =>
      closePeriods(rater, FAR_MS, [{ series, startMs: START_MS }]).map(({ amount }) => amount),
    );
  }
}

describe("matrix prices", () => {
  const catalog = catalogWith(
    "meter: requests, model: matrix, dimensions: [zone], default_unit_price: 0.1, cells: [{when: {zone: a}, unit_price: 1}, {when: {zone: b}, unit_price: 3}]",
  );
  const series = (id: number, zone: string, method = "GET"): SeriesInfo =>
    seriesOf(id, "requests", { zone, method }, catalog);

  test("charge each group by its cell, over a restart, and take corrections back from the same cell", () => {
    const rater = new RestartingRater(catalog);
    expect(rater.rate(series(0, "a"), 0, { value: 200n })).toBe("2.00");
    expect(rater.rate(series(1, "b"), 0, { value: 100n })).toBe("3.00");
    expect(rater.rate(series(2, "a", "PUT"), 1, { value: 50n })).toBe("0.50");
    expect(rater.rate(series(3, "z"), 1, { value: 1_000n })).toBe("1.00");
    const change = {
      kind: "refinement",
      value: 40n,
      emittedValue: 100n,
      revision: 2,
      emittedEvents: 1,
    } as const;
    expect(rater.rate(series(1, "b"), 0, change)).toBe("-1.80");
    expect(rater.close(series(0, "a"))).toEqual(["0.00"]);
  });
});

describe("capacity prices", () => {
  const catalog = compiled({
    "meters/peak.yaml":
      "key: peak\nevent_type: request\naggregation: max\nvalue_property: n\ngroup_by: {unit: unit}\n",
    "plans/api.yaml":
      "key: api\nversion: 1\ncurrency: USD\nprices:\n  - {key: price, product: api, meter: peak, model: capacity, dimension: unit, tiers: [{amount: 10, limits: {cores: 4, gb: 8}}, {amount: 25}]}\n",
  });

  test("charge the tier that any unit has reached at its peak", () => {
    const cores = seriesOf(0, "peak", { unit: "cores" }, catalog);
    const gigabytes = seriesOf(1, "peak", { unit: "gb" }, catalog);
    const rater = new RestartingRater(catalog);
    expect(rater.rate(cores, 0, { value: 4n, periodQuantity: 4n })).toBe("10.00");
    expect(rater.rate(gigabytes, 0, { value: 8n, periodQuantity: 8n })).toBe("0.00");
    expect(rater.rate(cores, 1, { value: 2n, periodQuantity: 4n })).toBe("0.00");
    expect(rater.rate(gigabytes, 1, { value: 9n, periodQuantity: 9n })).toBe("15.00");
  });
});

describe("prices by the window", () => {
  const catalog = catalogWith(
    "meter: requests, model: package, package_size: 10, package_price: 1, rate_per: window, maximum_amount: 5",
  );
  const series = seriesOf(0, "requests", { zone: "a", method: "GET" }, catalog);

  test("charge every window by itself, and the limits of the sum", () => {
    const rater = new RestartingRater(catalog);
    expect(rater.rate(series, 0, { value: 900n })).toBe("1.00");
    expect(rater.rate(series, 1, { value: 1_000n })).toBe("1.00");
    expect(rater.rate(series, 2, { value: 1_001n })).toBe("2.00");
    const late = { kind: "refinement", emittedValue: 900n, revision: 2, emittedEvents: 1 } as const;
    expect(rater.rate(series, 0, { ...late, value: 1_100n })).toBe("1.00");
    expect(rater.rate(series, 3, { value: 9_000n })).toBe("0.00");
    expect(rater.rate(series, 0, { ...late, value: 0n, emittedValue: 1_100n, revision: 3 })).toBe("0.00");
    expect(rater.close(series)).toEqual(["0.00"]);
  });

  test("come to the sum over the windows' last values, whatever came in between", () => {
    const volume = catalogWith(
      "meter: requests, model: volume, rate_per: window, zero_quantity: first_tier_flat, unit_conversion: {divide_by: 3}, tiers: [{up_to: 20, unit_price: 0.1, flat_fee: 0.01}, {unit_price: 0.05}]",
    );
    const info = seriesOf(0, "requests", { zone: "a", method: "GET" }, volume);
    const price = info.contract.priceOf("requests");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5), fc.bigInt({ min: 0n, max: 20_000n })), { maxLength: 20 }),
        (steps) => {
          const rater = new Rater();
          useCatalog(rater, volume);
          const last = new Map<number, { value: bigint; revision: number }>();
          let total = 0;
          for (const [hour, value] of steps) {
            const before = last.get(hour);
            const revision = (before?.revision ?? 0) + 1;
            const emitted = rater.rate(
              firing(info, hour, {
                value,
                emittedValue: before?.value ?? 0n,
                revision,
                events: 1,
                emittedEvents: 1,
              }),
            );
            total += Math.round(Number(emitted.amount) * 100);
            last.set(hour, { value, revision });
          }
          // The unit that windowCharge has cancels out: two windows of one unit each are compared in it.
          const charges = [...last.values()].map(({ value }) => price?.windowCharge(value, 100n) ?? "0");
          const windowCharges = charges
            .map(
              (charge) =>
                BigInt(charge.replace(".", "").padEnd(1, "0")) *
                10n ** BigInt(6 - (charge.split(".")[1]?.length ?? 0)),
            )
            .reduce((left, right) => left + right, 0n);
          const text = `${windowCharges / 1_000_000n}.${(windowCharges % 1_000_000n).toString().padStart(6, "0")}`;
          const expected = price?.chargeInMinorUnits(0n, 100n, 2, {
            events: 0,
            periodEnded: false,
            windowCharges: text,
          });
          expect(BigInt(total)).toBe(expected);
        },
      ),
      { numRuns: 50 },
    );
  });
});

test("a state without parts and windows is stored and read as it was before there were any", () => {
  const row = ["C1", "api@1/p", "requests", START_MS, "12", "3", 2, 1, false];
  const read = pricePeriodCodec.decode(new Packr({ useRecords: false }).pack(row));
  expect(read).toMatchObject({ quantity: 12n, billed: 3n, parts: new Map(), windowCharges: "0" });
  expect(unpack(pricePeriodCodec.encode(read))).toEqual(row);
  const full = { ...read, parts: new Map([["a", 7n]]), windowCharges: "1.5" };
  expect(pricePeriodCodec.decode(pricePeriodCodec.encode(full))).toEqual(full);
});

describe("what only the end of the period tells", () => {
  const group = { zone: "a", method: "GET" };

  test("a volume price is charged when the period closes, and corrected behind it", () => {
    const catalog = catalogWith(
      "meter: requests, model: volume, tiers: [{up_to: 15, unit_price: 10}, {unit_price: 5}]",
    );
    const series = seriesOf(0, "requests", group, catalog);
    const rater = new RestartingRater(catalog);
    expect(rater.rate(series, 0, { value: 1_000n })).toBe("0.00");
    expect(rater.rate(series, 1, { value: 500n })).toBe("0.00");
    expect(rater.close(series)).toEqual(["150.00"]);
    const late = {
      kind: "adjustment",
      value: 600n,
      emittedValue: 500n,
      revision: 2,
      emittedEvents: 1,
    } as const;
    expect(rater.rate(series, 1, late)).toBe("-70.00");
  });

  test("a minimum is charged when the period closes", () => {
    const catalog = catalogWith("meter: requests, model: per_unit, unit_price: 1, minimum_amount: 100");
    const series = seriesOf(0, "requests", group, catalog);
    const rater = new RestartingRater(catalog);
    expect(rater.rate(series, 0, { value: 4_000n })).toBe("40.00");
    expect(rater.close(series)).toEqual(["60.00"]);
    const late = {
      kind: "adjustment",
      value: 5_000n,
      emittedValue: 4_000n,
      revision: 2,
      emittedEvents: 1,
    } as const;
    expect(rater.rate(series, 0, late)).toBe("0.00");
  });

  test("fees per event follow the number of events", () => {
    const catalog = catalogWith("meter: requests, model: percentage, rate_percent: 1, fixed_fee: 0.25");
    const series = seriesOf(0, "requests", group, catalog);
    const rater = new RestartingRater(catalog);
    expect(rater.rate(series, 0, { value: 10_000n, events: 3 })).toBe("1.75");
    const late = {
      kind: "refinement",
      value: 20_000n,
      emittedValue: 10_000n,
      revision: 2,
      events: 4,
      emittedEvents: 3,
    } as const;
    expect(rater.rate(series, 0, late)).toBe("1.25");
  });

  test("ties go to the even cent where the plan says so", () => {
    const catalog = catalogWith(
      "meter: requests, model: per_unit, unit_price: 0.005",
      "rounding: half_even\n",
    );
    const series = seriesOf(0, "requests", group, catalog);
    const rater = new RestartingRater(catalog);
    expect(rater.rate(series, 0, { value: 100n })).toBe("0.00");
    expect(rater.rate(series, 1, { value: 200n })).toBe("0.02");
  });
});
