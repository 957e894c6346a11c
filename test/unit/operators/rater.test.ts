import { describe, expect, test } from "vitest";
import type { RatedAggregate } from "../../../src/model/outputs.ts";
import { Rater } from "../../../src/operators/rate/rate-operator.ts";
import { catalog, firing, HOUR_MS, newRater, seriesOf, START_MS } from "./rater-fixture.ts";
import { closePeriods } from "../../support/rater-work.ts";

describe("rating of windows", () => {
  test("the first window of a period, to the field", () => {
    const series = seriesOf(0, "requests", { method: "GET", zone: "a" });
    expect(newRater().rate(firing(series, 0, { value: 1_050n, events: 3 }))).toEqual({
      kind: "window",
      account: "acme.com",
      meter: "requests",
      group: { method: "GET", zone: "a" },
      start: "2026-01-10T00:00:00.000Z",
      end: "2026-01-10T01:00:00.000Z",
      value: "10.5",
      events: 3,
      revision: 1,
      contract: "C1",
      periodStart: "2025-12-31T23:00:00.000Z",
      periodEnd: "2026-01-31T23:00:00.000Z",
      price: "api@1/requests",
      catalogVersion: catalog.version,
      currency: "USD",
      amount: "17.25",
      amountToDate: "17.25",
      quantityToDate: "10.5",
    } satisfies RatedAggregate);
  });

  test("all groups of a price share its tiers; a correction charges the difference, down too", () => {
    const rater = newRater();
    const get = seriesOf(0, "requests", { method: "GET" });
    const put = seriesOf(1, "requests", { method: "PUT" });
    const seen = [
      rater.rate(firing(get, 0, { value: 600n })),
      rater.rate(firing(put, 0, { value: 600n })),
      rater.rate(
        firing(get, 0, {
          value: 100n,
          emittedValue: 600n,
          events: 2,
          emittedEvents: 1,
          kind: "refinement",
          revision: 2,
        }),
      ),
    ].map(({ kind, value, amount, amountToDate, quantityToDate }) => [
      kind,
      value,
      amount,
      amountToDate,
      quantityToDate,
    ]);
    expect(seen).toEqual([
      ["window", "6", "11.00", "11.00", "6"],
      ["window", "6", "7.00", "18.00", "12"],
      ["refinement", "1", "-6.00", "12.00", "7"],
    ]);
  });

  test("a meter without a price is reported without amounts", () => {
    const rater = newRater();
    const logins = seriesOf(3, "logins");
    expect(rater.rate(firing(logins, 0, { value: 7n }))).toMatchObject({
      price: null,
      amount: null,
      amountToDate: null,
      quantityToDate: "7",
      currency: "USD",
    });
    expect(
      closePeriods(rater, logins.contract.periodAt(START_MS).endMs, [{ series: logins, startMs: START_MS }]),
    ).toMatchObject([{ kind: "period", price: null, amount: null, quantityToDate: "7", value: "7" }]);
  });

  test("level-hours are priced from the exact integer", () => {
    // 1/3 level-hour at 0.015 is half a cent: rounded away from zero; its text alone would not show it.
    const rated = newRater().rate(firing(seriesOf(0, "storage"), 0, { value: 12_000_000n }));
    expect(rated).toMatchObject({
      value: "0.333333333333",
      quantityToDate: "0.333333333333",
      amount: "0.01",
    });
  });

  test("windows that don't add up count by their fold over the period, summed over the series", () => {
    const rater = newRater();
    const a = seriesOf(0, "peak");
    const b = seriesOf(1, "peak");
    const seen = [
      rater.rate(firing(a, 0, { value: 10n, periodQuantity: 10n })),
      rater.rate(firing(b, 0, { value: 4n, periodQuantity: 4n })),
      rater.rate(firing(a, 1, { value: 3n, periodQuantity: 10n })),
      rater.rate(
        firing(a, 0, { value: 2n, emittedValue: 10n, periodQuantity: 3n, kind: "refinement", revision: 2 }),
      ),
    ].map(({ quantityToDate, amount }) => [quantityToDate, amount]);
    expect(seen).toEqual([
      ["10", "3.33"],
      ["14", "1.33"],
      ["14", "0.00"],
      ["7", "-2.33"],
    ]);
  });

  test("a new billing period starts from zero", () => {
    const rater = newRater();
    const series = seriesOf(0, "requests");
    rater.rate(firing(series, 0, { value: 1_000n }));
    const hour = (Date.parse("2026-01-31T23:00:00Z") - START_MS) / HOUR_MS;
    expect(rater.rate(firing(series, hour, { value: 100n }))).toMatchObject({
      periodStart: "2026-01-31T23:00:00.000Z",
      amountToDate: "6.00",
      quantityToDate: "1",
    });
  });

  test("needs to know the catalog in use", () => {
    expect(() => new Rater().rate(firing(seriesOf(0, "requests"), 0, { value: 1n }))).toThrow("catalog");
  });
});

