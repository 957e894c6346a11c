import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { functionalAmount } from "../../../src/billing/exchange/functional-amount.ts";
import { plainTextLedger } from "../../../src/billing/ledger/plain-text.ts";
import { storedEntries } from "../../../src/operators/invoice/billing-book.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { HOUR_MS } from "../../support/engine-fixture.ts";
import {
  billingCatalog,
  BILLING_ACCOUNTS,
  BILLING_FILES,
  billingLogs,
  replay,
  type TimedCorrection,
  type TimedEvent,
} from "./billing-fixture.ts";
import { weightsOf } from "./plain-text-weights.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
/** Until all contracts have ended and all that may come late has been billed. */
const END_MS = Date.parse("2026-08-01T00:00:00Z");
const DAY_MS = 24 * HOUR_MS;
const DAYS = 195;
const RUNS = Number(process.env["BILLING_PROPERTY_RUNS"] ?? 14);
/** Each run bills three months three times; machines that do much else take their time. */
const TIMEOUT_MS = Math.max(120_000, RUNS * 3_000);

const event = fc.record<TimedEvent>({
  account: fc.constantFrom(...BILLING_ACCOUNTS),
  atHours: fc.integer({ min: 0, max: 88 * 24 }),
  lagHours: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 34 * 24 }) },
  ),
  thousandths: fc.integer({ min: -60_000, max: 400_000 }),
});
const events = fc.array(event, { minLength: 3, maxLength: 40 });
const corrections = fc.array(
  fc.record<TimedCorrection>({
    atHours: fc.integer({ min: 31 * 24, max: 110 * 24 }),
    action: fc.constantFrom("credit", "credit-lines", "void", "reissue"),
    which: fc.nat({ max: 1000 }),
  }),
  { maxLength: 5 },
);
const dice = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 400, maxLength: 400 });
/** Rates in millionths, a week each; 0: none, so that some days have one that is too old. */
const weeks = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 400_000, max: 2_500_000 }) },
    { weight: 1, arbitrary: fc.constant(0) },
  ),
  { minLength: Math.ceil(DAYS / 7), maxLength: Math.ceil(DAYS / 7) },
);

function catalogWith(functional: string, rates: readonly number[]) {
  const all = rates.flatMap((millionths, week) =>
    millionths === 0
      ? []
      : [
          {
            from: "EUR",
            to: functional,
            rate: (millionths / 1e6).toFixed(6),
            date: new Date(START_MS - DAY_MS + week * 7 * DAY_MS).toISOString().slice(0, 10),
            source: "test",
          },
        ],
  );
  return billingCatalog({
    ...BILLING_FILES,
    "exchange_rates/all.json": all,
    "legal_entities/all.json": { key: "books", name: "Books", functional_currency: functional },
  });
}

describe("billing in a functional currency", () => {
  it(
    "balances in both currencies, holds what has no rate, and gives the same state, byte for byte",
    async () => {
      let held = 0;
      await fc.assert(
        fc.asyncProperty(
          events,
          corrections,
          dice,
          weeks,
          fc.constantFrom("USD", "JPY", "KWD"),
          async (list, decided, numbers, rates, functional) => {
            const catalog = catalogWith(functional, rates);
            const { steps } = await billingLogs(list, START_MS, END_MS, { catalog, corrections: decided });
            const whole = await replay(steps, catalog, undefined);
            const cut = await replay(steps, catalog, numbers);
            expect(dumpState(cut.store)).toBe(dumpState(whole.store));
            const entries = [...storedEntries(whole.store)];
            const deferred = { amount: 0n, functional: 0n };
            for (const entry of entries) {
              const { functional: converted, currency, postings } = entry;
              expect(converted?.currency).toBe(functional);
              expect(postings.reduce((sum, { amount }) => sum + amount, 0n)).toBe(0n);
              expect(postings.reduce((sum, posting) => sum + (posting.functional ?? 0n), 0n)).toBe(0n);
              const wrong = postings.filter(
                ({ account, amount, functional: found }) =>
                  converted?.rate !== undefined &&
                  account !== "currency-rounding" &&
                  found !==
                    functionalAmount(amount, { from: currency, to: functional, rate: converted.rate }),
              );
              expect(wrong).toEqual([]);
              for (const posting of postings.filter(({ account }) => account === "deferred-revenue")) {
                deferred.amount += posting.amount;
                deferred.functional += posting.functional ?? 0n;
              }
            }
            for (const weights of weightsOf(plainTextLedger(entries)))
              expect([...weights].filter(([, sum]) => sum !== 0n)).toEqual([]);
            // All contracts are over: what was deferred is earned, in both currencies.
            expect(deferred).toEqual({ amount: 0n, functional: 0n });
            held += whole.store.spaces("entries-held").length;
            whole.store.close();
            cut.store.close();
          },
        ),
        { numRuns: RUNS },
      );
      expect(held).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
