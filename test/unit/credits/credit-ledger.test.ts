import { describe, expect, test } from "vitest";
import { CreditLedger, InsufficientCredits } from "../../../src/billing/credits/credit-ledger.ts";
import { DAY_MS, grant } from "./ledger-fixture.ts";

const API = { product: "api", meter: "requests" };
const DISK = { product: "disk", meter: "bytes" };

const open = (shortfall: "carry" | "charge" = "charge"): CreditLedger =>
  CreditLedger.open("acme/EUR", 0, shortfall);
/** Entries as short lines: day, kind, grant, amount. */
const booked = (ledger: CreditLedger): string[] =>
  ledger
    .takeEntries()
    .map(({ timeMs, kind, grant: id, amount }) => `${timeMs / DAY_MS} ${kind} ${id} ${amount}`);

describe("a credit ledger", () => {
  test("numbers its entries and says what they are for", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 10n }), 5);
    ledger.burn(API, 4n, 7);
    expect(ledger.takeEntries()).toEqual([
      { id: "acme/EUR/1", ordinal: 1, kind: "grant", timeMs: 5, grant: "g", amount: 10n, source: undefined },
      { id: "acme/EUR/2", ordinal: 2, kind: "burn", timeMs: 7, grant: "g", amount: 4n, source: API },
    ]);
    expect(ledger.takeEntries()).toEqual([]);
  });

  test("burns by priority, then expiry, then creation, then id", () => {
    const ledger = open();
    const late = { priority: 1, expiresMs: 9 * DAY_MS };
    ledger.addGrant(grant({ id: "none", amount: 1n }), 0);
    ledger.addGrant(grant({ id: "second", amount: 1n, priority: 2, expiresMs: DAY_MS }), 0);
    ledger.addGrant(grant({ id: "never", amount: 1n, priority: 1 }), 0);
    ledger.addGrant(grant({ id: "b", amount: 1n, ...late, createdMs: 1 }), 0);
    ledger.addGrant(grant({ id: "a", amount: 1n, ...late, createdMs: 1 }), 0);
    ledger.addGrant(grant({ id: "old", amount: 1n, ...late }), 0);
    ledger.addGrant(grant({ id: "soon", amount: 1n, priority: 1, expiresMs: 8 * DAY_MS }), 0);
    const { parts } = ledger.burn(API, 7n, 0);
    expect(parts.map((part) => part.grant)).toEqual(["soon", "old", "a", "b", "never", "second", "none"]);
  });

  test("pays with a grant from its effective moment until before its expiry", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 10n, effectiveMs: DAY_MS, expiresMs: 2 * DAY_MS }), 0);
    expect(ledger.burn(API, 1n, DAY_MS - 1)).toMatchObject({ burned: 0n, overage: 1n });
    expect(ledger.burn(API, 1n, DAY_MS)).toMatchObject({ burned: 1n, overage: 0n });
    expect(ledger.burn(API, 1n, 2 * DAY_MS - 1)).toMatchObject({ burned: 1n });
    expect(ledger.burn(API, 1n, 2 * DAY_MS)).toMatchObject({ burned: 0n });
    expect(booked(ledger).at(-1)).toBe("2 expire g 8");
    expect(ledger.overage()).toBe(2n);
  });

  test("pays only what a grant is for", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "disk", amount: 10n, products: ["disk"], priority: 0 }), 0);
    ledger.addGrant(grant({ id: "requests", amount: 10n, meters: ["requests"] }), 0);
    expect(ledger.burn(API, 15n, 0)).toEqual({
      parts: [{ grant: "requests", amount: 10n }],
      burned: 10n,
      overage: 5n,
    });
    expect(ledger.balanceFor(DISK)).toBe(10n);
    expect(ledger.balanceFor(API)).toBe(0n);
    expect(ledger.balance()).toBe(10n);
  });

  test("refuses what is to be paid in full and can't be", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 100n }), 0);
    expect(() => ledger.burn(API, 101n, 0, "refuse")).toThrow(InsufficientCredits);
    expect(ledger.balance()).toBe(100n);
    expect(ledger.overage()).toBe(0n);
    expect(ledger.burn(API, 100n, 0, "refuse").overage).toBe(0n);
  });

  test("carries what found no credits to the next grant that is for it, if it is to", () => {
    const ledger = open("carry");
    ledger.burn(DISK, 5n, 0);
    ledger.burn(API, 7n, 0);
    ledger.addGrant(grant({ id: "g", amount: 10n, products: ["api"], effectiveMs: DAY_MS }), 0);
    ledger.advance(DAY_MS);
    expect(booked(ledger)).toEqual(["1 grant g 10", "1 burn g 7"]);
    expect(ledger.overage()).toBe(5n);
    const charging = open("charge");
    charging.burn(API, 7n, 0);
    charging.addGrant(grant({ id: "g", amount: 10n }), 0);
    expect(charging.balance()).toBe(10n);
  });

  test("carried use is not paid at the moment at which a grant ends", () => {
    const ledger = open("carry");
    ledger.burn(API, 5n, 0);
    ledger.addGrant(grant({ id: "past", amount: 10n, expiresMs: DAY_MS }), 3 * DAY_MS);
    expect(booked(ledger)).toEqual(["3 grant past 10", "3 expire past 10"]);
    expect(ledger.overage()).toBe(5n);
  });

  test("voids what is left, once", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 10n, recurrence: daily() }), 0);
    ledger.burn(API, 3n, 0);
    ledger.voidGrant("g", 1);
    ledger.voidGrant("g", 2);
    ledger.advance(5 * DAY_MS);
    expect(
      booked(ledger)
        .slice(2)
        .map((entry) => entry.replace(/^\S+ /, "")),
    ).toEqual(["void g 7"]);
    ledger.addGrant(grant({ id: "pending", amount: 10n, effectiveMs: 9 * DAY_MS }), 0);
    ledger.voidGrant("pending", 0);
    ledger.advance(10 * DAY_MS);
    expect(booked(ledger)).toEqual([]);
    expect(() => ledger.voidGrant("other", 0)).toThrow("no grant other");
  });

  test("never goes back in time: what comes late is paid by what is there now", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 10n, expiresMs: 2 * DAY_MS }), 0);
    ledger.advance(2 * DAY_MS);
    expect(ledger.burn(API, 1n, DAY_MS).burned).toBe(0n);
    ledger.addGrant(grant({ id: "h", amount: 10n, effectiveMs: DAY_MS }), DAY_MS);
    expect(booked(ledger)).toEqual(["0 grant g 10", "2 expire g 10", "2 grant h 10"]);
  });

  test("refuses terms that make no sense", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 1n }), 0);
    expect(() => ledger.addGrant(grant({ id: "g", amount: 1n }), 0)).toThrow("is there already");
    expect(() => ledger.addGrant(grant({ id: "h", amount: -1n }), 0)).toThrow(RangeError);
    expect(() => ledger.addGrant(grant({ id: "h", amount: 1n, effectiveMs: 5, expiresMs: 5 }), 0)).toThrow(
      RangeError,
    );
    const rollover = { at: "period_end" as const, minimum: 2n, maximum: 1n, extensionMs: 0 };
    expect(() => ledger.addGrant(grant({ id: "h", amount: 1n, rollover }), 0)).toThrow(RangeError);
    expect(() => ledger.burn(API, -1n, 0)).toThrow(RangeError);
    expect(() => ledger.restore(API, -1n, 0)).toThrow(RangeError);
    expect(ledger.state.grants).toHaveLength(1);
  });
});