describe("closing of periods", () => {
  const requests = seriesOf(0, "requests");
  const peak = seriesOf(1, "peak");
  const endMs = requests.contract.periodAt(START_MS).endMs;
  const touched = [
    { series: requests, startMs: START_MS },
    { series: peak, startMs: START_MS },
    { series: requests, startMs: START_MS + HOUR_MS },
  ];

  test("each price period is emitted once, in the order of its id, with the figures of the whole", () => {
    const rater = newRater();
    rater.rate(firing(requests, 0, { value: 600n, events: 2 }));
    rater.rate(firing(requests, 1, { value: 600n, events: 3 }));
    rater.rate(firing(peak, 0, { value: 3n, periodQuantity: 3n }));
    const closed = closePeriods(rater, endMs + HOUR_MS, touched);
    expect(closed.map(({ price }) => price)).toEqual(["api@1/peak", "api@1/requests"]);
    expect(closed[1]).toEqual({
      kind: "period",
      account: "acme.com",
      meter: "requests",
      group: {},
      start: "2025-12-31T23:00:00.000Z",
      end: "2026-01-31T23:00:00.000Z",
      value: "12",
      events: 5,
      revision: 1,
      contract: "C1",
      periodStart: "2025-12-31T23:00:00.000Z",
      periodEnd: "2026-01-31T23:00:00.000Z",
      price: "api@1/requests",
      catalogVersion: catalog.version,
      currency: "USD",
      amount: "0.00",
      amountToDate: "18.00",
      quantityToDate: "12",
    } satisfies RatedAggregate);
    expect(closePeriods(rater, endMs + HOUR_MS, touched.toReversed())).toEqual([]);
  });

  test("late usage after it is rated against what was billed, in the period of the usage", () => {
    const rater = newRater();
    rater.rate(firing(requests, 0, { value: 1_200n }));
    closePeriods(rater, endMs, touched);
    const retracted = firing(requests, 0, {
      value: 200n,
      emittedValue: 1_200n,
      kind: "adjustment",
      revision: 2,
      events: 0,
      emittedEvents: 1,
    });
    expect(rater.rate(retracted)).toMatchObject({
      kind: "adjustment",
      periodStart: "2025-12-31T23:00:00.000Z",
      amount: "-11.00",
      amountToDate: "7.00",
    });
    expect(closePeriods(rater, endMs + HOUR_MS, touched)).toEqual([]);
  });

  test("a period that only adjustments have made is closed from the start; one without usage says nothing", () => {
    const rater = newRater();
    expect(closePeriods(rater, endMs, touched)).toEqual([]);
    rater.rate(firing(requests, 0, { value: 100n, kind: "adjustment" }));
    expect(closePeriods(rater, endMs, touched)).toEqual([]);
  });

  test("never before its end: a period that a newer catalog lets end later stays open until then", () => {
    const rater = newRater();
    rater.rate(firing(requests, 0, { value: 100n }));
    expect(closePeriods(rater, endMs - 1, touched)).toEqual([]);
    expect(closePeriods(rater, endMs, touched)).toMatchObject([{ kind: "period", amountToDate: "6.00" }]);
  });
});
