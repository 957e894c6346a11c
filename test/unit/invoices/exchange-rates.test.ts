import { fc } from "@fast-check/vitest";
import { describe, expect, it, test } from "vitest";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { successionFaults } from "../../../src/billing/catalog/succession.ts";
import { ExchangeRates } from "../../../src/billing/exchange/exchange-rates.ts";
import { functionalAmount, functionalShare } from "../../../src/billing/exchange/functional-amount.ts";
import { functionalSum, withFunctionalAmounts } from "../../../src/billing/ledger/functional-entry.ts";
import { journalEntry, LEDGER_ACCOUNTS } from "../../../src/billing/ledger/journal-entry.ts";
import { catalogOf } from "./billed-partition.ts";

const DAY_MS = 86_400_000;
const rate = (date: string, value: string, from = "USD", to = "EUR") => ({
  from,
  to,
  date,
  rate: value,
  source: "test",
});

describe("exchange rates", () => {
  const rates = new ExchangeRates(
    [rate("2026-01-30", "0.92"), rate("2026-01-05", "0.9"), rate("2026-01-09", "0.91")],
    7 * DAY_MS,
  );

  test.each([
    ["2026-01-04", undefined],
    ["2026-01-05", "0.9"],
    ["2026-01-08", "0.9"],
    ["2026-01-09", "0.91"],
    ["2026-01-16", "0.91"],
    // Eight days after the last one it is too old to be right.
    ["2026-01-17", undefined],
    ["2026-01-30", "0.92"],
  ])("of %s is the latest on or before it: %s", (date, expected) => {
    expect(rates.rateOn("USD", "EUR", date)?.rate).toBe(expected);
  });

  it("are not turned round", () => {
    expect(rates.rateOn("EUR", "USD", "2026-01-05")).toBeUndefined();
  });

  test.each([
    [100n, "USD", "EUR", "0.9235", 92n],
    [-100n, "USD", "EUR", "0.925", -93n],
    [100n, "USD", "EUR", "0.925", 93n],
    // 12.34 EUR at 161.375 are 1,991.3675 JPY, without digits behind the point.
    [1_234n, "EUR", "JPY", "161.375", 1_991n],
    [1_991n, "JPY", "EUR", "0.0062", 1_234n],
    // 10.00 EUR are 3.085 KWD, of 1,000 fils.
    [1_000n, "EUR", "KWD", "0.3085", 3_085n],
  ])("%s of %s in %s at %s are %s", (amount, from, to, value, expected) => {
    expect(functionalAmount(amount, { from, to, rate: value })).toBe(expected);
  });

  it("are checked as files are, and one a day", () => {
    const load = (...list: unknown[]) =>
      loadCatalog(new Map([["exchange_rates/all.json", JSON.stringify(list)]]));
    const faultsOf = (...list: unknown[]): string[] => {
      const loaded = load(...list);
      return loaded.ok
        ? []
        : loaded.faults.filter(({ file }) => file.startsWith("exchange")).map(({ message }) => message);
    };
    expect(faultsOf({ ...rate("2026-02-30", "0"), source: "" })).toEqual([
      "must be greater than 0",
      "must be a date, like 2026-01-31",
      "must not be empty",
    ]);
    expect(faultsOf(rate("2026-01-05", "1", "USD", "USD"))).toEqual(["must be another currency than from"]);
    expect(faultsOf(rate("2026-01-05", "0.9"), rate("2026-01-05", "0.91"))).toEqual([
      "USD-EUR-2026-01-05 is already defined in exchange_rates/all.json",
    ]);
  });

  it("can be added to a catalog, never changed or taken away; nor can a functional currency", () => {
    const catalog = (list: readonly unknown[], functional?: string) =>
      catalogOf({
        "exchange_rates/all.json": list,
        "legal_entities/all.json": [
          { key: "entity", name: "Entity", ...(functional && { functional_currency: functional }) },
        ],
      });
    const before = catalog([rate("2026-01-05", "0.9")], "EUR");
    const added = catalog([rate("2026-01-05", "0.90"), rate("2026-01-06", "0.91")], "EUR");
    expect(successionFaults(before, added)).toEqual([]);
    expect(successionFaults(added, before)).toEqual([
      "exchange rate USD-EUR-2026-01-06 is missing: entries may have used it",
    ]);
    expect(successionFaults(before, catalog([rate("2026-01-05", "0.92")], "EUR"))).toEqual([
      "exchange rate USD-EUR-2026-01-05 has changed: add one of a later date",
    ]);
    expect(successionFaults(before, catalog([rate("2026-01-05", "0.9")], "USD"))).toEqual([
      "legal entity entity: functional_currency can't change, its books are kept in it",
    ]);
  });
});