function daily(anchorMs = 0) {
  return { unit: "day" as const, count: 1, anchorMs, timeZone: "UTC" };
}

describe("recurrence and rollover", () => {
  test("a grant that recurs begins anew: what is left expires", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 10n, recurrence: daily() }), 0);
    ledger.burn(API, 4n, 1);
    ledger.advance(2 * DAY_MS);
    expect(booked(ledger).slice(2)).toEqual([
      "1 expire g 6",
      "1 grant g 10",
      "2 expire g 10",
      "2 grant g 10",
    ]);
  });

  test("a grant that ends when it would recur ends", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 10n, expiresMs: 2 * DAY_MS, recurrence: daily() }), 0);
    ledger.advance(9 * DAY_MS);
    expect(booked(ledger).slice(1)).toEqual(["1 expire g 10", "1 grant g 10", "2 expire g 10"]);
  });

  test("of one moment expiries are booked before new credits, whatever the burn order", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "new", amount: 10n, priority: 1, effectiveMs: DAY_MS }), 0);
    ledger.addGrant(grant({ id: "old", amount: 10n, priority: 2, expiresMs: DAY_MS }), 0);
    ledger.advance(DAY_MS);
    expect(booked(ledger)).toEqual(["0 grant old 10", "1 expire old 10", "1 grant new 10"]);
  });

  test("or rolls over within its bounds, before the next amount comes on top", () => {
    const ledger = open();
    const rollover = { at: "recurrence" as const, minimum: 2n, maximum: 5n, extensionMs: 0 };
    ledger.addGrant(grant({ id: "g", amount: 10n, recurrence: daily(), rollover }), 0);
    ledger.advance(DAY_MS);
    expect(booked(ledger)).toEqual(["0 grant g 10", "1 expire g 5", "1 rollover g 5", "1 grant g 10"]);
    ledger.burn(API, 15n, DAY_MS);
    ledger.advance(2 * DAY_MS);
    expect(booked(ledger).slice(1)).toEqual(["2 grant g 2", "2 rollover g 2", "2 grant g 10"]);
  });

  test("the first term of a grant that was used elsewhere has what is left of it", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "g", amount: 10n, openingAmount: 3n, recurrence: daily() }), 0);
    ledger.advance(DAY_MS);
    expect(booked(ledger)).toEqual(["0 grant g 3", "1 expire g 3", "1 grant g 10"]);
  });

  test("the close of a billing period brings balances within their bounds", () => {
    const ledger = open("carry");
    const rollover = { at: "period_end" as const, minimum: 20n, maximum: 50n, extensionMs: 0 };
    ledger.addGrant(grant({ id: "much", amount: 80n, rollover }), 0);
    ledger.addGrant(grant({ id: "little", amount: 10n, priority: 0, rollover }), 0);
    ledger.addGrant(grant({ id: "plain", amount: 5n, priority: 9, products: ["api"] }), 0);
    ledger.endPeriod(DAY_MS);
    expect(booked(ledger).slice(3)).toEqual([
      "1 grant little 10",
      "1 rollover little 20",
      "1 expire much 30",
      "1 rollover much 50",
    ]);
    // Filled up at a close, a grant pays for what was carried.
    ledger.burn(DISK, 75n, DAY_MS);
    expect(ledger.overage()).toBe(5n);
    ledger.endPeriod(2 * DAY_MS);
    expect(ledger.overage()).toBe(0n);
    expect(ledger.balance()).toBe(40n);
  });

  test("at expiry it lives on once, with a balance within its bounds", () => {
    const ledger = open();
    const rollover = { at: "expiry" as const, minimum: 0n, maximum: 4n, extensionMs: 2 * DAY_MS };
    ledger.addGrant(grant({ id: "g", amount: 10n, expiresMs: DAY_MS, rollover }), 0);
    // The later expiry counts for the order.
    ledger.addGrant(grant({ id: "h", amount: 1n, expiresMs: 2 * DAY_MS }), 0);
    expect(ledger.burn(API, 1n, 0).parts[0]?.grant).toBe("g");
    expect(ledger.burn(API, 1n, DAY_MS).parts[0]?.grant).toBe("h");
    ledger.advance(9 * DAY_MS);
    expect(booked(ledger).filter((entry) => entry.includes(" g "))).toEqual([
      "0 grant g 10",
      "0 burn g 1",
      "1 expire g 5",
      "1 rollover g 4",
      "3 expire g 4",
    ]);
  });
});

