import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { MappedReferences, PostedInvoice, PostedLine } from "../../../../src/model/posting.ts";
import { negatedDecimal, sumOfDecimals } from "../../../../src/sinks/erp/common/decimals.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import type {
  InvoiceRequest,
  PlanOf,
  PlanSettings,
} from "../../../../src/sinks/erp/finance-operations/plan.ts";
import { planInvoice } from "../../../../src/sinks/erp/finance-operations/plan-invoice.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { command, invoice, line, PREFIX, REFERENCES, SETTINGS } from "./finance-operations-fixture.ts";

const SALES_TAX = { taxes: "sales-tax" } as const;

function plan(
  document: PostedInvoice,
  settings: Partial<PlanSettings> = {},
  references: MappedReferences = REFERENCES,
): PlanOf<InvoiceRequest> {
  return planInvoice(command(document, { references }), document, {
    prefix: PREFIX,
    settings: { ...SETTINGS, ...settings },
  });
}

function sent({ request: { header, lines } }: PlanOf<InvoiceRequest>): unknown {
  return readExactJson(writeExactJson({ header, lines }));
}

function faultOf(act: () => unknown): ErpFault | undefined {
  try {
    act();
    return undefined;
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
}

describe("an invoice", () => {
  it("says every amount, with taxes as lines of their account", () => {
    const planned = plan(invoice({ lines: [line({ dimensions: { region: "west" } })] }));
    const { externalId } = planned;
    expect(externalId).toMatch(/^umr-[a-z2-7]{16}$/);
    const customer = planned.expected.customer ?? "";
    expect(sent(planned)).toEqual({
      header: {
        dataAreaId: "usmf",
        ExternalInvoiceId: externalId,
        CustomerAccount: customer,
        CurrencyCode: "USD",
        InvoiceDate: "2026-06-30T12:00:00Z",
        DocumentDate: "2026-06-30T12:00:00Z",
        DueDate: "2026-07-30T12:00:00Z",
        CustomerReference: externalId,
        CustomerRequisition: "N-1",
        InclTax: "No",
        SalesTaxGroupId: "",
        SalesTaxItemGroupId: "",
      },
      lines: [
        {
          dataAreaId: "usmf",
          ExternalInvoiceId: externalId,
          LineNumber: "1",
          Description: "API access",
          InvoiceText: "API access (quantity 1204331, 2026-06-01 to 2026-07-01); Usage of June 2026",
          MainAccountDisplayValue: "401100-022-WEST",
          Quantity: "1",
          UnitPrice: "120.5",
          TransactionCurrencyAmount: "120.50",
          SalesTaxGroupId: "",
          SalesTaxItemGroupId: "",
        },
        {
          dataAreaId: "usmf",
          ExternalInvoiceId: externalId,
          LineNumber: "2",
          Description: "Sales tax 6 %, US/CA",
          InvoiceText: "Sales tax 6 %, US/CA",
          MainAccountDisplayValue: "203100--",
          Quantity: "1",
          UnitPrice: "7.23",
          TransactionCurrencyAmount: "7.23",
          SalesTaxGroupId: "",
          SalesTaxItemGroupId: "",
        },
      ],
    });
    expect(planned.expected).toEqual({
      customer,
      legalEntity: "usmf",
      currency: "USD",
      date: "2026-06-30",
      total: "127.73",
      tax: "0",
      lines: [
        { reference: "401100-022-WEST", amount: "120.50" },
        { reference: "203100", amount: "7.23" },
      ],
    });
  });

  it("names groups instead where the environment works taxes out", () => {
    const planned = plan(invoice(), SALES_TAX);
    expect(planned.request.lines).toHaveLength(1);
    expect(planned.request.lines[0]).toMatchObject({ SalesTaxGroupId: "CA", SalesTaxItemGroupId: "ALL" });
    expect(planned.expected).toMatchObject({ total: "127.73", tax: "7.23" });
  });

  it("has untaxed groups where the company's row names them", () => {
    const north = {
      ...REFERENCES.legal_entity?.["north"],
      sales_tax_group: "NONE",
      item_sales_tax_group: "ALL",
    };
    const planned = plan(invoice(), {}, { ...REFERENCES, legal_entity: { north } });
    expect(planned.request.header).toMatchObject({ SalesTaxGroupId: "NONE", SalesTaxItemGroupId: "ALL" });
    expect(planned.request.lines[1]).toMatchObject({ SalesTaxGroupId: "NONE", SalesTaxItemGroupId: "ALL" });
  });

  it("gives back by negative lines", () => {
    const memo = invoice({ kind: "credit-memo", corrects: { key: "invoice:north:N-1", number: "N-1" } });
    const planned = plan(memo);
    expect(
      planned.request.lines.map((each) => writeExactJson(each["TransactionCurrencyAmount"] ?? null)),
    ).toEqual(["-120.5", "-7.23"]);
    expect(sent(planned)).toMatchObject({
      lines: [
        { Quantity: "-1", UnitPrice: "120.5" },
        { Quantity: "-1", UnitPrice: "7.23" },
      ],
    });
    expect(planned.request.header["DueDate"]).toBeUndefined();
    expect(planned.request.lines[0]?.["InvoiceText"]).toContain("corrects N-1");
    // Both sides are compared as the memo has them.
    expect(planned.expected).toMatchObject({
      total: "127.73",
      lines: [{ amount: "120.5" }, { amount: "7.23" }],
    });
  });

  it("lets a line's own dimensions stand over those of its item, and falls back to the item for all", () => {
    const lines = [
      line({ dimensions: { team: "sales" } }),
      line({ line: 2, item: "other", net: "0", tax: "0", taxes: [] }),
    ];
    const planned = plan(invoice({ lines }));
    expect(planned.expected.lines.map(({ reference }) => reference)).toEqual([
      "401100-023",
      "401200",
      "203100",
    ]);
    const plain = plan(
      invoice(),
      { ledgerDimensions: [] },
      { ...REFERENCES, item: { "*": { main_account: "401200" } } },
    );
    expect(plain.expected.lines[0]?.reference).toBe("401200");
  });

  it("cuts descriptions, never the facts behind them", () => {
    const long = "é".repeat(2_000);
    const planned = plan(invoice({ lines: [line({ description: long })] }));
    const [first] = planned.request.lines;
    expect(first?.["Description"]).toBe("é".repeat(60));
    expect(first?.["InvoiceText"]).toHaveLength(1_000);
    expect(first?.["InvoiceText"]).toContain("quantity 1204331");
  });

  it("is told apart by the legal entity and the connection's prefix, in 20 characters", () => {
    const document = invoice();
    const ids = ["umr-", "umr", "tributary-", "tributary-2-", "Umr-"].map(
      (prefix) => planInvoice(command(document), document, { prefix, settings: SETTINGS }).externalId,
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9-]{20}$/);
    const other = planInvoice(command(document, { key: "invoice:south:N-1" }), document, {
      prefix: "umr-",
      settings: SETTINGS,
    });
    expect(other.externalId).not.toBe(ids[0]);
  });
});

