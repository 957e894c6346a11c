import { describe, expect, test } from "vitest";
import { compileGrant, creditGrantSchema } from "../../../src/billing/credits/grant-schema.ts";

const BASE = { id: "G-1", amount: "100.50", effective: "2026-01-01" };
const CONTEXT = {
  timeZone: "Europe/Berlin",
  scale: 2,
  instantMs: (text: string): number | undefined =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : undefined,
};

function compiled(fields: Readonly<Record<string, unknown>>) {
  return compileGrant(creditGrantSchema.parse({ ...BASE, ...fields }), CONTEXT);
}

describe("grants of the catalog", () => {
  test("have defaults", () => {
    expect(compiled({})).toEqual({
      id: "G-1",
      amount: 10_050n,
      openingAmount: undefined,
      priority: undefined,
      createdMs: Date.UTC(2026, 0, 1),
      effectiveMs: Date.UTC(2026, 0, 1),
      expiresMs: undefined,
      products: [],
      meters: [],
      recurrence: undefined,
      rollover: undefined,
    });
  });

  test("are ready for the ledger", () => {
    const terms = compiled({
      priority: "3",
      created: "2025-12-24",
      expires: "2027-01-01",
      products: ["api"],
      meters: ["requests"],
      recurrence: { unit: "month" },
      rollover: { at: "expiry", minimum: "0.5", maximum: "20", extension: "30d" },
    });
    expect(terms).toMatchObject({
      priority: 3,
      createdMs: Date.UTC(2025, 11, 24),
      expiresMs: Date.UTC(2027, 0, 1),
      products: ["api"],
      meters: ["requests"],
      recurrence: { unit: "month", count: 1, anchorMs: Date.UTC(2026, 0, 1), timeZone: "Europe/Berlin" },
      rollover: { at: "expiry", minimum: 50n, maximum: 2_000n, extensionMs: 30 * 86_400_000 },
    });
    const recurrence = { unit: "week", count: "2", anchor: "2026-01-05" };
    expect(compiled({ recurrence }).recurrence).toMatchObject({ count: 2, anchorMs: Date.UTC(2026, 0, 5) });
  });

  test.each([
    [{ amount: "0.005" }, "more than 2 decimal places"],
    [{ effective: "soon" }, '"soon" is not a time'],
    [{ expires: "2026-01-01" }, "expires before it is effective"],
  ])("%o: %s", (fields, message) => {
    expect(() => compiled(fields)).toThrow(message);
  });

  test.each([
    [{ unit: "quantity" }, "meters: must name exactly one meter for a quantity"],
    [{ rollover: { at: "recurrence", maximum: "1" } }, "rollover: at recurrence needs a recurrence"],
    [{ rollover: { at: "expiry", maximum: "1", extension: "1d" } }, "rollover: at expiry needs expires"],
    [
      { expires: "2027-01-01", rollover: { at: "expiry", maximum: "1" } },
      "rollover.extension: is required at expiry",
    ],
    [
      { rollover: { at: "period_end", maximum: "1", extension: "1d" } },
      "rollover.extension: is for rollover at expiry only",
    ],
    [
      { rollover: { at: "period_end", maximum: "1", minimum: "1.5" } },
      "rollover.maximum: must be at least the minimum, 1.5",
    ],
    [
      { rollover: { at: "period_end", maximum: "1,5" } },
      "rollover.maximum: must be a decimal in plain notation, like 12 or 0.0015 (at most 30 digits before and behind the point)",
    ],
    [{ priority: "256" }, "priority: must be at most 255"],
    [{ amount: "-1" }, "amount: must not be negative"],
  ])("%o: %s", (fields, fault) => {
    const { error } = creditGrantSchema.safeParse({ ...BASE, ...fields });
    const faults = error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
    expect(faults).toEqual([fault]);
  });
});
