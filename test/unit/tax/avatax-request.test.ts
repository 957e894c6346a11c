import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { DocumentTaxRequest, TaxRequestLine } from "../../../src/model/tax-service.ts";
import { JsonDecimal, readExactJson, writeExactJson } from "../../../src/sinks/http/exact-json.ts";
import {
  createTransactionBody,
  transactionOf,
  transactionPath,
} from "../../../src/sinks/tax/avatax/create-request.ts";

const line = (fields: Partial<TaxRequestLine> = {}): TaxRequestLine => ({
  line: 1,
  amount: "100.00",
  quantity: "2000",
  item: "api",
  description: "API",
  taxCode: "SW056000",
  taxDate: "2026-01-31",
  exemption: undefined,
  corrects: undefined,
  ...fields,
});

const request = (fields: Partial<DocumentTaxRequest> = {}): DocumentTaxRequest => ({
  document: "C-1:2",
  kind: "sale",
  company: "NORTH",
  currency: "USD",
  date: "2026-02-03",
  customer: "acme",
  taxId: undefined,
  entityUseCode: undefined,
  seller: { street: undefined, city: "Seattle", region: "WA", postalCode: "98101", country: "US" },
  buyer: { street: "1 Main St", city: "Los Angeles", region: "CA", postalCode: "90012", country: "US" },
  pricesIncludeTax: false,
  lines: [line()],
  ...fields,
});

/** The body as text and back: what the service reads, numbers as texts. */
const body = (fields: Partial<DocumentTaxRequest> = {}): unknown =>
  readExactJson(writeExactJson(createTransactionBody(request(fields))));

describe("a request to AvaTax", () => {
  it("says all that is known, and nothing else", () => {
    expect(body()).toEqual({
      code: "C-1:2",
      type: "SalesInvoice",
      companyCode: "NORTH",
      date: "2026-02-03",
      customerCode: "acme",
      currencyCode: "USD",
      commit: false,
      addresses: {
        shipFrom: { city: "Seattle", region: "WA", postalCode: "98101", country: "US" },
        shipTo: {
          line1: "1 Main St",
          city: "Los Angeles",
          region: "CA",
          postalCode: "90012",
          country: "US",
        },
      },
      lines: [
        {
          number: "1",
          amount: "100.00",
          quantity: "2000",
          itemCode: "api",
          description: "API",
          taxCode: "SW056000",
          taxIncluded: false,
          taxOverride: { type: "TaxDate", taxDate: "2026-01-31", reason: "End of the service period" },
        },
      ],
    });
  });

  it("overrides the date only where it is another one, and says what a correction corrects", () => {
    expect(body({ lines: [line({ taxDate: "2026-02-03" })] })).not.toHaveProperty("lines.0.taxOverride");
    const corrected = body({ lines: [line({ corrects: "C-1:1" })] });
    expect(corrected).toMatchObject({
      referenceCode: "C-1:1",
      lines: [{ taxOverride: { taxDate: "2026-01-31", reason: "Correction of C-1:1" } }],
    });
  });

  it("makes a return of a document that gives back, with a positive quantity", () => {
    const lines = [line({ amount: "-100.00", quantity: "-2000" }), line({ line: 2, quantity: "0" })];
    const given = body({ kind: "return", lines });
    expect(given).toMatchObject({
      type: "ReturnInvoice",
      lines: [{ amount: "-100.00", quantity: "2000" }, {}],
    });
    expect(given).not.toHaveProperty("lines.1.quantity");
  });

  it("exempts the document where all of it is exempt, else the lines that are", () => {
    const exempt = line({ exemption: "E-1" });
    expect(body({ lines: [exempt, exempt], entityUseCode: "G", taxId: "DE1" })).toMatchObject({
      exemptionNo: "E-1",
      entityUseCode: "G",
      businessIdentificationNo: "DE1",
    });
    const mixed = body({ lines: [exempt, line({ line: 2 })] });
    expect(mixed).not.toHaveProperty("exemptionNo");
    expect(mixed).toMatchObject({ lines: [{ exemptionCode: "E-1" }, {}] });
  });

  it("gives documents with long ids codes of their own that fit", () => {
    const codeOf = (document: string): string => transactionOf(request({ document })).code;
    const [one, other] = [codeOf(`${"x".repeat(60)}:1`), codeOf(`${"x".repeat(60)}:2`)];
    expect([one.length, other.length]).toEqual([50, 50]);
    expect(one).not.toBe(other);
    expect(codeOf(`${"x".repeat(60)}:1`)).toBe(one);
  });

  it("writes what a path can't take as AvaTax wants it", () => {
    const transaction = { service: "avatax", company: "A/S", code: "C+1 ?:2#%", type: "SalesInvoice" };
    expect(transactionPath(transaction)).toBe(
      "/api/v2/companies/A_-ava2f-_S/transactions/C_-ava2b-_1%20_-ava3f-_%3A2_-ava23-__-ava25-_",
    );
  });
});

describe("exact JSON", () => {
  it("keeps numbers that a binary float would not", () => {
    const text = '{"a":12345678901234567.89,"b":["1.5",-0.10,1e2,"\\"2"],"c":null,"d":{"e":true}}';
    expect(readExactJson(text)).toEqual({
      a: "12345678901234567.89",
      b: ["1.5", "-0.10", "1e2", '"2'],
      c: null,
      d: { e: true },
    });
    expect(writeExactJson({ a: new JsonDecimal("12345678901234567.89"), b: undefined, c: ["1.5"] })).toBe(
      '{"a":12345678901234567.89,"c":["1.5"]}',
    );
    expect(() => readExactJson('{"a":}')).toThrow(SyntaxError);
    expect(() => new JsonDecimal("1.2.3")).toThrow(RangeError);
  });

  it("reads any JSON like JSON.parse, but for its numbers", () => {
    const withTexts = (value: unknown): unknown => {
      if (typeof value === "number") return JSON.stringify(value);
      if (Array.isArray(value)) return value.map(withTexts);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withTexts(member)]));
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(readExactJson(text)).toEqual(withTexts(JSON.parse(text)));
      }),
    );
  });
});
