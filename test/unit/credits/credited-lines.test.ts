import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CreditLedger } from "../../../src/billing/credits/credit-ledger.ts";
import { payWithCredits } from "../../../src/billing/credits/credited-lines.ts";
import { grant } from "./ledger-fixture.ts";

const API = { product: "api", meter: "requests" };

function ledgerWith(...amounts: readonly bigint[]): CreditLedger {
  const ledger = CreditLedger.open("l", 0, "charge");
  for (const [index, amount] of amounts.entries()) ledger.addGrant(grant({ id: `g${index}`, amount }), 0);
  return ledger;
}

describe("lines paid with credits", () => {
  const line = (net: bigint, taxPercent = "19") => ({ id: "l", source: API, net, taxPercent });

  test("pay line and tax: credits do not lower the tax base", () => {
    expect(payWithCredits(ledgerWith(50n), [line(100n)], 0)).toEqual([
      { id: "l", net: 100n, tax: 19n, credits: [{ grant: "g0", amount: 50n }], credited: 50n, due: 69n },
    ]);
  });

  test("or are deducted before tax, by option", () => {
    expect(payWithCredits(ledgerWith(50n), [line(100n)], 0, "net_after_credits")).toMatchObject([
      { tax: 10n, credited: 50n, due: 60n }, // 19 % of 50 is 9.5
    ]);
  });

  test("have their tax rounded as the plan says", () => {
    const taxes = (["half_even", "half_away_from_zero"] as const).map(
      (rounding) => payWithCredits(ledgerWith(), [line(50n, "1")], 0, "net", rounding)[0]?.tax,
    );
    expect(taxes).toEqual([0n, 1n]);
  });

  test("are paid one after the other, from one grant after the other", () => {
    const paid = payWithCredits(ledgerWith(75n, 80n), [line(100n, "0"), line(50n, "0"), line(9n, "0")], 0);
    expect(paid.map(({ credits, due }) => [credits.map(({ amount }) => amount), due])).toEqual([
      [[75n, 25n], 0n],
      [[50n], 0n],
      [[5n], 4n],
    ]);
  });

  test("that give money back use no credits", () => {
    expect(payWithCredits(ledgerWith(50n), [line(-100n)], 0)).toMatchObject([
      { tax: -19n, credits: [], credited: 0n, due: -119n },
    ]);
  });

  test("always come to net + tax = credited + due, and credits never exceed the line", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 0n, max: 500n }), { maxLength: 4 }),
        fc.array(fc.tuple(fc.bigInt({ min: -200n, max: 500n }), fc.constantFrom("0", "7", "19", "7.7"))),
        fc.constantFrom("net" as const, "net_after_credits" as const),
        (grants, lines, taxBase) => {
          const ledger = ledgerWith(...grants);
          const before = ledger.balance();
          const given = lines.map(([net, taxPercent]) => line(net, taxPercent));
          const paid = payWithCredits(ledger, given, 0, taxBase);
          for (const { net, tax, credited, due, credits } of paid) {
            expect(credited + due).toBe(net + tax);
            expect(credits.reduce((sum, { amount }) => sum + amount, 0n)).toBe(credited);
            expect(credited > 0n && due < 0n).toBe(false);
          }
          expect(before - ledger.balance()).toBe(paid.reduce((sum, { credited }) => sum + credited, 0n));
        },
      ),
    );
  });
});
