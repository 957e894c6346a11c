import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CreditLedger } from "../../../src/billing/credits/credit-ledger.ts";
import { covers } from "../../../src/billing/credits/grant-terms.ts";
import { creditLedgerCodec, ledgerEntryCodec } from "../../../src/billing/credits/ledger-codec.ts";
import { foldLedger, type LedgerEntry } from "../../../src/billing/credits/ledger-entries.ts";
import type { CreditLedgerState, GrantState } from "../../../src/billing/credits/ledger-state.ts";
import { type Operation, operations, run, shortfalls } from "./ledger-fixture.ts";

type Shortfall = CreditLedgerState["shortfall"];

function open(shortfall: Shortfall): CreditLedger {
  return CreditLedger.open("l", 0, shortfall);
}

function ranThrough(shortfall: Shortfall, all: readonly Operation[]) {
  const ledger = open(shortfall);
  for (const operation of all) run(ledger, operation);
  return { ledger, entries: ledger.takeEntries() };
}

const bytes = (ledger: CreditLedger): string =>
  Buffer.from(creditLedgerCodec.encode(ledger.state)).toString("hex");
const sum = (values: Iterable<bigint>): bigint => [...values].reduce((total, value) => total + value, 0n);

describe("any run of a credit ledger", () => {
  test("has the fold of its entries as balance, never below 0, and everything granted is accounted for", () => {
    fc.assert(
      fc.property(shortfalls, operations, (shortfall, all) => {
        const { ledger, entries } = ranThrough(shortfall, all);
        const totals = foldLedger(entries);
        for (const { terms, balance, burns } of ledger.state.grants) {
          const folded = totals.get(terms.id);
          expect(balance).toBe(folded?.balance ?? 0n);
          expect(sum(burns.map(({ current, earlier }) => current + earlier))).toBe(folded?.burned ?? 0n);
        }
        for (const { granted, burned, expired, voided, balance } of totals.values())
          expect(burned + expired + voided + balance).toBe(granted);
        expect(ledger.balance()).toBe(sum([...totals.values()].map(({ balance }) => balance)));
      }),
      { numRuns: 300 },
    );
  });

  test("accounts for all use: burned, restored or without credits", () => {
    fc.assert(
      fc.property(shortfalls, operations, (shortfall, all) => {
        const ledger = open(shortfall);
        let used = 0n;
        for (const operation of all) {
          if (operation.kind === "burn") {
            const outcome = ledger.burn(operation.source, operation.amount, operation.atMs);
            used += outcome.burned + outcome.overage;
          } else if (operation.kind === "restore") {
            const { restored, lapsed, overage } = ledger.restore(
              operation.source,
              operation.amount,
              operation.atMs,
            );
            used -= restored + lapsed + overage;
          } else run(ledger, operation);
        }
        const burned = sum([...foldLedger(ledger.takeEntries()).values()].map((total) => total.burned));
        expect(burned + ledger.overage()).toBe(used);
      }),
      { numRuns: 300 },
    );
  });

  test("gives back all that a source used, and no more", () => {
    fc.assert(
      fc.property(shortfalls, operations, (shortfall, all) => {
        const ledger = open(shortfall);
        const used = new Map<string, bigint>();
        for (const operation of all) {
          run(ledger, operation);
          if (operation.kind !== "burn" && operation.kind !== "restore") continue;
          const key = JSON.stringify(operation.source);
          const before = used.get(key) ?? 0n;
          const after = operation.kind === "burn" ? before + operation.amount : before - operation.amount;
          used.set(key, after < 0n ? 0n : after);
        }
        for (const [key, amount] of used) {
          const outcome = ledger.restore(JSON.parse(key), amount + 3n, 0);
          expect(outcome.unmatched).toBe(3n);
        }
        expect(ledger.overage()).toBe(0n);
        expect(ledger.state.grants.flatMap(({ burns }) => burns)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("burns in order: a grant is touched only when those before it that pay for the use are empty", () => {
    fc.assert(
      fc.property(shortfalls, operations, (shortfall, all) => {
        const ledger = open(shortfall);
        for (const operation of all) {
          if (operation.kind !== "burn") {
            run(ledger, operation);
            continue;
          }
          const { parts } = ledger.burn(operation.source, operation.amount, operation.atMs);
          const paying = ledger.state.grants
            .filter(({ phase, terms }) => phase === "active" && covers(terms, operation.source))
            .sort(byStatedOrder);
          const touched = paying.filter(({ terms }) => parts.some((part) => part.grant === terms.id));
          expect(parts.map((part) => part.grant)).toEqual(touched.map(({ terms }) => terms.id));
          const last = touched.at(-1);
          const emptied = last === undefined ? [] : paying.slice(0, paying.indexOf(last));
          expect(emptied.map(({ balance }) => balance)).toEqual(emptied.map(() => 0n));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("comes to the same state however use is split", () => {
    fc.assert(
      fc.property(shortfalls, operations, fc.integer({ min: 2, max: 4 }), (shortfall, all, ways) => {
        const split = all.flatMap((operation): Operation[] => {
          if (operation.kind !== "burn") return [operation];
          const part = operation.amount / BigInt(ways);
          return Array.from({ length: ways }, (_, index) => ({
            ...operation,
            amount: index === 0 ? operation.amount - part * BigInt(ways - 1) : part,
          }));
        });
        const stateOf = (operationsOf: readonly Operation[]) => {
          const { grants, overages } = ranThrough(shortfall, operationsOf).ledger.state;
          return { grants, overages };
        };
        expect(stateOf(split)).toEqual(stateOf(all));
      }),
      { numRuns: 300 },
    );
  });

  test("goes on from a stored state as if it had never stopped, byte for byte", () => {
    fc.assert(
      fc.property(shortfalls, operations, fc.nat(40), (shortfall, all, stop) => {
        const whole = ranThrough(shortfall, all);
        const before = ranThrough(shortfall, all.slice(0, stop));
        const restored = new CreditLedger(
          creditLedgerCodec.decode(creditLedgerCodec.encode(before.ledger.state)),
        );
        for (const operation of all.slice(stop)) run(restored, operation);
        const stored = (entries: readonly LedgerEntry[]): string[] =>
          entries.map((entry) => Buffer.from(ledgerEntryCodec.encode(entry)).toString("hex"));
        const entries = [...before.entries, ...restored.takeEntries()];
        expect(stored(entries)).toEqual(stored(whole.entries));
        expect(bytes(restored)).toBe(bytes(whole.ledger));
        expect(entries.map((entry) => ledgerEntryCodec.decode(ledgerEntryCodec.encode(entry)))).toEqual(
          entries,
        );
        expect(creditLedgerCodec.decode(creditLedgerCodec.encode(restored.state))).toEqual(restored.state);
      }),
      { numRuns: 300 },
    );
  });
});

/** Priority (none last), expiry (never last), creation, id: as documented. */
function byStatedOrder(a: GrantState, b: GrantState): number {
  const rank = ({ terms, expiresMs }: GrantState): readonly number[] => [
    terms.priority ?? 1e9,
    expiresMs ?? 1e15,
    terms.createdMs,
  ];
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) if (value !== right[index]) return value - (right[index] ?? 0);
  return a.terms.id < b.terms.id ? -1 : 1;
}

describe("the fold of a ledger", () => {
  const entry = (change: Partial<LedgerEntry>): LedgerEntry => ({
    id: "l/1",
    ordinal: 1,
    kind: "grant",
    timeMs: 0,
    grant: "g",
    amount: 5n,
    source: undefined,
    ...change,
  });

  test.each([
    ["a missing entry", [entry({ ordinal: 2 })], "stands at place 1"],
    ["an entry out of time", [entry({ timeMs: 2 }), entry({ ordinal: 2, timeMs: 1 })], "is older"],
    ["a negative amount", [entry({ amount: -1n })], "negative"],
    [
      "more burned than there is",
      [entry({}), entry({ ordinal: 2, kind: "burn", amount: 6n })],
      "more than there is",
    ],
    [
      "more restored than burned",
      [entry({}), entry({ ordinal: 2, kind: "restore", amount: 1n })],
      "more than",
    ],
    [
      "a wrong rollover",
      [entry({}), entry({ ordinal: 2, kind: "rollover", amount: 4n })],
      "carries over 4 of 5",
    ],
  ])("refuses %s", (_name, entries, message) => {
    expect(() => foldLedger(entries)).toThrow(message);
  });
});
