import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newPricePeriod, Place } from "../../../src/operators/rate/charge-place.ts";
import { KeyedRows } from "../../../src/operators/rate/keyed-rows.ts";
import { LastPricePeriods } from "../../../src/operators/rate/last-price-periods.ts";
import { noContract } from "../../../src/operators/rate/no-contract.ts";
import { pricePeriodCodec } from "../../../src/operators/rate/price-periods.ts";
import { catalog, seriesOf } from "./rater-fixture.ts";

const [meter] = catalog.meters.keys();
const known = seriesOf(0, meter ?? "");
const price = known.contract.usagePrices[0];

/** A place of a contract, price and period by number; price 0 is none, then the meter decides. */
function placeOf(
  id: number,
  contract: number,
  priceNumber: number,
  meterNumber: number,
  period: number,
): Place {
  const standIn = noContract(known.account, period * 1_000, (period + 1) * 1_000);
  return new Place(
    {
      ...known,
      id,
      meter: { ...known.meter, key: `meter-${meterNumber}` },
      contract: {
        ...standIn,
        id: `contract-${contract}`,
        priceOf: () =>
          priceNumber === 0 || price === undefined
            ? undefined
            : Object.create(price, { id: { value: `price-${priceNumber}` } }),
      },
    },
    period * 1_000,
  );
}

const few = fc.nat(1);
const step = fc.record({
  // Beyond the capacity that the table begins with as well.
  series: fc.constantFrom(0, 1, 5_000),
  contract: few,
  price: few,
  meter: few,
  period: few,
  action: fc.constantFrom("open", "close", "look", "collect"),
});

test("a price period is the one with the place's key, whatever the series' last one was", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const rows = new KeyedRows("price-periods", pricePeriodCodec, ({ closed }) => closed);
      const last = new LastPricePeriods(rows);
      for (const { series, contract, price: priceNumber, meter: meterNumber, period, action } of steps) {
        const place = placeOf(series, contract, priceNumber, meterNumber, period);
        const number = last.numberOf(place);
        expect(number).toBe(rows.numberOf(place.key));
        if (action === "collect") rows.collectChanges([]);
        else if (action === "close" && number !== undefined) rows.change(number).closed = true;
        else if (action === "open" && number === undefined) rows.add(newPricePeriod(place, false));
      }
    }),
    { numRuns: 300 },
  );
});