describe("restore", () => {
  test("gives back in the reverse order, what found no credits first", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "first", amount: 10n, priority: 1 }), 0);
    ledger.addGrant(grant({ id: "then", amount: 10n, priority: 2 }), 0);
    ledger.burn(API, 25n, 0);
    expect(ledger.restore(API, 18n, 0)).toEqual({ restored: 13n, lapsed: 0n, overage: 5n, unmatched: 0n });
    expect(booked(ledger).slice(4)).toEqual(["0 restore then 10", "0 restore first 3"]);
  });

  test("gives each source back what it used itself", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "all", amount: 5n, priority: 2 }), 0);
    ledger.addGrant(grant({ id: "disk", amount: 5n, products: ["disk"], priority: 1 }), 0);
    ledger.burn(API, 5n, 0);
    ledger.burn(DISK, 5n, 0);
    expect(ledger.restore(DISK, 5n, 0)).toMatchObject({ restored: 5n });
    expect(ledger.restore(API, 6n, 0)).toEqual({ restored: 5n, lapsed: 0n, overage: 0n, unmatched: 1n });
  });

  test("what comes back to a grant or a term that is over is gone at once", () => {
    const ledger = open();
    ledger.addGrant(grant({ id: "over", amount: 10n, priority: 1, expiresMs: DAY_MS }), 0);
    ledger.addGrant(grant({ id: "void", amount: 10n, priority: 2 }), 0);
    ledger.addGrant(grant({ id: "daily", amount: 10n, priority: 3, recurrence: daily() }), 0);
    ledger.burn(API, 24n, 0);
    ledger.voidGrant("void", 0);
    ledger.advance(DAY_MS);
    ledger.burn(API, 1n, DAY_MS);
    booked(ledger);
    expect(ledger.restore(API, 25n, DAY_MS)).toEqual({
      restored: 1n,
      lapsed: 24n,
      overage: 0n,
      unmatched: 0n,
    });
    expect(booked(ledger)).toEqual([
      "1 restore daily 1",
      "1 restore daily 4",
      "1 expire daily 4",
      "1 restore void 10",
      "1 void void 10",
      "1 restore over 10",
      "1 expire over 10",
    ]);
    expect(ledger.balance()).toBe(10n);
  });

  test("what comes back pays for what is carried", () => {
    const ledger = open("carry");
    ledger.addGrant(grant({ id: "g", amount: 10n }), 0);
    ledger.burn(API, 10n, 0);
    ledger.burn(DISK, 4n, 0);
    ledger.restore(API, 6n, 0);
    expect(ledger.overage()).toBe(0n);
    expect(ledger.balance()).toBe(2n);
  });
});