const amount = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const anyRate = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 9n }), fc.integer({ min: 0, max: 9 }))
  .map(([digits, places]) => {
    const text = digits.toString().padStart(places + 1, "0");
    return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
  });
const pair = fc.constantFrom(["USD", "EUR"], ["EUR", "JPY"], ["JPY", "KWD"], ["KWD", "USD"]);

describe("entries in the functional currency", () => {
  it("balance in both currencies; each posting is rounded once; a reversal is its negative", () => {
    const anyAmounts = fc.array(amount, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(anyAmounts, anyRate, pair, (amounts, value, [from = "", to = ""]) => {
        const rest = -amounts.reduce((sum, each) => sum + each, 0n);
        const head = { kind: "accrual", date: "2026-01-31", memo: "m", legalEntity: "e" } as const;
        const postings = [...amounts, rest].map((each, index) => ({
          account: LEDGER_ACCOUNTS[index % 5] ?? "revenue",
          amount: each,
          product: `p${index % 3}`,
        }));
        const of = (sign: bigint) =>
          journalEntry(
            { ...head, currency: from, contract: "c", document: undefined },
            postings.map((posting) => ({ ...posting, amount: sign * posting.amount })),
          );
        const applied = { from, to, rate: value, date: "2026-01-30" };
        const [entry, reversal] = [of(1n), of(-1n)];
        if (entry === undefined || reversal === undefined) return;
        const converted = withFunctionalAmounts(entry, applied);
        const back = withFunctionalAmounts(reversal, applied);
        expect(functionalSum(converted.postings)).toBe(0n);
        expect(converted.postings.reduce((sum, posting) => sum + posting.amount, 0n)).toBe(0n);
        for (const [index, posting] of converted.postings.entries()) {
          expect(back.postings[index]?.functional).toBe(-(posting.functional ?? 0n));
          const isRounding = posting.account === "currency-rounding";
          expect(isRounding || posting.functional === functionalAmount(posting.amount, applied)).toBe(true);
        }
        // Half a unit a posting is the most that rounding can leave.
        const rounding = converted.postings.find(({ account }) => account === "currency-rounding");
        const left = rounding?.functional ?? 0n;
        expect(2n * (left < 0n ? -left : left)).toBeLessThanOrEqual(BigInt(entry.postings.length));
      }),
    );
  });

  it("are released by the days that have passed, and wholly in the end", () => {
    const anyDays = fc.array(fc.integer({ min: 0, max: 31 }), { maxLength: 8 });
    fc.assert(
      fc.property(amount, amount, anyDays, (functional, whole, days) => {
        let released = 0n;
        for (const day of [...days].sort((a, b) => a - b)) {
          const part = (whole * BigInt(day)) / 31n;
          const share = functionalShare(functional, part, whole);
          const size = (value: bigint): bigint => (value < 0n ? -value : value);
          expect(size(share)).toBeGreaterThanOrEqual(size(released));
          expect(size(share)).toBeLessThanOrEqual(size(functional));
          released = share;
        }
        expect(functionalShare(functional, whole, whole)).toBe(whole === 0n ? 0n : functional);
      }),
    );
  });
});