describe("what can't be said is refused before anything is sent", () => {
  const taxed = (changes: object): PostedLine => {
    const tax = { ...line().taxes[0]!, ...changes };
    return line({ tax: tax.amount, taxes: [tax] });
  };
  const withTax = (tax: string, total: string, changes: object): PostedInvoice =>
    invoice({ lines: [taxed({ amount: tax, ...changes })], tax, total });

  it.each<[string, PostedInvoice, Partial<PlanSettings>]>([
    ["sums that differ", invoice({ total: "127.74" }), {}],
    ["a tax of another amount", withTax("7.24", "127.74", {}), SALES_TAX],
    ["a tax of another basis", withTax("7.23", "127.73", { basis: "100" }), SALES_TAX],
    ["a number that is too long", invoice({ number: "N".repeat(21) }), {}],
    [
      "digits that the currency hasn't",
      invoice({
        lines: [line({ net: "1.005", tax: "0", taxes: [] })],
        net: "1.005",
        tax: "0",
        total: "1.005",
      }),
      {},
    ],
    [
      "more digits than the tables hold",
      invoice({
        lines: [line({ net: "123456789012345.67", tax: "0", taxes: [] })],
        net: "123456789012345.67",
        tax: "0",
        total: "123456789012345.67",
      }),
      {},
    ],
  ])("validation: %s", (_, document, settings) => {
    expect(faultOf(() => plan(document, settings))?.kind).toBe("validation");
  });

  it.each<[string, MappedReferences, Partial<PlanSettings>, string]>([
    ["no company", { legal_entity: {} }, {}, "no row for legal_entity"],
    ["no account of an item", { item: { "*": {} } }, {}, "no main_account"],
    ["no account of a tax", { tax: { "ca-state": { sales_tax_group: "CA" } } }, {}, "no main_account"],
    ["no groups of a tax", { tax: { "ca-state": { main_account: "1" } } }, SALES_TAX, "no sales_tax_group"],
    [
      "a dimension that accounts lack",
      { item: { "*": { main_account: "1", dimensions: "Site=1" } } },
      {},
      "no dimension Site",
    ],
    [
      "dimensions of another form",
      { item: { "*": { main_account: "1", dimensions: "Site" } } },
      {},
      "must look like",
    ],
    [
      "an account with the delimiter",
      { item: { "*": { main_account: "40-1" } } },
      {},
      "contains the delimiter",
    ],
  ])("mapping: %s", (_, references, settings, message) => {
    const fault = faultOf(() => plan(invoice(), settings, { ...REFERENCES, ...references }));
    expect(fault?.kind).toBe("mapping");
    expect(fault?.message).toContain(message);
  });

  it("mapping: two taxes of a line with different groups", () => {
    const [first] = line().taxes;
    const two = line({ tax: "14.46", taxes: [first!, { ...first!, key: "ca-district" }] });
    const document = invoice({ lines: [two], tax: "14.46", total: "134.96" });
    expect(faultOf(() => plan(document, SALES_TAX))?.kind).toBe("mapping");
  });
});

