import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { windowCommitmentsOf, windowedExtra } from "../../../src/billing/invoices/window-charges.ts";
import { applyWindowedCommitments } from "../../../src/billing/commitments/windowed-commitment.ts";
import { rounded } from "../../../src/billing/ratio.ts";
import { BilledRun } from "../../support/billed-run.ts";

const HOUR_MS = 3_600_000;
const at = (time: string): number => Date.parse(time);

type Fields = Readonly<Record<string, unknown>>;

/** A contract of one day in Berlin (23 hours: clocks change) whose capacity is committed hour by hour. */
function catalogOf(price: Fields, commitments: readonly Fields[], contract: Fields = {}): CompiledCatalog {
  const files: Fields = {
    "settings.yaml": { regions: ["eu"], grace: "2d" },
    "meters/all.json": {
      key: "capacity",
      event_type: "usage",
      aggregation: "max",
      value_property: "level",
      group_by: { zone: "zone" },
      scale: 1,
    },
    "products/all.json": { key: "api", name: "API" },
    "customers/all.json": { id: "customer", name: "Customer" },
    "plans/all.json": {
      key: "plan",
      version: 1,
      currency: "EUR",
      prices: [
        {
          key: "capacity",
          product: "api",
          meter: "capacity",
          model: "per_unit",
          rate_per: "window",
          ...price,
        },
      ],
      commitments: commitments.map((commitment) => ({
        per: "window",
        prices: ["capacity"],
        ...commitment,
      })),
    },
    "contracts/all.json": {
      id: "C",
      customer: "customer",
      account: "acme",
      plan: { key: "plan", version: 1 },
      time_zone: "Europe/Berlin",
      start: "2026-03-29",
      end: "2026-03-30",
      ...contract,
    },
  };
  const loaded = loadCatalog(
    new Map(Object.entries(files).map(([file, content]) => [file, JSON.stringify(content)])),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

const OFFICE = {
  key: "office",
  amount: "5",
  overage_factor: "2",
  true_up: false,
  hours: { from: 9, to: 12 },
};
const REST = { key: "rest", amount: "1.005", overage_factor: "1.5" };

async function linesOf(run: BilledRun): Promise<(readonly string[])[]> {
  const { invoices } = await run.result();
  return invoices.map(({ lines }) =>
    lines.map(({ kind, description, amount }) => `${kind}: ${description} ${amount}`),
  );
}

async function use(run: BilledRun, time: string, level: string, zone = "a", arrival = time): Promise<void> {
  const data = `{"level":${level},"zone":"${zone}"}`;
  await run.use({ account: "acme", timeMs: at(time), arrivalMs: at(arrival), data });
}

describe("commitments per window on invoices", () => {
  it("charge overage and what is missing window by window, also where there was no usage", async () => {
    const run = new BilledRun(catalogOf({ unit_price: "1" }, [OFFICE, REST]));
    // 09:00 in Berlin: two groups of one window count together: 7 + 1.
    await use(run, "2026-03-29T07:10:00Z", "7");
    await use(run, "2026-03-29T07:40:00Z", "1", "b");
    // 10:00: below, without a true-up. 18:00: 0.5 of 1.005.
    await use(run, "2026-03-29T08:00:00Z", "2");
    await use(run, "2026-03-29T16:00:00Z", "0.5");
    await run.until(at("2026-04-10T00:00:00Z"));
    // 10.5 at the normal rate; 3 × 1 more; the day has 23 hours, 20 of them outside of the office's: 20 × 1.005 − 0.5.
    expect(await linesOf(run)).toEqual([
      [
        "usage: API 10.50",
        "overage: API, usage beyond the commitment 3.00",
        "true-up: Commitment office, rest, remainder 19.60",
      ],
    ]);
    run.close();
  });

  it("correct what late usage changes, by lines that name the document", async () => {
    const run = new BilledRun(catalogOf({ unit_price: "1" }, [REST]));
    await use(run, "2026-03-29T07:10:00Z", "0.5");
    await run.until(at("2026-04-02T00:00:00Z"));
    await use(run, "2026-03-29T07:20:00Z", "2", "a", "2026-04-03T00:00:00Z");
    await run.until(at("2026-06-10T00:00:00Z"));
    // 23 × 1.005 = 23.115; then 22 × 1.005 + 1.005 + 0.995 × 1.5 = 24.6075.
    expect(await linesOf(run)).toEqual([
      ["usage: API 0.50", "true-up: Commitment rest, remainder 22.62"],
      [
        "usage: API, correction 1.50",
        "overage: API, usage beyond the commitment, correction 0.50",
        "true-up: Commitment rest, remainder, correction -0.51",
      ],
    ]);
    const { invoices } = await run.result();
    expect(invoices[1]?.lines.map(({ adjusts }) => adjusts)).toEqual(Array(3).fill(invoices[0]?.number));
    run.close();
  });

  it("take discounts and limits of the price after them", async () => {
    const discounts = [{ type: "percent", percent: "10" }];
    const run = new BilledRun(catalogOf({ unit_price: "1", discounts, maximum_amount: "15" }, [REST]));
    await use(run, "2026-03-29T07:10:00Z", "3");
    await run.until(at("2026-04-10T00:00:00Z"));
    // 90 % of 3; of 1.005 + 1.995 × 1.5 = 3.9975; with 22 × 1.005 more 26.1075, of which 90 % are above 15.
    expect(await linesOf(run)).toEqual([
      [
        "usage: API 2.70",
        "overage: API, usage beyond the commitment 0.90",
        "true-up: Commitment rest, remainder 11.40",
      ],
    ]);
    run.close();
  });

  it("add up to the rounded sum of all windows, whatever was used in which", () => {
    const level = fc.integer({ min: -500, max: 5000 });
    const usage = fc.array(fc.tuple(fc.integer({ min: 0, max: 22 }), level), { maxLength: 12 });
    const price = {
      model: "graduated",
      tiers: [{ up_to: "9", unit_price: "0.111" }, { unit_price: "0.05" }],
    };
    const catalog = catalogOf(price, [{ ...OFFICE, amount: undefined, quantity: "7" }, REST]);
    const contract = catalog.contract("C");
    const compiled = contract?.usagePrices[0];
    if (contract === undefined || compiled === undefined) throw new Error("no price");
    const period = contract.periodAt(contract.startMs);
    const commitments = windowCommitmentsOf(contract, compiled);
    const divisor = 10n;
    fc.assert(
      fc.property(usage, (list) => {
        const values = new Map(list.map(([hour, value]) => [period.startMs + hour * HOUR_MS, BigInt(value)]));
        const amounts = new Map(
          [...values].map(([ms, value]) => [ms, compiled.windowCharge(value, divisor)]),
        );
        const amountOf = (charge: string) => compiled.windowMinorUnits(charge, divisor, 2);
        const all = Array.from({ length: 23 }, (_, hour) => {
          const startMs = period.startMs + hour * HOUR_MS;
          return { startMs, amount: amountOf(amounts.get(startMs) ?? "0") };
        });
        const { total } = applyWindowedCommitments(commitments, contract.timeZone, all);
        const normal = [...amounts.values()].map(amountOf);
        const charged = normal.reduce(
          (sum, { numerator, denominator }) => {
            expect(sum.denominator % denominator).toBe(0n);
            return { ...sum, numerator: sum.numerator + (numerator * sum.denominator) / denominator };
          },
          { numerator: 0n, denominator: 10n ** 12n },
        );
        const usageCharge = rounded(charged);
        const windows = { windowMs: HOUR_MS, amounts, divisor };
        const extra = windowedExtra(contract, compiled, commitments, period, windows, usageCharge);
        expect(usageCharge + extra.overage + extra.trueUp).toBe(total);
      }),
    );
  });
});
