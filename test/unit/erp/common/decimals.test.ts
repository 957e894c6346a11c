import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  compareDecimals,
  differenceOfDecimals,
  isZeroDecimal,
  magnitudeOfDecimal,
  negatedDecimal,
  sumOfDecimals,
} from "../../../../src/sinks/erp/common/decimals.ts";
import { singleLineText, truncatedText } from "../../../../src/sinks/erp/common/text.ts";

describe("decimals", () => {
  it("are added digit by digit", () => {
    expect(sumOfDecimals([])).toBe("0");
    expect(sumOfDecimals(["0.1", "0.2"])).toBe("0.3");
    expect(sumOfDecimals(["9007199254740993.01", "-0.01"])).toBe("9007199254740993");
    expect(sumOfDecimals(["1e2", "0.50", "-100.5"])).toBe("0");
    expect(differenceOfDecimals("1", "1.005")).toBe("-0.005");
    expect([negatedDecimal("0"), negatedDecimal("-1.50"), magnitudeOfDecimal("-2.0")]).toEqual([
      "0",
      "1.5",
      "2",
    ]);
    expect([compareDecimals("1.0", "1"), compareDecimals("-1", "1"), isZeroDecimal("-0.00")]).toEqual([
      0,
      -1,
      true,
    ]);
  });

  it("are refused where they are none", () => {
    expect(() => sumOfDecimals(["1,5"])).toThrow(expect.objectContaining({ kind: "validation" }));
  });
});

it("texts are cut to a length and at no character's middle", () => {
  // A half of a character at the end that was none before.
  const half = /[\ud800-\udbff]$/;
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme-composite" }),
      fc.integer({ min: 0, max: 20 }),
      (text, length) => {
        const cut = truncatedText(text, length);
        expect(cut.length).toBeLessThanOrEqual(length);
        expect(cut.length).toBeGreaterThanOrEqual(Math.min(text.length, length) - 1);
        expect(text.startsWith(cut)).toBe(true);
        expect(half.test(text) || !half.test(cut)).toBe(true);
        expect(singleLineText(text, length)).not.toMatch(/[\n\r\t\u2028]/);
      },
    ),
  );
});
