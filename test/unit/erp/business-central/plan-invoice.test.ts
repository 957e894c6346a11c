import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sumDecimals } from "../../../../src/model/exact-sum.ts";
import type { MappedReferences, PostedInvoice, PostedLine } from "../../../../src/model/posting.ts";
import {
  type BusinessCentralPlan,
  isSale,
  type PlanSettings,
  type SaleRequest,
} from "../../../../src/sinks/erp/business-central/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/business-central/plan-command.ts";
import { JsonDecimal, readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { NORTH } from "../../../simulators/business-central/environment.ts";
import {
  command,
  CONTEXT,
  invoice,
  line,
  memo,
  PREFIX,
  REFERENCES,
  SETTINGS,
  untaxed,
} from "./business-central-fixture.ts";

function plan(
  document: PostedInvoice,
  references: MappedReferences = {},
  settings: Partial<PlanSettings> = {},
): BusinessCentralPlan<SaleRequest> {
  const planned = planCommand(command(document, { references: { ...REFERENCES, ...references } }), {
    prefix: PREFIX,
    settings: { ...SETTINGS, ...settings },
  });
  if (!isSale(planned)) throw new Error("it is no sale");
  return planned;
}
const json = (value: Parameters<typeof writeExactJson>[0]): unknown => readExactJson(writeExactJson(value));
const fault = (act: () => unknown): unknown => {
  try {
    act();
    return undefined;
  } catch (reason) {
    return reason;
  }
};

it("an invoice is sent as this", () => {
  const planned = plan(invoice({ lines: [line({ dimensions: { team: "sales", region: "west" } })] }));
  expect(planned.externalId).toBe("UMR-NORTH-N-1.HAJB7Q52UWHO2OUQ");
  expect(json(planned.request.header)).toEqual({
    externalDocumentNumber: planned.externalId,
    invoiceDate: "2026-06-30",
    postingDate: "2026-06-30",
    dueDate: "2026-07-30",
    customerNumber: "UMR-ACME",
    currencyCode: "USD",
    customerPurchaseOrderReference: "N-1",
  });
  expect(json(planned.request.lines)).toEqual([
    { sequence: "10000", lineType: "Comment", description: "N-1: Usage of June 2026" },
    {
      sequence: "20000",
      lineType: "Account",
      lineObjectNumber: "4000",
      description: "API access (quantity 1204331)",
      description2: "2026-06-01 - 2026-07-01",
      quantity: "1",
      unitPrice: "120.5",
      taxCode: "TAXABLE",
      dimensionSetLines: [
        { code: "REGION", valueCode: "WEST" },
        { code: "DEPARTMENT", valueCode: "SALES" },
      ],
    },
  ]);
  expect(planned.expected).toEqual({
    customer: "UMR-ACME",
    legalEntity: NORTH,
    currency: "USD",
    date: "2026-06-30",
    total: "127.73",
    tax: "7.23",
    lines: [{ reference: "Account 4000", amount: "120.50" }],
  });
  expect(planned.request.applyTo).toBeNull();
});

it("a memo is sent as this", () => {
  const planned = planCommand(memo(), CONTEXT);
  if (!isSale(planned)) throw new Error("it is no sale");
  expect(json(planned.request.header)).toEqual({
    externalDocumentNumber: planned.externalId,
    creditMemoDate: "2026-06-30",
    postingDate: "2026-06-30",
    customerNumber: "UMR-ACME",
    currencyCode: "USD",
  });
  expect(planned.request.applyTo).toEqual({ externalId: plan(invoice()).externalId, mustExist: true });
  expect(json(planned.request.lines[0] ?? {})).toMatchObject({
    description: "C-1, corrects N-1: Usage of June 2026",
  });
});

it("an invoice that takes a memo back is applied to nothing", () => {
  const corrects = { key: "credit-memo:north:C-1", number: "C-1" };
  expect(plan(invoice({ corrects })).request.applyTo).toBeNull();
});

describe("lines", () => {
  it("below zero are one piece less", () => {
    const { request, expected } = plan(untaxed("N-1", "-5.25"));
    expect(json(request.lines[1] ?? {})).toMatchObject({ quantity: "-1", unitPrice: "5.25" });
    expect(expected.lines).toEqual([{ reference: "Account 4000", amount: "-5.25" }]);
  });

  it("keep the quantity where the description is cut, and fit the field", () => {
    const long = line({ description: `${"word ".repeat(40)}\nend`, adjusts: "N-0" });
    const { request } = plan(invoice({ lines: [long] }));
    const [, sent] = request.lines;
    const description = sent?.["description"];
    expect(description).toHaveLength(100);
    expect(description).toMatch(/\(quantity 1204331, corrects N-0\)$/);
    expect(description).not.toContain("\n");
  });

  it.each<[string, object, string]>([
    ["no row", { item: {} }, "no row for item"],
    ["neither account nor item", { item: { api: { tax_code: "NONE" } } }, "must have account or item"],
    ["both", { item: { api: { account: "1", item: "2" } } }, "must have account or item"],
    ["no company", { legal_entity: { north: { local_currency: "USD" } } }, "no company"],
    [
      "a company of nobody",
      { legal_entity: { north: { company: "x" } } },
      "not among the connection's companies",
    ],
    ["no currency", { currency: {} }, "no row for currency"],
    ["no tax code", { tax: { "ca-state": { account: "1" } } }, "no code for tax"],
  ])("with %s can't be planned: mapping", (_, references, message) => {
    expect(() => plan(invoice(), references)).toThrow(message);
    expect(fault(() => plan(invoice(), references))).toMatchObject({ kind: "mapping" });
  });

  it("with two values of one dimension can't be planned", () => {
    const dimension = {
      "region=west": { dimension: "REGION", value: "WEST" },
      "team=sales": { dimension: "region", value: "EAST" },
    };
    const lines = [line({ dimensions: { region: "west", team: "sales" } })];
    expect(fault(() => plan(invoice({ lines }), { dimension }))).toMatchObject({ kind: "mapping" });
    expect(fault(() => plan(invoice({ lines }), { dimension: {} }))).toMatchObject({ kind: "mapping" });
  });

  it.each(["0.000001", "1234567890123456"])("of the amount %s can't be said", (net) => {
    expect(fault(() => plan(untaxed("N-1", net)))).toMatchObject({ kind: "validation" });
  });
});

describe("taxes", () => {
  const district = { ...line().taxes[0]!, key: "ca-district", percent: "1", amount: "1.21" };
  const both = line({ tax: "8.44", taxes: [...line().taxes, district] });
  const document = invoice({ lines: [both], tax: "8.44", total: "128.94" });

  it("of several rates share the code of the goods", () => {
    expect(plan(document).request.lines[1]?.["taxCode"]).toBe("TAXABLE");
    const tax = { "ca-state": { code: "A" }, "ca-district": { code: "B" } };
    expect(() => plan(document, { tax })).toThrow("A and B");
    expect(fault(() => plan(document, { tax }))).toMatchObject({ kind: "mapping" });
  });

  it("that a line has none of have the item's code, or that of lines without", () => {
    const none = untaxed("N-1", "5");
    expect(plan(none).request.lines[1]?.["taxCode"]).toBeUndefined();
    expect(plan(none, {}, { untaxedCode: "NONE" }).request.lines[1]?.["taxCode"]).toBe("NONE");
    const item = { api: { account: "4000", tax_code: "exempt" } };
    expect(plan(none, { item }, { untaxedCode: "NONE" }).request.lines[1]?.["taxCode"]).toBe("EXEMPT");
  });

  it("are lines of their accounts, to the cent", () => {
    const { request, expected } = plan(document, {}, { taxes: "lines", untaxedCode: "NONE" });
    expect(expected).toMatchObject({
      total: "128.94",
      tax: "0",
      lines: [
        { reference: "Account 4000", amount: "120.50" },
        { reference: "Account 2210", amount: "7.23" },
        { reference: "Account 2220", amount: "1.21" },
      ],
    });
    expect(json(request.lines[2] ?? {})).toEqual({
      sequence: "30000",
      lineType: "Account",
      lineObjectNumber: "2210",
      description: "Sales tax 6 %, US/CA",
      quantity: "1",
      unitPrice: "7.23",
      taxCode: "NONE",
    });
    const nothing = line({ tax: "0", taxes: [{ ...line().taxes[0]!, amount: "0" }] });
    const free = invoice({ lines: [nothing], tax: "0", total: "120.50" });
    expect(plan(free, {}, { taxes: "lines" }).request.lines).toHaveLength(2);
  });
});

it("sums that don't add up are never sent", () => {
  for (const wrong of [{ net: "1" }, { tax: "1" }, { total: "1" }])
    expect(fault(() => plan(invoice(wrong)))).toMatchObject({ kind: "validation" });
});

it("a number that is too long for its field is refused", () => {
  expect(fault(() => plan(invoice({ number: "N".repeat(36) })))).toMatchObject({ kind: "validation" });
});

it("customers of the mapping are named by their numbers", () => {
  const { request } = plan(invoice(), { customer: { acme: { number: " c00010" } } });
  expect(request.header["customerNumber"]).toBe("C00010");
});

it("what is sent comes to the document's total, whatever its lines", () => {
  const cents = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }).map((value) => {
    const digits = String(value < 0n ? -value : value).padStart(3, "0");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  });
  const someLine = fc.record({ net: cents, taxes: fc.array(cents, { maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(someLine, { minLength: 1, maxLength: 8 }), fc.boolean(), (amounts, asLines) => {
      const lines = amounts.map(({ net, taxes }, index): PostedLine =>
        line({
          line: index + 1,
          net,
          tax: sumDecimals(taxes),
          taxes: taxes.map((amount, place) => ({
            ...line().taxes[0]!,
            key: place % 2 === 0 ? "ca-state" : "ca-district",
            amount,
          })),
        }),
      );
      const [net, tax] = [
        sumDecimals(lines.map((each) => each.net)),
        sumDecimals(lines.map((each) => each.tax)),
      ];
      const planned = plan(
        invoice({ lines, net, tax, total: sumDecimals([net, tax]) }),
        {},
        {
          taxes: asLines ? "lines" : "computed",
        },
      );
      const sent = planned.request.lines.flatMap((each): string[] => {
        const { quantity, unitPrice } = each;
        if (!(quantity instanceof JsonDecimal) || !(unitPrice instanceof JsonDecimal)) return [];
        return [quantity.text === "-1" ? `-${unitPrice.text}` : unitPrice.text];
      });
      expect(sumDecimals(sent)).toBe(sumDecimals(asLines ? [net, tax] : [net]));
      expect(sumDecimals(planned.expected.lines.map(({ amount }) => amount))).toBe(sumDecimals(sent));
    }),
  );
});