const cents = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
const textOfCents = (amount: bigint): string => {
  const digits = String(amount < 0n ? -amount : amount).padStart(3, "0");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
const LINES = z.looseObject({
  lines: z.array(
    z.looseObject({ Quantity: z.string(), UnitPrice: z.string(), TransactionCurrencyAmount: z.string() }),
  ),
});

it("what is sent comes to the document's total, for any invoice and memo", () => {
  const amounts = fc.array(
    fc.record({
      net: cents,
      taxes: fc.array(fc.tuple(fc.constantFrom("ca-state", "ca-district"), cents), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(amounts, fc.constantFrom("invoice" as const, "credit-memo" as const), (all, kind) => {
      const taxOf = (taxes: readonly (readonly [string, bigint])[]): bigint =>
        taxes.reduce((sum, [, amount]) => sum + amount, 0n);
      const lines = all.map(({ net, taxes }, index) =>
        line({
          line: index + 1,
          net: textOfCents(net),
          tax: textOfCents(taxOf(taxes)),
          taxes: taxes.map(([key, amount]) => ({ ...line().taxes[0]!, key, amount: textOfCents(amount) })),
        }),
      );
      const net = all.reduce((sum, each) => sum + each.net, 0n);
      const tax = all.reduce((sum, each) => sum + taxOf(each.taxes), 0n);
      const document = invoice({
        kind,
        lines,
        net: textOfCents(net),
        tax: textOfCents(tax),
        total: textOfCents(net + tax),
      });
      const body = LINES.parse(sent(plan(document)));
      for (const { Quantity: quantity, UnitPrice: price, TransactionCurrencyAmount: amount } of body.lines)
        expect(sumOfDecimals([quantity === "-1" ? negatedDecimal(price) : price])).toBe(
          sumOfDecimals([amount]),
        );
      const total = sumOfDecimals(body.lines.map((each) => each.TransactionCurrencyAmount));
      expect(total).toBe(
        kind === "invoice" ? sumOfDecimals([document.total]) : negatedDecimal(document.total),
      );
    }),
  );
});

it("takes a tax as the environment works it out, half away from zero, and no other", () => {
  fc.assert(
    fc.property(
      cents,
      fc.integer({ min: 0, max: 4_000 }),
      fc.integer({ min: -1, max: 1 }),
      (net, rate, off) => {
        // Percent with two digits: a product of 10^-6 of the currency's unit.
        const product = net * BigInt(rate);
        const magnitude = product < 0n ? -product : product;
        const rounded = (magnitude + 5_000n) / 10_000n;
        const exact = product < 0n ? -rounded : rounded;
        const amount = textOfCents(exact + BigInt(off));
        const percent = `${Math.trunc(rate / 100)}.${String(rate % 100).padStart(2, "0")}`;
        const tax = { ...line().taxes[0]!, percent, basis: textOfCents(net), amount };
        const document = invoice({
          lines: [line({ net: textOfCents(net), tax: amount, taxes: [tax] })],
          net: textOfCents(net),
          tax: amount,
          total: textOfCents(net + exact + BigInt(off)),
        });
        expect(faultOf(() => plan(document, SALES_TAX))?.code).toBe(off === 0 ? undefined : "tax-differs");
      },
    ),
  );
});
