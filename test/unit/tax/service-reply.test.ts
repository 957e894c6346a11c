import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { RepliedLineTax, TaxAnswer } from "../../../src/model/tax-service.ts";
import { decimalText } from "../../../src/model/decimal.ts";
import { checkServiceTaxes } from "../../../src/billing/tax/service-reply.ts";

type Taxed = Extract<TaxAnswer, { kind: "taxed" }>;

const TRANSACTION = { service: "avatax", company: "NORTH", code: "C:1", type: "SalesInvoice" };
const line = (number: number, tax: string, fields: Partial<RepliedLineTax> = {}): RepliedLineTax => ({
  line: number,
  tax,
  details: [],
  note: null,
  ...fields,
});
const answer = (totalTax: string, lines: readonly RepliedLineTax[]): Taxed => ({
  kind: "taxed",
  transaction: TRANSACTION,
  totalTax,
  lines,
});
const detail = (amount: string) => ({ name: "STATE TAX", jurisdiction: "US/CA", percent: "6", amount });

/** What is wrong with an answer about two lines of 100.00 and −50.00. */
const invalid = (given: Taxed, digits = 2): string | undefined => {
  const checked = checkServiceTaxes(given, [10_000n, -5_000n], digits);
  return "invalid" in checked ? checked.invalid : undefined;
};

describe("a tax service's taxes", () => {
  it("are taken line by line, whatever their order and their zeros", () => {
    const details = [detail("6.00"), detail("1")];
    const given = answer("3.50", [line(2, "-3.5", { note: "n" }), line(1, "7.00", { details })]);
    expect(checkServiceTaxes(given, [10_000n, -5_000n], 2)).toEqual({
      transaction: TRANSACTION,
      lines: [
        {
          tax: 700n,
          details: [
            { ...detail("6.00"), amount: 600n },
            { ...detail("1"), amount: 100n },
          ],
          note: undefined,
        },
        { tax: -350n, details: [], note: "n" },
      ],
    });
  });

  it.each<[string, Taxed]>([
    ["line 2 has no tax", answer("7", [line(1, "7")])],
    ["line 1 has two taxes", answer("7", [line(1, "7"), line(1, "7")])],
    ["there is a tax of line 3, the document has 2", answer("7", [line(3, "7")])],
    ["the total tax is 7.01, the lines' come to 7.00", answer("7.01", [line(1, "7"), line(2, "0")])],
    [
      "the tax of line 1 has more than the currency's 2 digits: 7.005",
      answer("7.005", [line(1, "7.005"), line(2, "0")]),
    ],
    ['the tax of line 1 is not a number: "7,00"', answer("7", [line(1, "7,00"), line(2, "0")])],
    ["the tax of line 1 is -7.00 of an amount of 100.00", answer("-7", [line(1, "-7"), line(2, "0")])],
    ["the tax of line 2 is 1.00 of an amount of -50.00", answer("8", [line(1, "7"), line(2, "1")])],
    [
      "the tax of line 1 is 7.00, its details come to 6.00",
      answer("7", [line(1, "7", { details: [detail("6")] }), line(2, "0")]),
    ],
  ])("are refused whole: %s", (message, given) => {
    expect(invalid(given)).toBe(message);
  });

  it("have no more digits than the currency", () => {
    expect(invalid(answer("7.5", [line(1, "7.5"), line(2, "0")]), 0)).toMatch(/currency's 0 digits/);
    expect(invalid(answer("7.505", [line(1, "7.505"), line(2, "0")]), 3)).toBeUndefined();
  });

  it("are accepted exactly where they add up", () => {
    const taxes = fc.array(fc.bigInt({ min: 0n, max: 10n ** 20n }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(taxes, fc.bigInt({ min: -3n, max: 3n }), (taxOf, error) => {
        const total = taxOf.reduce((sum, tax) => sum + tax, error);
        const lines = taxOf.map((tax, index) => line(index + 1, decimalText(tax, 2)));
        const taxable = taxOf.map(() => 10n ** 21n);
        const checked = checkServiceTaxes(answer(decimalText(total, 2), lines), taxable, 2);
        expect("lines" in checked ? checked.lines.map(({ tax }) => tax) : undefined).toEqual(
          error === 0n ? taxOf : undefined,
        );
      }),
    );
  });
});
