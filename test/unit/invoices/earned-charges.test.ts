import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { ACCOUNT, catalogOf, type CatalogParts } from "../../oracle/pricing/priced-plan.ts";
import { type BilledResult, BilledRun } from "../../support/billed-run.ts";

const DAY_MS = 86_400_000;
const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);
/** The second quarter of 2025: one billing period of three accounting months. */
const QUARTER = { start: "2025-04-01", end: "2025-07-01", billing_months: 3, billing_anchor_month: 1 };
const PER_UNIT = { model: "per_unit", unit_price: "0.1" };

/** A contract of the quarter, with usage by day. */
async function run(
  parts: Pick<CatalogParts, "prices" | "settings"> & {
    readonly contract?: Readonly<Record<string, unknown>>;
  },
  usage: readonly (readonly [units: number, date: string])[],
): Promise<BilledResult> {
  const billed = new BilledRun(catalogOf({ ...parts, contract: { ...QUARTER, ...parts.contract } }));
  for (const [units, date] of usage)
    await billed.use({ account: ACCOUNT, timeMs: at(date), data: `{"value":${units}}` });
  await billed.until(at("2025-08-10"));
  const result = await billed.result();
  billed.close();
  return result;
}

/** What was accrued by the end of each month, minor units; what was taken back is the same on the next day. */
function accruals({ journal }: BilledResult): Record<string, bigint> {
  const found: Record<string, bigint> = {};
  let open = 0n;
  for (const { date, memo, lines } of journal)
    for (const { account, debit, credit } of lines) {
      if (account !== "unbilled-receivable") continue;
      open += minorUnitsOfText(debit) - minorUnitsOfText(credit);
      const isAccrual = memo === "Unbilled revenue";
      if (isAccrual) found[date] = minorUnitsOfText(debit) - minorUnitsOfText(credit);
      expect([date, isAccrual || open === 0n]).toEqual([date, true]);
    }
  return found;
}

const totalOf = ({ invoices }: BilledResult): bigint =>
  invoices.reduce((sum, { total }) => sum + minorUnitsOfText(total), 0n);

