import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { negatedDecimal, sumOfDecimals } from "../../../../src/sinks/erp/common/decimals.ts";
import type {
  OraclePlan,
  PlanSettings,
  TransactionRequest,
} from "../../../../src/sinks/erp/oracle-fusion/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/oracle-fusion/plan-command.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { bodyOf, command, invoice, line, memo, PREFIX, REFERENCES, SETTINGS } from "./oracle-fixture.ts";

function planned(
  posted = command(invoice()),
  settings: PlanSettings = SETTINGS,
): OraclePlan & { readonly request: TransactionRequest } {
  const plan = planCommand(posted, { prefix: PREFIX, settings });
  if (plan.request.kind !== "transaction") throw new Error("it is no transaction");
  return { ...plan, request: plan.request };
}

/** The body as it is sent. */
function sent(posted = command(invoice()), settings: PlanSettings = SETTINGS): string {
  return writeExactJson(bodyOf(planned(posted, settings).request));
}

function faultOf(act: () => unknown): ErpFault {
  try {
    act();
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

describe("an invoice", () => {
  it("is sent as it stands here, its amounts with their digits", () => {
    expect(sent()).toBe(
      '{"BusinessUnit":"North Operations","TransactionSource":"Tributary","TransactionNumber":"N-1",' +
        '"CrossReference":"umr-invoice:north:N-1","TransactionDate":"2026-06-30","AccountingDate":"2026-06-30",' +
        '"TransactionType":"Invoice","InvoiceCurrencyCode":"USD","PaymentTerms":"30 Net","DueDate":"2026-07-30",' +
        '"Comments":"N-1: Usage of June 2026","InvoiceStatus":"Incomplete","receivablesInvoiceLines":[{"LineNumber":1,' +
        '"MemoLine":"Usage","Description":"API access (quantity 1204331)","Quantity":1,"UnitSellingPrice":120.50,' +
        '"receivablesInvoiceLineTaxLines":[{"TaxRegimeCode":"US SALES TAX","TaxRateCode":"CA-STATE","TaxAmount":7.23}]}],' +
        '"receivablesInvoiceDistributions":[{"AccountClass":"Revenue","AccountCombination":"01-000-4110-0000",' +
        '"Amount":120.50,"InvoiceLineNumber":1}]}',
    );
  });

  it("is expected as the mapping names it", () => {
    expect(planned()).toMatchObject({
      externalId: "umr-invoice:north:N-1",
      expected: {
        customer: "umr-customer:north:acme",
        legalEntity: "North Operations",
        currency: "USD",
        date: "2026-06-30",
        total: "127.73",
        tax: "7.23",
        lines: [{ reference: "Usage", amount: "120.50" }],
      },
      request: {
        number: "N-1",
        source: "Tributary",
        billTo: { externalId: "umr-customer:north:acme" },
        applyTo: null,
      },
    });
  });

  it("names its legal entity's own source and type, and its customer's own account", () => {
    const north = {
      business_unit: "North",
      transaction_source: "Usage",
      invoice_type: "Usage Invoice",
      credit_memo_type: "Usage Credit",
    };
    const references = {
      ...REFERENCES,
      legal_entity: { north },
      customer: { acme: { account_number: "1005", site: "1026" } },
    };
    expect(planned(command(invoice(), { references }))).toMatchObject({
      expected: { customer: "1005" },
      request: {
        source: "Usage",
        billTo: { accountNumber: "1005", site: "1026" },
        sent: { body: { TransactionSource: "Usage", TransactionType: "Usage Invoice" } },
      },
    });
    expect(bodyOf(planned({ ...memo(), references }).request)["TransactionType"]).toBe("Usage Credit");
  });

  it("leaves terms to the customer's profile where the mapping has none for its days", () => {
    expect(readExactJson(sent(command(invoice({ dueDate: "2026-07-14" }))))).not.toHaveProperty(
      "PaymentTerms",
    );
  });

  it("keeps the quantity where a description is cut", () => {
    const long = command(invoice({ lines: [line({ description: "x".repeat(500), adjusts: "N-0" })] }));
    const [, description = ""] = /"Description":"([^"]*)"/.exec(sent(long)) ?? [];
    expect(description).toHaveLength(240);
    expect(description).toMatch(/x \(quantity 1204331, corrects N-0\)$/);
  });

  it("has one tax classification a line, or is refused", () => {
    const tax = {
      "ca-state": { regime: "R", rate_code: "A", classification: "STANDARD" },
      "ca-district": { regime: "R", rate_code: "B", classification: "REDUCED" },
    };
    const references = { ...REFERENCES, tax };
    expect(sent(command(invoice(), { references }))).toContain('"TaxClassificationCode":"STANDARD"');
    const taxes = [line().taxes[0]!, { ...line().taxes[0]!, key: "ca-district", amount: "1.21" }];
    const both = invoice({ lines: [line({ taxes, tax: "8.44" })], tax: "8.44", total: "128.94" });
    expect(faultOf(() => planned(command(both, { references })))).toMatchObject({
      kind: "mapping",
      code: "mapping-unusable",
    });
  });

  it("puts dimensions into segments of the account, and needs one for them", () => {
    const dimensions = { region: "west", team: "sales" };
    expect(sent(command(invoice({ lines: [line({ dimensions })] })))).toContain("01-110-4110-7100");
    const withoutAccount = command(invoice({ lines: [line({ item: "other", dimensions })] }));
    expect(faultOf(() => planned(withoutAccount))).toMatchObject({
      kind: "mapping",
      code: "mapping-missing",
    });
    for (const segment of ["5", "0", "x", "1.5"]) {
      const dimension = { "region=west": { segment, value: "1" } };
      const posted = command(invoice({ lines: [line({ dimensions: { region: "west" } })] }), {
        references: { ...REFERENCES, dimension },
      });
      expect(faultOf(() => planned(posted))).toMatchObject({ kind: "mapping", code: "mapping-unusable" });
    }
  });

  it.each([
    ["a number of 21 characters", invoice({ number: "N".repeat(21) })],
    ["a number with a quote", invoice({ number: "N'1" })],
    ["sums that don't add up", invoice({ total: "127.74" })],
    ["an amount that is no number of JSON", invoice({ lines: [line({ net: "0120.50" })] })],
  ])("is not sent with %s", (_, document) => {
    expect(faultOf(() => planned(command(document)))).toMatchObject({ kind: "validation" });
  });

  it("has a number that follows from the key where its own can't be", () => {
    const settings = { ...SETTINGS, ownNumbers: false };
    const number = "N".repeat(40);
    const one = planned(command(invoice({ number })), settings);
    expect(one.request.number).toMatch(/^[0-9A-F]{20}$/);
    expect(bodyOf(one.request)["Comments"]).toBe(`${number}: Usage of June 2026`);
    expect(planned(command(invoice({ number: `${number}2` })), settings).request.number).not.toBe(
      one.request.number,
    );
    const correcting = planned(
      memo({ number: "C-1", corrects: { key: `invoice:north:${number}`, number } }),
      settings,
    );
    expect(correcting.request.applyTo?.number).toBe(one.request.number);
  });
});

