import * as fc from "fast-check";
import { expect, it } from "vitest";
import { ArrivalAges } from "../../../src/ops/arrival-ages.ts";
import { message } from "./checkpoint-fixture.ts";

const NOW_MS = 1_800_000_000_000;

it("spreads exactly the committed events, over ages that are right to the precision", () => {
  const messages = fc.array(
    fc.record({
      ageMs: fc.integer({ min: -1_000, max: 200_000_000 }),
      isBatch: fc.boolean(),
      bytes: fc.integer({ min: 0, max: 5_000 }),
    }),
    { minLength: 1, maxLength: 200 },
  );
  fc.assert(
    fc.property(messages, fc.integer({ min: 0, max: 100_000 }), (chosen, events) => {
      const ages = new ArrivalAges();
      const run = chosen.map(({ ageMs, isBatch, bytes }) =>
        message(NOW_MS - ageMs, {
          contentType: isBatch ? "application/cloudevents-batch+json" : "application/cloudevents+json",
          data: new Uint8Array(bytes),
        }),
      );
      ages.add(run, NOW_MS);
      let total = 0;
      ages.take(events, NOW_MS, (ageMs, count) => {
        expect(Number.isInteger(count) && count > 0).toBe(true);
        expect(ageMs).toBeGreaterThanOrEqual(0);
        const isNear = chosen.some(
          (sent) => ageMs >= sent.ageMs && ageMs <= Math.max(0, sent.ageMs) + 3_600_000,
        );
        expect(isNear).toBe(true);
        total += count;
      });
      expect(total).toBe(events);
    }),
    { numRuns: 200 },
  );
});

it("counts one event for a message of one event, whatever its size", () => {
  const ages = new ArrivalAges();
  ages.add([message(NOW_MS - 50, { data: new Uint8Array(100_000) }), message(NOW_MS - 500)], NOW_MS);
  const found: [number, number][] = [];
  ages.take(2, NOW_MS, (ageMs, events) => found.push([ageMs, events]));
  expect(found).toEqual([
    [50, 1],
    [500, 1],
  ]);
});

it("forgets what it has given", () => {
  const ages = new ArrivalAges();
  ages.add([message(NOW_MS - 50)], NOW_MS);
  ages.take(1, NOW_MS, () => undefined);
  const found: number[] = [];
  ages.take(5, NOW_MS, (ageMs) => found.push(ageMs));
  expect(found).toEqual([]);
});
