import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { PostedInvoice, PostedLine } from "../../../../src/model/posting.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { sumOfDecimals } from "../../../../src/sinks/erp/common/decimals.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import type { NetsuitePlan, PlanSettings, UpsertRequest } from "../../../../src/sinks/erp/netsuite/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/netsuite/plan-command.ts";
import { command, CONTEXT, invoice, line, PREFIX, REFERENCES, SETTINGS } from "./netsuite-fixture.ts";

function plan(
  document: PostedInvoice,
  settings: Partial<PlanSettings> = {},
  references = REFERENCES,
): NetsuitePlan {
  return planCommand(command(document, { references }), {
    prefix: PREFIX,
    settings: { ...SETTINGS, ...settings },
  });
}
function requestOf(planned: NetsuitePlan): UpsertRequest {
  if (planned.request.kind !== "upsert") throw new Error("not an upsert");
  return planned.request;
}
/** What is sent, with numbers as their texts. */
function sent(planned: NetsuitePlan): Record<string, unknown> {
  return z.looseObject({}).parse(readExactJson(writeExactJson(requestOf(planned).body)));
}
const SALE = z.looseObject({
  item: z.looseObject({
    items: z.array(
      z.looseObject({ amount: z.string(), rate: z.string(), quantity: z.string(), description: z.string() }),
    ),
  }),
  taxDetails: z.looseObject({ items: z.array(z.looseObject({ taxAmount: z.string() })) }).optional(),
});
function faultOf(act: () => unknown): ErpFault | undefined {
  try {
    act();
    return undefined;
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
}

describe("plan of an invoice", () => {
  it("says every amount, with taxes as they were worked out", () => {
    const planned = plan(invoice());
    expect(requestOf(planned)).toMatchObject({
      recordType: "invoice",
      replace: ["item", "taxDetails"],
      number: "N-1",
    });
    expect(planned.externalId).toMatch(/^umr-invoice_north_N-1_[0-9a-f]{20}$/);
    expect(sent(planned)).toEqual({
      externalId: planned.externalId,
      entity: { externalId: "umr-customer_north_acme" },
      subsidiary: { id: "1" },
      currency: { id: "1" },
      tranId: "N-1",
      tranDate: "2026-06-30",
      dueDate: "2026-07-30",
      memo: "N-1: Usage of June 2026",
      item: {
        items: [
          {
            item: { id: "86" },
            quantity: "1",
            rate: "120.50",
            amount: "120.50",
            description: "API access (quantity 1204331)",
            taxDetailsReference: "L1",
          },
        ],
      },
      taxDetailsOverride: true,
      taxDetails: {
        items: [
          {
            taxDetailsReference: "L1",
            taxType: { id: "9" },
            taxCode: { id: "22" },
            taxRate: "6",
            taxBasis: "120.50",
            taxAmount: "7.23",
          },
        ],
      },
    });
    expect(planned.expected).toEqual({
      customer: "umr-customer_north_acme",
      legalEntity: "1",
      currency: "1",
      date: "2026-06-30",
      total: "127.73",
      tax: "7.23",
      lines: [{ reference: "86", amount: "120.50" }],
    });
  });

  it("writes numbers digit by digit, whatever their size", () => {
    const huge = "90071992547409931.07";
    const planned = plan(
      invoice({ lines: [line({ net: huge, tax: "0", taxes: [] })], net: huge, tax: "0", total: huge }),
    );
    expect(writeExactJson(requestOf(planned).body)).toContain(`"rate":${huge},"amount":${huge}`);
  });

  it("overrides taxes also where there are none, so that NetSuite works out none", () => {
    const planned = plan(invoice({ lines: [line({ tax: "0", taxes: [] })], tax: "0", total: "120.50" }));
    expect(sent(planned)).toMatchObject({ taxDetailsOverride: true, taxDetails: { items: [] } });
  });

  it("puts prepaid credits on a negative line", () => {
    const planned = plan(
      invoice({
        lines: [
          line(),
          line({
            line: 2,
            kind: "credits",
            item: "credits",
            quantity: null,
            net: "-20",
            tax: "0",
            taxes: [],
          }),
        ],
        net: "100.50",
        total: "107.73",
      }),
    );
    expect(planned.expected.lines).toEqual([
      { reference: "86", amount: "120.50" },
      { reference: "89", amount: "-20" },
    ]);
    expect(sent(planned)).toMatchObject({
      item: {
        items: [
          {},
          { item: { id: "89" }, quantity: "1", rate: "-20", amount: "-20", description: "API access" },
        ],
      },
    });
  });

  it("falls back to the item that stands for all", () => {
    expect(plan(invoice({ lines: [line({ item: "unheard-of" })] })).expected.lines).toEqual([
      { reference: "87", amount: "120.50" },
    ]);
  });

  it("takes dimensions, the item's defaults and a period from the mapping", () => {
    const references = {
      ...REFERENCES,
      item: { api: { id: "86", class: "3", location: "9" } },
      period: { "2026-06": { id: "121" } },
    };
    const document = invoice({ lines: [line({ dimensions: { region: "west", team: "sales" } })] });
    expect(sent(plan(document, {}, references))).toMatchObject({
      postingPeriod: { id: "121" },
      item: { items: [{ department: { id: "5" }, class: { id: "3" }, location: { id: "1" } }] },
    });
  });

  it("fills custom fields of lines with texts", () => {
    const planned = plan(invoice(), {
      lineFields: {
        quantity: "custcol_q",
        meter: "custcol_m",
        periodStart: "custcol_s",
        periodEnd: "custcol_e",
      },
    });
    expect(JSON.parse(writeExactJson(requestOf(planned).body))).toMatchObject({
      item: {
        items: [
          {
            custcol_q: "1204331",
            custcol_m: "requests",
            custcol_s: "2026-06-01",
            custcol_e: "2026-07-01",
          },
        ],
      },
    });
  });

  it("leaves numbers to NetSuite where it is told so", () => {
    const planned = plan(invoice(), { ownNumbers: false });
    expect(requestOf(planned).number).toBeNull();
    expect(sent(planned)).not.toHaveProperty("tranId");
  });

  it("uses a customer that the mapping names by its id", () => {
    const planned = plan(invoice(), {}, { ...REFERENCES, customer: { acme: { id: "614" } } });
    expect(sent(planned)).toMatchObject({ entity: { id: "614" } });
    expect(planned.expected.customer).toBe("614");
  });

  it("makes lines of taxes without SuiteTax: one a tax, of the sum", () => {
    const second = line({ line: 2, net: "10", tax: "0.95" });
    const taxes = [
      { ...line().taxes[0]!, basis: "10", amount: "0.6" },
      { ...line().taxes[0]!, key: "ca-district", percent: "3.5", basis: "10", amount: "0.35" },
    ];
    const planned = plan(
      invoice({ lines: [line(), { ...second, taxes }], net: "130.50", tax: "8.18", total: "138.68" }),
      { taxes: "lines" },
    );
    expect(requestOf(planned).replace).toEqual(["item"]);
    expect(planned.expected).toMatchObject({
      total: "138.68",
      tax: "0",
      lines: [
        { reference: "86", amount: "120.50" },
        { reference: "86", amount: "10" },
        { reference: "88", amount: "7.83" },
        { reference: "88", amount: "0.35" },
      ],
    });
    const body = sent(planned);
    expect(body).not.toHaveProperty("taxDetails");
    expect(body).not.toHaveProperty("taxDetailsOverride");
  });

  it("cuts a description, and neither its quantity nor a character of it", () => {
    const planned = plan(invoice({ lines: [line({ description: "😀".repeat(3_000), adjusts: "N-0" })] }));
    const description = SALE.parse(sent(planned)).item.items[0]?.description ?? "";
    expect(description.length).toBeLessThanOrEqual(4_000);
    expect(description).toMatch(/^(😀)+ \(quantity 1204331, corrects N-0\)$/u);
  });
});

describe("plan of a credit memo", () => {
  const memo = invoice({
    kind: "credit-memo",
    number: "C-1",
    corrects: { key: "invoice:north:N-1", number: "N-1" },
  });

  it("names what it corrects, and is applied to it", () => {
    const planned = planCommand(
      command(memo, { after: ["customer:north:acme", "invoice:north:N-1"] }),
      CONTEXT,
    );
    expect(requestOf(planned)).toMatchObject({
      recordType: "creditMemo",
      applyTo: { externalId: plan(invoice()).externalId, mustExist: true },
    });
    expect(sent(planned)).toMatchObject({ memo: "C-1, corrects N-1: Usage of June 2026" });
    expect(sent(planned)).not.toHaveProperty("dueDate");
  });

  it("does without an invoice that was never posted here", () => {
    expect(requestOf(plan(memo)).applyTo).toMatchObject({ mustExist: false });
  });
});

describe("what is not planned", () => {
  it.each<[string, Partial<PostedInvoice>, string]>([
    [
      "lines that don't come to the net",
      { net: "120.51", total: "127.74" },
      "the lines' net amounts come to 120.5",
    ],
    ["taxes that don't come to the tax", { tax: "7.24", total: "127.74" }, "the lines' taxes come to 7.23"],
    ["a total that is not their sum", { total: "127.74" }, "net and tax come to 127.73"],
    [
      "taxes of a line that don't come to its tax",
      { lines: [line({ taxes: [] })] },
      "the taxes of line 1 come to 0",
    ],
    [
      "an amount with more digits than a rate",
      {
        lines: [line({ net: "0.123456789", tax: "0", taxes: [] })],
        net: "0.123456789",
        tax: "0",
        total: "0.123456789",
      },
      "can't hold the amount",
    ],
    ["a number that NetSuite has no room for", { number: "N".repeat(46) }, "at most 45 characters"],
  ])("%s", (_, changes, message) => {
    const fault = faultOf(() => plan(invoice(changes)));
    expect(fault?.kind).toBe("validation");
    expect(fault?.message).toContain(message);
  });

  it.each<[string, object, Partial<PlanSettings>]>([
    ['legal_entity "north"', { legal_entity: {} }, {}],
    ['currency "USD"', { currency: {} }, {}],
    ['item "api"', { item: {} }, {}],
    ['tax "ca-state"', { tax: {} }, {}],
    ['no code for tax "ca-state"', { tax: { "ca-state": { type: "9" } } }, {}],
    ['no item for tax "ca-state"', { tax: { "ca-state": { type: "9", code: "22" } } }, { taxes: "lines" }],
    ['dimension "region=west"', { dimension: {} }, {}],
    ["a line has no field entity", { dimension: { "region=west": { field: "entity", id: "1" } } }, {}],
  ])("what the mapping lacks: %s", (message, references, settings) => {
    const document = invoice({ lines: [line({ dimensions: { region: "west" } })] });
    const fault = faultOf(() => plan(document, settings, { ...REFERENCES, ...references }));
    expect(fault?.kind).toBe("mapping");
    expect(fault?.message).toContain(message);
  });
});

/** Amounts of cents as texts, in any form that a decimal may have. */
const cents = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const textOfCents = (amount: bigint): string => {
  const digits = String(amount < 0n ? -amount : amount).padStart(3, "0");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

const lines = fc.array(
  fc.record({
    net: cents,
    taxes: fc.array(fc.tuple(fc.constantFrom("ca-state", "ca-district"), cents), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 20 },
);

it("what is sent comes to the document's total, for any invoice", () => {
  fc.assert(
    fc.property(lines, fc.constantFrom("suitetax" as const, "lines" as const), (amounts, taxes) => {
      const taxOf = (all: readonly (readonly [string, bigint])[]): bigint =>
        all.reduce((sum, [, amount]) => sum + amount, 0n);
      const posted = amounts.map(({ net, taxes: lineTaxes }, index): PostedLine =>
        line({
          line: index + 1,
          net: textOfCents(net),
          tax: textOfCents(taxOf(lineTaxes)),
          taxes: lineTaxes.map(([key, amount]) => ({
            ...line().taxes[0]!,
            key,
            basis: textOfCents(net),
            amount: textOfCents(amount),
          })),
        }),
      );
      const net = amounts.reduce((sum, each) => sum + each.net, 0n);
      const tax = amounts.reduce((sum, each) => sum + taxOf(each.taxes), 0n);
      const document = invoice({
        lines: posted,
        net: textOfCents(net),
        tax: textOfCents(tax),
        total: textOfCents(net + tax),
      });
      const body = SALE.parse(sent(plan(document, { taxes })));
      const items = body.item.items;
      expect(items.every((item) => item.quantity === "1" && item.rate === item.amount)).toBe(true);
      const total = sumOfDecimals([
        ...items.map((item) => item.amount),
        ...(body.taxDetails?.items ?? []).map((detail) => detail.taxAmount),
      ]);
      expect(total).toBe(sumOfDecimals([document.total]));
    }),
  );
});
