import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { DocumentLine } from "../../../src/billing/invoices/billing-document.ts";
import {
  allThatIsLeft,
  creditFault,
  creditSumFault,
  creditNoteLines,
  voidLines,
} from "../../../src/billing/invoices/credit-lines.ts";
import { invoicesOf } from "../../../src/pipeline/billing-report.ts";
import { billingLogs, replay, type TimedCorrection } from "./billing-fixture.ts";

const lineOf = (amount: bigint, discount: bigint, taxes: readonly bigint[]): DocumentLine => ({
  charge: "usage/api",
  kind: "usage",
  product: "api",
  meter: "calls",
  price: "plan@1/api",
  description: "API",
  quantity: "12.5",
  amount,
  discount,
  tax: taxes.reduce((all, tax) => all + tax, 0n),
  taxDetails: taxes.map((tax) => ({ name: "tax", jurisdiction: "XX", percent: "1", amount: tax })),
  taxNote: undefined,
  periodStartMs: 0,
  periodEndMs: 1,
  adjusts: undefined,
  inAdvance: false,
});

describe("the lines of a credit note", () => {
  it("give back discount and tax in proportion, each rate by itself", () => {
    const [line] = creditNoteLines(
      [lineOf(1000n, 100n, [63n, 9n])],
      [0n],
      [{ line: 1, amount: 250n }],
      "C:1",
    );
    expect(line).toMatchObject({ kind: "credit", amount: -250n, discount: -25n, tax: -18n, adjusts: "C:1" });
    expect(line?.taxDetails.map(({ amount }) => amount)).toEqual([-16n, -2n]);
    expect(line?.quantity).toBeUndefined();
  });

  it("come to the line's figures once all is credited, whatever the parts", () => {
    const amounts = fc.bigInt({ min: 1n, max: 100_000n });
    fc.assert(
      fc.property(
        amounts,
        fc.bigInt({ min: 0n, max: 50_000n }),
        fc.array(fc.bigInt({ min: 0n, max: 30_000n }), { maxLength: 3 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
        (amount, discount, taxes, tenths) => {
          const line = lineOf(amount, discount, taxes);
          let credited = 0n;
          const given: DocumentLine[] = [];
          const credit = (part: bigint): void => {
            if (creditFault([line], [credited], [{ line: 1, amount: part }]) !== undefined) return;
            given.push(...creditNoteLines([line], [credited], [{ line: 1, amount: part }], "C:1"));
            credited += part;
          };
          for (const tenth of tenths) credit(((amount - credited) * BigInt(tenth)) / 10n);
          for (const { amount: left } of allThatIsLeft([line], [credited])) credit(left);
          const sum = (amountOf: (each: DocumentLine) => bigint): bigint =>
            given.reduce((all, each) => all + amountOf(each), 0n);
          expect([sum((each) => each.amount), sum((each) => each.discount), sum((each) => each.tax)]).toEqual(
            [-line.amount, -line.discount, -line.tax],
          );
          taxes.forEach((tax, index) => {
            expect(sum((each) => each.taxDetails[index]?.amount ?? 0n)).toBe(-tax);
          });
          for (const each of given)
            expect(each.taxDetails.reduce((all, detail) => all + detail.amount, 0n)).toBe(each.tax);
        },
      ),
    );
  });

  it("are refused where they come to more than the invoice, which has a line that gives back", () => {
    const lines = [lineOf(100n, 0n, []), lineOf(-5n, 0n, [])];
    expect(creditSumFault(lines, [40n, 0n], [{ line: 1, amount: 56n }], false)?.fault).toBe("more-than-left");
    expect(creditSumFault(lines, [40n, 0n], [{ line: 1, amount: 55n }], false)).toBeUndefined();
    expect(creditSumFault(lines, [0n, 0n], allThatIsLeft(lines, [0n, 0n]), false)).toBeUndefined();
    const givenBack = [lineOf(100n, 0n, []), lineOf(-105n, 0n, [])];
    const all = allThatIsLeft(givenBack, [0n, 0n]);
    expect(creditSumFault(givenBack, [0n, 0n], all, false)?.fault).toBe("nothing-left");
  });

  it.each([
    ["more-than-left", [{ line: 1, amount: 61n }]],
    ["more-than-left", [{ line: 1, amount: 0n }]],
    ["more-than-left", [{ line: 2, amount: 1n }]],
    ["line-unknown", [{ line: 3, amount: 1n }]],
    [
      "line-unknown",
      [
        { line: 1, amount: 1n },
        { line: 1, amount: 1n },
      ],
    ],
    ["nothing-left", []],
  ])("are refused as %s: %o", (fault, credits) => {
    const lines = [lineOf(100n, 0n, []), lineOf(-5n, 0n, [])];
    expect(creditFault(lines, [40n, 0n], credits)?.fault).toBe(fault);
    expect(creditFault(lines, [40n, 0n], [{ line: 1, amount: 60n }])).toBeUndefined();
  });

  it("of a voided invoice are its own, negated", () => {
    expect(voidLines([lineOf(1000n, 100n, [63n])])).toMatchObject([
      { kind: "usage", amount: -1000n, discount: -100n, tax: -63n, quantity: "-12.5", adjusts: undefined },
    ]);
  });
});

const START_MS = Date.parse("2026-01-31T23:00:00Z");
const END_MS = Date.parse("2026-10-01T00:00:00Z");
const DAY_HOURS = 24;

describe("an invoice that credits have paid in part", () => {
  const usage = [
    { account: "credits", atHours: 1, lagHours: 0, thousandths: 300_000 },
    ...[32, 34].map((day) => ({ account: "plain", atHours: day * DAY_HOURS, lagHours: 0, thousandths: 1 })),
  ];
  const ofCredits = async (corrections: readonly TimedCorrection[]) => {
    const { steps, catalog } = await billingLogs(usage, START_MS, END_MS, { corrections });
    const { store, engine } = await replay(steps, catalog, undefined);
    const documents = invoicesOf([{ partition: 0, engine, store }]);
    store.close();
    return documents.filter(({ contract }) => contract === "credits");
  };

  it("gives back money first, then to the credits what they had paid", async () => {
    // Before the first grant ends, at the middle of the second month.
    const atHours = 33 * DAY_HOURS;
    const [invoice] = await ofCredits([]);
    // 100 × 0.10 + 200 × 0.07, of which 9 + 5 are paid by credits; the call is paid by prepaid units.
    expect(invoice).toMatchObject({ subtotal: "24.00", credits: "14.00", total: "10.00" });
    const which = Number(invoice?.number?.slice(-6)) - 1;
    const [, voided, reissued] = await ofCredits([{ atHours, action: "reissue", which }]);
    expect(voided).toMatchObject({ kind: "credit-memo", credits: "-14.00", total: "-10.00" });
    expect(reissued).toMatchObject({ kind: "invoice", credits: "14.00", total: "10.00" });
    // Like the first one: not as a correction of what has been taken back.
    expect(reissued?.lines.map(({ amount, adjusts }) => [amount, adjusts])).toEqual(
      invoice?.lines.map(({ amount }) => [amount, null]),
    );
    const twice = await ofCredits([
      { atHours, action: "reissue", which },
      { atHours, action: "credit", which },
      { atHours, action: "void", which },
    ]);
    expect(twice).toHaveLength(3);
    const [, whole] = await ofCredits([{ atHours, action: "credit", which }]);
    expect(whole).toMatchObject({ credits: "-14.00", total: "-10.00" });
  });
});
