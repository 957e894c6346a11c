import * as fc from "fast-check";
import { CreditLedger } from "../../../src/billing/credits/credit-ledger.ts";
import type { CreditSource, GrantTerms } from "../../../src/billing/credits/grant-terms.ts";
import type { CreditLedgerState } from "../../../src/billing/credits/ledger-state.ts";

export const DAY_MS = 86_400_000;

/** A grant that is effective at once, pays for everything and lasts for ever. */
export function grant(terms: Partial<GrantTerms> & Pick<GrantTerms, "id" | "amount">): GrantTerms {
  return {
    openingAmount: undefined,
    priority: undefined,
    createdMs: 0,
    effectiveMs: 0,
    expiresMs: undefined,
    products: [],
    meters: [],
    recurrence: undefined,
    rollover: undefined,
    ...terms,
  };
}

export type Operation =
  | { readonly kind: "grant"; readonly atMs: number; readonly terms: GrantTerms }
  | {
      readonly kind: "burn" | "restore";
      readonly atMs: number;
      readonly source: CreditSource;
      readonly amount: bigint;
    }
  | { readonly kind: "void"; readonly atMs: number; readonly place: number }
  | { readonly kind: "advance" | "endPeriod"; readonly atMs: number };

/** Runs an operation; a void names an existing grant by its place. */
export function run(ledger: CreditLedger, operation: Operation): void {
  switch (operation.kind) {
    case "grant":
      ledger.addGrant(operation.terms, operation.atMs);
      break;
    case "burn":
      ledger.burn(operation.source, operation.amount, operation.atMs);
      break;
    case "restore":
      ledger.restore(operation.source, operation.amount, operation.atMs);
      break;
    case "void": {
      const { grants } = ledger.state;
      const found = grants[operation.place % Math.max(1, grants.length)];
      if (found !== undefined) ledger.voidGrant(found.terms.id, operation.atMs);
      break;
    }
    case "advance":
      ledger.advance(operation.atMs);
      break;
    case "endPeriod":
      ledger.endPeriod(operation.atMs);
      break;
  }
}

export const sources: fc.Arbitrary<CreditSource> = fc.record({
  product: fc.constantFrom("api", "disk"),
  meter: fc.constantFrom("requests", "bytes"),
});
const amounts = fc.bigInt({ min: 0n, max: 50n });
/** A coarse grid, so that many things fall on the same moment. */
const times = fc.integer({ min: 0, max: 20 }).map((halfDays) => halfDays * (DAY_MS / 2));

const rollovers: fc.Arbitrary<GrantTerms["rollover"]> = fc
  .record({
    at: fc.constantFrom("recurrence", "period_end", "expiry"),
    bounds: fc.tuple(amounts, amounts),
    days: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ at, bounds: [a, b], days }) => ({
    at,
    minimum: a < b ? a : b,
    maximum: a < b ? b : a,
    extensionMs: at === "expiry" ? days * DAY_MS : 0,
  }));

const terms: fc.Arbitrary<Omit<GrantTerms, "id">> = fc
  .record({
    amount: amounts,
    openingAmount: fc.option(amounts, { nil: undefined, freq: 5 }),
    priority: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    createdMs: fc.integer({ min: 0, max: 2 }),
    effectiveMs: times,
    lifeDays: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    products: fc.constantFrom([], [], ["api"], ["disk"]),
    meters: fc.constantFrom([], [], ["requests"], ["bytes"]),
    everyDays: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined, freq: 3 }),
    rollover: fc.option(rollovers, { nil: undefined, freq: 3 }),
  })
  .map(({ lifeDays, everyDays, ...rest }) => ({
    ...rest,
    expiresMs: lifeDays === undefined ? undefined : rest.effectiveMs + lifeDays * DAY_MS,
    recurrence:
      everyDays === undefined
        ? undefined
        : { unit: "day" as const, count: everyDays, anchorMs: rest.effectiveMs, timeZone: "UTC" },
  }));

/** Operations in the order of their times, grants with ids of their own. */
export const operations: fc.Arbitrary<readonly Operation[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("grant" as const), atMs: times, terms }) },
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constantFrom("burn" as const, "burn" as const, "restore" as const),
          atMs: times,
          source: sources,
          amount: amounts,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("void" as const), atMs: times, place: fc.nat(9) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constantFrom("advance" as const, "endPeriod" as const),
          atMs: times,
        }),
      },
    ),
    { maxLength: 40, size: "max" },
  )
  .map((all) =>
    all
      .map((operation, index) =>
        operation.kind === "grant"
          ? { ...operation, terms: { ...operation.terms, id: `g${index}` } }
          : operation,
      )
      .sort((a, b) => a.atMs - b.atMs),
  );

export const shortfalls = fc.constantFrom<CreditLedgerState["shortfall"]>("carry", "charge");
