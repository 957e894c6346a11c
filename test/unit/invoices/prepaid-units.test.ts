import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { type BilledResult, BilledRun } from "../../support/billed-run.ts";

type Fields = Readonly<Record<string, unknown>>;

const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);

/** 0.10 each up to 50, 0.04 above. */
const TIERS = { model: "graduated", tiers: [{ up_to: "50", unit_price: "0.10" }, { unit_price: "0.04" }] };

function catalogOf(credits: readonly Fields[], contract: Fields = {}): CompiledCatalog {
  const files: Fields = {
    "settings.yaml": { regions: ["eu"], grace: "2d", max_age: "200d", dedupe_horizon: "202d" },
    "meters/all.json": {
      key: "calls",
      event_type: "usage",
      aggregation: "sum",
      value_property: "n",
      scale: 1,
    },
    "products/all.json": { key: "api", name: "API" },
    "customers/all.json": { id: "customer", name: "Customer", country: "DE" },
    "tax_rates/all.json": { key: "vat", name: "VAT", country: "DE", percent: "10", from: "2020-01-01" },
    "plans/all.json": {
      key: "plan",
      version: 1,
      currency: "EUR",
      prices: [{ key: "calls", product: "api", meter: "calls", ...TIERS }],
    },
    "contracts/all.json": {
      id: "C",
      customer: "customer",
      account: "acme",
      plan: { key: "plan", version: 1 },
      time_zone: "UTC",
      start: "2026-01-01",
      end: "2026-04-01",
      credits: credits.map((grant) => ({
        effective: "2026-01-01",
        unit: "quantity",
        meters: ["calls"],
        ...grant,
      })),
      ...contract,
    },
  };
  const loaded = loadCatalog(
    new Map(Object.entries(files).map(([file, content]) => [file, JSON.stringify(content)])),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

async function use(run: BilledRun, units: string, date: string, arrival = date): Promise<void> {
  await run.use({ account: "acme", timeMs: at(date), arrivalMs: at(arrival), data: `{"n":${units}}` });
}

function linesOf({ invoices }: BilledResult) {
  return invoices.map(({ status, lines, tax, total }) => [
    status,
    ...lines.map(({ description, quantity, amount }) => `${description}: ${quantity} ${amount}`),
    `tax ${tax}, total ${total}`,
  ]);
}

describe("prepaid units", () => {
  it("pay for usage before it is taxed, until none are left; what is left over is charged as so much usage", async () => {
    const run = new BilledRun(catalogOf([{ id: "pack", amount: "100" }]));
    await use(run, "60", "2026-01-10");
    await run.until(at("2026-01-20"));
    // A draft tries it and uses nothing: it says the same when asked again.
    const draft = ["draft", "API: 60 5.40", "API, paid with prepaid units: 60 -5.40", "tax 0.00, total 0.00"];
    expect(linesOf(await run.result())).toEqual([draft]);
    expect(linesOf(await run.result())).toEqual([draft]);
    await use(run, "95", "2026-02-10");
    await run.until(at("2026-06-01"));
    // 95 cost 6.80, 55 of them 5.20.
    expect(linesOf(await run.result())).toEqual([
      ["final", ...draft.slice(1)],
      ["final", "API: 95 6.80", "API, paid with prepaid units: 40 -1.60", "tax 0.52, total 5.72"],
    ]);
    run.close();
  });

  it("come back when usage becomes less than what they paid for, money first", async () => {
    const run = new BilledRun(catalogOf([{ id: "pack", amount: "40" }]));
    await use(run, "50", "2026-01-10");
    await run.until(at("2026-02-10"));
    await use(run, "-30", "2026-01-11", "2026-02-11");
    await use(run, "25", "2026-02-12");
    await run.until(at("2026-06-01"));
    // Of 50 units 40 were prepaid; of 20 all: 10 in money and 20 units come back, which February uses.
    expect(linesOf(await run.result())).toEqual([
      ["final", "API: 50 5.00", "API, paid with prepaid units: 40 -4.00", "tax 0.10, total 1.10"],
      [
        "final",
        "API: 25 2.50",
        "API, correction: -30 -3.00",
        "API, paid with prepaid units, correction: -20 2.00",
        "tax 0.15, total 1.65",
      ],
    ]);
    run.close();
  });

  it("expire, and pay for late usage by what is there when it comes", async () => {
    const run = new BilledRun(
      catalogOf([
        { id: "first", amount: "10", expires: "2026-02-15", priority: 1 },
        { id: "second", amount: "5", effective: "2026-03-01" },
      ]),
    );
    await use(run, "4", "2026-01-10");
    await use(run, "3", "2026-02-20");
    await use(run, "1", "2026-03-20");
    await use(run, "2", "2026-01-11", "2026-03-25");
    await run.until(at("2026-06-01"));
    expect(linesOf(await run.result())).toEqual([
      ["final", "API: 4 0.40", "API, paid with prepaid units: 4 -0.40", "tax 0.00, total 0.00"],
      // The first grant's other six are gone, the second is not there yet.
      ["final", "API: 3 0.30", "tax 0.03, total 0.33"],
      [
        "final",
        "API: 1 0.10",
        "API, paid with prepaid units: 1 -0.10",
        "API, correction: 2 0.20",
        "API, paid with prepaid units, correction: 2 -0.20",
        "tax 0.00, total 0.00",
      ],
    ]);
    run.close();
  });

  it("of a contract that is ended earlier come back with the usage that it does not cover any more", async () => {
    const run = new BilledRun(catalogOf([{ id: "pack", amount: "10" }]));
    await use(run, "6", "2026-01-10");
    await use(run, "14", "2026-02-10");
    await run.until(at("2026-03-10"));
    await run.take(catalogOf([{ id: "pack", amount: "10" }], { end: "2026-02-01" }));
    await run.until(at("2026-06-01"));
    // The four units of February are back: they pay for usage that comes late.
    await use(run, "3", "2026-01-12", "2026-06-02");
    await run.until(at("2026-08-01"));
    expect(linesOf(await run.result()).slice(1)).toEqual([
      ["final", "API: 14 1.40", "API, paid with prepaid units: 4 -0.40", "tax 0.10, total 1.10"],
      [
        "final",
        "API, correction: -14 -1.40",
        "API, paid with prepaid units, correction: -4 0.40",
        "tax -0.10, total -1.10",
      ],
      [
        "final",
        "API, correction: 3 0.30",
        "API, paid with prepaid units, correction: 3 -0.30",
        "tax 0.00, total 0.00",
      ],
    ]);
    run.close();
  });

  it("add up whatever comes when: units of a price never exceed its usage, nor all units what was granted", async () => {
    const event = fc.record({
      month: fc.integer({ min: 1, max: 3 }),
      delayDays: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 80 })),
      tenths: fc.integer({ min: -300, max: 900 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 1500 }),
        async (list, granted) => {
          const catalog = catalogOf([{ id: "pack", amount: `${granted / 10}` }]);
          const run = new BilledRun(catalog);
          const DAY_MS = 86_400_000;
          const arrivals = list
            .map((each) => ({ ...each, timeMs: at(`2026-0${each.month}-15`) }))
            .map((each) => ({ ...each, arrivalMs: each.timeMs + each.delayDays * DAY_MS }))
            .sort((a, b) => a.arrivalMs - b.arrivalMs);
          for (const { timeMs, arrivalMs, tenths } of arrivals)
            await run.use({ account: "acme", timeMs, arrivalMs, data: `{"n":${tenths / 10}}` });
          await run.until(at("2026-09-01"));
          const { invoices } = await run.result();
          run.close();
          const price = catalog.contract("C")?.usagePrices[0];
          if (price === undefined) throw new Error("no price");
          let all = 0n;
          for (let month = 1; month <= 3; month++) {
            const lines = invoices
              .flatMap((invoice) => invoice.lines)
              .filter(({ periodStart }) => periodStart.startsWith(`2026-0${month}`));
            const sumOf = (kind: string): bigint =>
              lines.reduce(
                (sum, line) =>
                  line.kind === kind ? sum + BigInt(Math.round(Number(line.quantity) * 10)) : sum,
                0n,
              );
            const quantity = BigInt(
              list.reduce((sum, each) => (each.month === month ? sum + each.tenths : sum), 0),
            );
            const paid = sumOf("prepaid");
            const amount = lines.reduce((sum, line) => sum + minorUnitsOfText(line.amount), 0n);
            expect(sumOf("usage")).toBe(quantity);
            expect(paid >= 0n && paid <= (quantity > 0n ? quantity : 0n)).toBe(true);
            expect(amount).toBe(price.chargeInMinorUnits(quantity - paid, 10n, 2));
            all += paid;
          }
          expect(all <= BigInt(granted)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