describe("a credit memo", () => {
  it("has negative amounts, and is applied to its invoice", () => {
    const body = readExactJson(sent(memo()));
    expect(body).toMatchObject({
      TransactionType: "Credit Memo",
      CreditMemoCurrency: "USD",
      CreditMemoStatus: "Incomplete",
      CreditMemoComments: "C-1, corrects N-1: Usage of June 2026",
      receivablesCreditMemoLines: [
        {
          LineQuantityCredit: "1",
          UnitSellingPrice: "-120.5",
          receivablesCreditMemoLineTaxLines: [{ TaxAmount: "-7.23" }],
        },
      ],
      receivablesCreditMemoDistributions: [{ Amount: "-120.5", CreditMemoLineNumber: "1" }],
    });
    expect(planned(memo())).toMatchObject({
      expected: { total: "127.73", lines: [{ amount: "120.50" }] },
      request: { applyTo: { number: "N-1", externalId: "umr-invoice:north:N-1", mustExist: true } },
    });
  });

  it("isn't where it corrects none, or where the connection leaves it on the account", () => {
    expect(planned(memo({ corrects: null })).request.applyTo).toBeNull();
    expect(planned(memo(), { ...SETTINGS, appliesCreditMemos: false }).request.applyTo).toBeNull();
    expect(
      planned(command(invoice({ corrects: { key: "credit-memo:north:C-0", number: "C-0" } }))).request
        .applyTo,
    ).toBeNull();
  });
});

const cents = fc
  .integer({ min: -1_000_000, max: 1_000_000_000 })
  .map(
    (value) =>
      `${value < 0 ? "-" : ""}${Math.floor(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, "0")}`,
  );

it("what is sent comes to the document's total, whatever its lines are", () => {
  const amounts = fc.array(fc.tuple(cents, cents), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(amounts, fc.boolean(), (given, isInvoice) => {
      const lines = given.map(([net, amount], index) =>
        line({ line: index + 1, net, tax: amount, taxes: [{ ...line().taxes[0]!, amount }] }),
      );
      const net = sumOfDecimals(given.map(([each]) => each));
      const tax = sumOfDecimals(given.map(([, each]) => each));
      const total = sumOfDecimals([net, tax]);
      const kind = isInvoice ? "invoice" : "credit-memo";
      const { request, expected } = planned(command(invoice({ kind, lines, net, tax, total })));
      const numbers = [
        ...writeExactJson(bodyOf(request)).matchAll(/"(?:UnitSellingPrice|TaxAmount)":(-?[\d.]+)/g),
      ].map(([, each = ""]) => each);
      expect(sumOfDecimals(numbers)).toBe(isInvoice ? total : negatedDecimal(total));
      expect(sumOfDecimals(expected.lines.map(({ amount }) => amount))).toBe(net);
    }),
  );
});
