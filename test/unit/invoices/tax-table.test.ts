import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { type TaxRate, taxRateFaults } from "../../../src/billing/tax/tax-rate.ts";
import { type TaxedCustomer, TaxTable, type TaxRequest } from "../../../src/billing/tax/tax-table.ts";

const rate = (key: string, fields: Partial<TaxRate>): TaxRate => ({
  key,
  name: "VAT",
  country: "DE",
  percent: "19",
  from: "2021-01-01",
  ...fields,
});

const TABLE = new TaxTable(
  [
    rate("de", {}),
    rate("de-books", { tax_code: "books", percent: "7" }),
    rate("fr", { country: "FR", percent: "20" }),
    rate("us", { country: "US", percent: "0", name: "none" }),
    rate("ca-old", { country: "US", region: "CA", percent: "7.25", name: "state tax", to: "2026-03-01" }),
    rate("ca", { country: "US", region: "CA", percent: "7.5", name: "state tax", from: "2026-03-01" }),
    rate("la", { country: "US", region: "CA", city: "Los Angeles", percent: "2.25", name: "city tax" }),
  ],
  ["DE", "FR"],
);

const customer = (fields: Partial<TaxedCustomer>): TaxedCustomer => ({
  country: "DE",
  region: undefined,
  city: undefined,
  taxId: undefined,
  exemption: undefined,
  ...fields,
});

const request = (fields: Partial<TaxRequest> & { readonly taxable?: bigint }): TaxRequest => ({
  sellerCountry: "DE",
  customer: customer({}),
  pricesIncludeTax: false,
  rounding: "half_away_from_zero",
  lines: [{ taxable: fields.taxable ?? 10_000n, taxCode: undefined, date: "2026-02-28" }],
  ...fields,
});

function taxed(fields: Parameters<typeof request>[0]) {
  const result = TABLE.tax(request(fields));
  if ("hold" in result) throw new Error(result.hold);
  return result.lines;
}

describe("the tax table", () => {
  it("takes the rate of the customer's country, of the product's code where there is one", () => {
    expect(taxed({})[0]).toEqual({
      tax: 1_900n,
      details: [{ name: "VAT", jurisdiction: "DE", percent: "19", amount: 1_900n }],
      note: undefined,
    });
    const lines = [
      { taxable: 10_000n, taxCode: "books", date: "2026-02-28" },
      { taxable: 10_000n, taxCode: "toys", date: "2026-02-28" },
    ];
    expect(taxed({ lines }).map(({ tax }) => tax)).toEqual([700n, 1_900n]);
  });

  it("adds up country, region and city, each by the rate of the day", () => {
    const inLosAngeles = customer({ country: "US", region: "CA", city: "Los Angeles" });
    const on = (date: string) =>
      taxed({ customer: inLosAngeles, lines: [{ taxable: 10_000n, taxCode: undefined, date }] })[0];
    expect(on("2026-02-28")?.details.map(({ percent, amount }) => [percent, amount])).toEqual([
      ["0", 0n],
      ["7.25", 725n],
      ["2.25", 225n],
    ]);
    expect([on("2026-02-28")?.tax, on("2026-03-01")?.tax]).toEqual([950n, 975n]);
    expect(taxed({ customer: customer({ country: "US", region: "CA" }) })[0]?.tax).toBe(725n);
  });

  it("rounds each rate of each line away from zero at a half, and credits as it charged", () => {
    // 0.50 × 19 % = 0.095.
    expect(taxed({ taxable: 50n })[0]?.tax).toBe(10n);
    expect(taxed({ taxable: -50n })[0]?.tax).toBe(-10n);
    expect(taxed({ taxable: 50n, rounding: "half_even" })[0]?.tax).toBe(10n);
    expect(taxed({ taxable: 150n, rounding: "half_even" })[0]?.tax).toBe(28n);
  });

  it("leaves the tax to a business in another country of the group, and to nobody where an exemption holds", () => {
    const french = customer({ country: "FR", taxId: "FR12" });
    expect(taxed({ customer: french })[0]).toEqual({ tax: 0n, details: [], note: "reverse charge: FR12" });
    expect(taxed({ customer: customer({ country: "FR" }) })[0]?.tax).toBe(2_000n);
    expect(taxed({ customer: customer({ taxId: "DE1" }) })[0]?.tax).toBe(1_900n);
    const exemption = { certificate: "E-1", from: "2026-02-01", to: "2026-03-01" };
    const exempt = customer({ exemption });
    expect(taxed({ customer: exempt })[0]).toEqual({ tax: 0n, details: [], note: "exempt: E-1" });
    const inMarch = [{ taxable: 100n, taxCode: undefined, date: "2026-03-01" }];
    expect(taxed({ customer: exempt, lines: inMarch })[0]?.tax).toBe(19n);
  });

  it("never guesses: no country and no rate hold the document", () => {
    expect(TABLE.tax(request({ customer: customer({ country: undefined }) }))).toMatchObject({
      hold: "tax-address-missing",
    });
    expect(TABLE.tax(request({ customer: customer({ country: "JP" }) }))).toEqual({
      hold: "tax-rate-missing",
      detail: "no rate of JP on 2026-02-28",
    });
    const early = [{ taxable: 100n, taxCode: undefined, date: "2020-12-31" }];
    expect(TABLE.tax(request({ lines: early }))).toMatchObject({ hold: "tax-rate-missing" });
  });

  it("takes the tax out of prices that include it: net and tax are the price, the net is right to half a unit", () => {
    // 119.00 gross is 100.00 and 19.00.
    expect(taxed({ taxable: 11_900n, pricesIncludeTax: true })[0]?.tax).toBe(1_900n);
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (gross) => {
        const tax = taxed({ taxable: gross, pricesIncludeTax: true })[0]?.tax ?? 0n;
        // |net × 1.19 − gross| ≤ 1.19 ÷ 2 + the rounding of the tax itself.
        const difference = (gross - tax) * 119n - gross * 100n;
        expect(difference <= 60n && difference >= -60n).toBe(true);
      }),
    );
  });

  it("refuses rates of one place that overlap or leave a day out", () => {
    expect(
      taxRateFaults([
        rate("b", { from: "2026-01-01" }),
        rate("a", { from: "2021-01-01", to: "2025-07-01" }),
        rate("c", { from: "2027-01-01" }),
      ]),
    ).toEqual([
      { index: 0, message: "leaves a gap behind a, which holds to 2025-07-01" },
      { index: 2, message: "overlaps with b, which holds to ever" },
    ]);
  });
});