describe("what is earned by the end of a month within a billing period", () => {
  it("has no usage that was paid in advance: units lapse into the accrual when they are used up", async () => {
    const credits = [
      { id: "pack", amount: "1000", unit: "quantity", meters: ["units"], effective: "2025-04-01" },
    ];
    const result = await run({ prices: [PER_UNIT], contract: { credits } }, [
      [600, "2025-04-10"],
      [700, "2025-05-10"],
      [50, "2025-06-10"],
    ]);
    // 600 of 1000 in April; 300 more than there are units by May, 350 by June.
    expect(accruals(result)).toEqual({ "2025-05-31": 30_00n, "2025-06-30": 35_00n });
    expect(totalOf(result)).toBe(35_00n);
  });

  it("values what is left to pay by its tiers, as the invoice will", async () => {
    const credits = [
      { id: "pack", amount: "100", unit: "quantity", meters: ["units"], effective: "2025-04-01" },
    ];
    const tiers = [{ up_to: "100", unit_price: "1" }, { unit_price: "0.5" }];
    const result = await run({ prices: [{ model: "graduated", tiers }], contract: { credits } }, [
      [150, "2025-04-10"],
      [50, "2025-05-10"],
    ]);
    // The last units are those that were prepaid: 50 are left in April, 100 from May on.
    expect(accruals(result)).toEqual({
      "2025-04-30": 50_00n,
      "2025-05-31": 100_00n,
      "2025-06-30": 100_00n,
    });
    expect(totalOf(result)).toBe(100_00n);
  });

  it("has what lies beyond a commitment at its rate, and what is missing to it at the end alone", async () => {
    const commitments = [{ key: "all", amount: "100", overage_factor: "1.5" }];
    const beyond = await run({ prices: [PER_UNIT], contract: { commitments } }, [
      [800, "2025-04-10"],
      [400, "2025-05-10"],
    ]);
    // 80.00; then 120.00, of which 20.00 lie beyond and cost 10.00 more.
    expect(accruals(beyond)).toEqual({
      "2025-04-30": 80_00n,
      "2025-05-31": 130_00n,
      "2025-06-30": 130_00n,
    });
    const short = await run({ prices: [PER_UNIT], contract: { commitments } }, [
      [300, "2025-04-10"],
      [400, "2025-05-10"],
    ]);
    expect(accruals(short)).toEqual({
      "2025-04-30": 30_00n,
      "2025-05-31": 70_00n,
      "2025-06-30": 100_00n,
    });
    expect([totalOf(beyond), totalOf(short)]).toEqual([130_00n, 100_00n]);
  });

  it("lets the fees of the whole period use a commitment up first, but has their days' share", async () => {
    const commitments = [{ key: "all", amount: "100", overage_factor: "2" }];
    const result = await run(
      { prices: [PER_UNIT, { key: "seat", model: "flat", amount: "91" }], contract: { commitments } },
      [[200, "2025-04-10"]],
    );
    // 30 of 91 days; 9.00 of the commitment are left for usage of 20.00: 11.00 cost twice as much.
    expect(accruals(result)).toEqual({
      "2025-04-30": 30_00n + 31_00n,
      "2025-05-31": 61_00n + 31_00n,
      "2025-06-30": 91_00n + 31_00n,
    });
    expect(totalOf(result)).toBe(122_00n);
  });

  it("has what is missing in windows that are over, each of which is committed by itself", async () => {
    const commitments = [
      { key: "hourly", amount: "0.01", per: "window", prices: ["price"], overage_factor: "2" },
    ];
    const result = await run(
      { prices: [{ ...PER_UNIT, key: "price", rate_per: "window" }], contract: { commitments } },
      [[1, "2025-04-10"]],
    );
    // One window has 0.10, of which 0.09 cost twice as much; all others are charged 0.01.
    const after = (hours: number): bigint => BigInt(hours - 1) + 19n;
    expect(accruals(result)).toEqual({
      "2025-04-30": after(30 * 24),
      "2025-05-31": after(61 * 24),
      "2025-06-30": after(91 * 24),
    });
    expect(totalOf(result)).toBe(after(91 * 24));
  });

  it("has no usage of the next month, though that has begun when the month is accounted for", async () => {
    const commitments = [{ key: "all", amount: "50", overage_factor: "2" }];
    const credits = [
      { id: "pack", amount: "100", unit: "quantity", meters: ["units"], effective: "2025-04-01" },
    ];
    const result = await run({ prices: [PER_UNIT], contract: { commitments, credits } }, [
      [700, "2025-04-10"],
      [900, "2025-05-01"],
      [900, "2025-05-02"],
    ]);
    // 600 are left to pay: 60.00, of which 10.00 cost twice as much.
    expect(accruals(result)["2025-04-30"]).toBe(70_00n);
  });

  it("never goes beyond what is invoiced in the end, and is taken back whole", async () => {
    const usage = fc.array(fc.tuple(fc.nat({ max: 900 }), fc.nat({ max: 90 })), {
      minLength: 1,
      maxLength: 12,
    });
    const contractFields = fc.record({
      commitments: fc.option(
        fc.record({ amount: fc.nat({ max: 200 }), overage_factor: fc.constantFrom("0.5", "1", "1.5") }),
        { nil: undefined },
      ),
      units: fc.nat({ max: 2_000 }),
      fee: fc.nat({ max: 100 }),
      tiered: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(usage, contractFields, async (used, { commitments, units, fee, tiered }) => {
        const tiers = [{ up_to: "500", unit_price: "0.2" }, { unit_price: "0.1" }];
        const prices = [
          tiered ? { model: "graduated", tiers } : PER_UNIT,
          { key: "seat", model: "flat", amount: String(fee) },
        ];
        const grant = { id: "pack", unit: "quantity", meters: ["units"], effective: "2025-04-01" };
        const contract = {
          ...(commitments === undefined
            ? {}
            : { commitments: [{ key: "all", ...commitments, amount: String(commitments.amount) }] }),
          ...(units === 0 ? {} : { credits: [{ ...grant, amount: String(units) }] }),
        };
        const days = used
          .toSorted(([, a], [, b]) => a - b)
          .map(([count, day]): [number, string] => [
            count,
            new Date(at(QUARTER.start) + day * DAY_MS).toISOString().slice(0, 10),
          ]);
        const result = await run({ prices, contract }, days);
        const byMonth = Object.entries(accruals(result)).sort(([a], [b]) => (a < b ? -1 : 1));
        const amounts = byMonth.map(([, amount]) => amount);
        expect(amounts).toEqual(amounts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
        expect(amounts.at(-1) ?? 0n).toBe(totalOf(result));
      }),
      { numRuns: Number(process.env["BILLING_PROPERTY_RUNS"] ?? 20) },
    );
  });
});
