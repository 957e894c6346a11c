import { expect, it } from "vitest";
import { TimeTexts } from "../../../src/operators/rate/time-texts.ts";

it("gives each time its text, also when more times are asked for than are kept", () => {
  const texts = new TimeTexts();
  const times = Array.from({ length: 1_000 }, (_, i) => Date.UTC(2026, 0, 1) + i * 3_600_000 + (i % 7));
  for (let round = 0; round < 2; round++)
    for (const timeMs of times) {
      expect(texts.of(timeMs)).toBe(new Date(timeMs).toISOString());
      expect(texts.of(times[0]!)).toBe("2026-01-01T00:00:00.000Z");
    }
  expect(() => texts.of(Number.NaN)).toThrow(RangeError);
});
