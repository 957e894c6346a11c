import {
  array,
  assert as assertProperty,
  boolean,
  constantFrom,
  integer,
  property,
  record,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { sumDecimals } from "../../../../src/model/exact-sum.ts";
import type { MappedReferences, PostedInvoice, PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { requestMessage } from "../../../../src/sinks/erp/sap-s4hana/billing-requests/request-message.ts";
import { externalIdOf } from "../../../../src/sinks/erp/sap-s4hana/external-id.ts";
import { type BillingPlan, isBillingPlan } from "../../../../src/sinks/erp/sap-s4hana/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/sap-s4hana/plan-command.ts";
import {
  BILLING_CONTEXT,
  BILLING_REFERENCES,
  billed,
  CONTEXT,
  customer,
  invoice,
  journal,
  line,
  PREFIX,
} from "./sap-fixture.ts";

function planned(posted: PostingCommand): BillingPlan {
  const plan = planCommand(posted, BILLING_CONTEXT);
  if (!isBillingPlan(plan)) throw new Error("it is no request");
  return plan;
}

function faultOf(posted: PostingCommand): ErpFault {
  try {
    planCommand(posted, BILLING_CONTEXT);
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

const messageOf = (plan: BillingPlan): string =>
  requestMessage([{ plan, customer: "1000123" }], "M-1", "2026-07-01T00:00:00.000Z");

describe("a request", () => {
  it("has all elements in the order of SAP's own tests", () => {
    const dimensions = { region: "west", team: "sales" };
    const plan = planned(
      billed.command(invoice({ lines: [line({ dimensions, description: `"A" & <b>` })] })),
    );
    const reference = plan.externalId.slice(-10);
    expect(messageOf(plan)).toBe(
      '<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sd="http://sap.com/xi/SD-BIL">' +
        "<soapenv:Body><sd:BDRRequest><MessageHeader><ID>M-1</ID><CreationDateTime>2026-07-01T00:00:00.000Z</CreationDateTime></MessageHeader>" +
        "<GlobalParameters><ReferenceDocumentLogicalSystem>TRIBUTARY</ReferenceDocumentLogicalSystem></GlobalParameters>" +
        `<BillableDocument><ReferenceDocument>${reference}</ReferenceDocument><BillableDocumentItem><ReferenceDocumentItem>000010</ReferenceDocumentItem>` +
        "<SalesDocumentType>EOX1</SalesDocumentType><SalesDocumentItemCategory>EDX1</SalesDocumentItemCategory>" +
        "<ReferenceDocumentItemText>&quot;A&quot; &amp; &lt;b&gt; (quantity 1204331)</ReferenceDocumentItemText><BillingDocumentRequestType>BDR1</BillingDocumentRequestType>" +
        "<SalesOrganization>1710</SalesOrganization><DistributionChannel>10</DistributionChannel><Division>00</Division>" +
        "<BillingDocumentDate>2026-06-30</BillingDocumentDate><SoldToParty>1000123</SoldToParty><TransactionCurrency>USD</TransactionCurrency>" +
        `<TaxDepartureCountry>US</TaxDepartureCountry><PurchaseOrderByCustomer>${plan.externalId} N-1</PurchaseOrderByCustomer>` +
        '<CustomerPaymentTerms>NT30</CustomerPaymentTerms><Material>USAGE</Material><Quantity unitCode="EA">1</Quantity><DepartureCountry>US</DepartureCountry>' +
        "<ProfitCenter>YB110</ProfitCenter><CostCenter>17101101</CostCenter><PricingElement><ConditionType>PPR0</ConditionType>" +
        '<ConditionRateValue>120.50</ConditionRateValue><ConditionCurrency>USD</ConditionCurrency><ConditionQuantity unitCode="EA">1</ConditionQuantity>' +
        "</PricingElement></BillableDocumentItem></BillableDocument></sd:BDRRequest></soapenv:Body></soapenv:Envelope>",
    );
    expect(plan.expected).toEqual({
      customer: externalIdOf(PREFIX, "customer:north:acme"),
      legalEntity: "1710",
      currency: "USD",
      date: "2026-06-30",
      total: "127.73",
      tax: "7.23",
      lines: [{ reference: "USAGE", amount: "120.50" }],
    });
  });

  it("of a memo has its own types, and amounts as they are", () => {
    const plan = planned(billed.memo());
    expect(plan.request).toMatchObject({ types: { documentType: "ECX1", requestType: "BDR2" } });
    expect(plan.request.items).toMatchObject([{ itemCategory: "EGX1", price: "120.50" }]);
    expect(plan.expected).toMatchObject({ total: "127.73", tax: "7.23" });
  });

  it("takes unit, item category, plant and billing date from the mapping", () => {
    const { legal_entity: entities } = BILLING_REFERENCES;
    const references: MappedReferences = {
      ...BILLING_REFERENCES,
      legal_entity: { north: { ...entities?.["north"], plant: "1710" } },
      item: { api: { account: "1", material: "000000000000000042", unit: "H", item_category: "ZDX1" } },
      period: { "2026-06": { posting_date: "2026-07-01" } },
      terms: {},
    };
    const plan = planned(billed.command(invoice(), { references }));
    expect(plan.request).toMatchObject({ plant: "1710", paymentTerms: null, billingDate: "2026-07-01" });
    expect(plan.request.items).toMatchObject([{ unit: "H", itemCategory: "ZDX1" }]);
    expect(plan.expected).toMatchObject({ date: "2026-07-01", lines: [{ reference: "42" }] });
    expect(messageOf(plan)).not.toContain("CustomerPaymentTerms");
  });

  it("cuts what is for people, never the external id", () => {
    const long = line({ description: "x".repeat(200) });
    const plan = planned(billed.command(invoice({ number: "N-".padEnd(60, "0"), lines: [long] })));
    expect(plan.request.items[0]?.text).toBe(`${"x".repeat(21)} (quantity 1204331)`);
    expect(plan.request.customerReference).toBe(`${plan.externalId} ${"N-".padEnd(18, "0")}`);
  });

  it("leaves journals and, without the setting, invoices to FI", () => {
    expect(planCommand(billed.command(journal()), BILLING_CONTEXT).request.kind).toBe("journal-entry");
    expect(planCommand(billed.command(invoice()), CONTEXT).request.kind).toBe("journal-entry");
  });
});

describe("a customer whose documents SAP bills", () => {
  it("has the role and the sales area for it", () => {
    expect(planCommand(billed.command(customer()), BILLING_CONTEXT).request).toMatchObject({
      roles: ["FLCU00", "FLCU01"],
      salesArea: {
        SalesOrganization: "1710",
        DistributionChannel: "10",
        Division: "00",
        Currency: "USD",
        CustomerPaymentTerms: "NT30",
        CustomerAccountAssignmentGroup: "01",
        CustomerPricingProcedure: null,
      },
    });
  });
});

describe("what can't be said is a fault", () => {
  const withRows = (changes: MappedReferences): Partial<PostingCommand> => ({
    references: { ...BILLING_REFERENCES, ...changes },
  });
  it.each([
    ["no sales organisation", { legal_entity: { north: { id: "1710" } } }],
    ["no material", { item: { api: { account: "41000000" } } }],
    ["what is no material", { item: { api: { account: "1", material: "usage" } } }],
    ["what is no unit", { item: { api: { account: "1", material: "USAGE", unit: "hour" } } }],
    [
      "a segment, which a request has no field for",
      { item: { api: { account: "1", material: "USAGE", segment: "1000_A" } } },
    ],
  ] as const)("%s", (_, changes) => {
    expect(faultOf(billed.command(invoice(), withRows(changes))).kind).toBe("mapping");
  });

  it("sums that don't add up", () => {
    expect(faultOf(billed.command(invoice({ total: "127.74" }))).kind).toBe("validation");
  });

  it("amounts that SAP can't hold", () => {
    const of = (net: string) =>
      billed.command(invoice({ lines: [line({ net, tax: "0", taxes: [] })], net, tax: "0", total: net }));
    expect(faultOf(of("0.0001")).kind).toBe("validation");
    expect(faultOf(of("12345678901234")).kind).toBe("validation");
  });
});

it("prices come to the document's net, whatever its lines are", () => {
  const cents = (max: number) => integer({ min: -max, max }).map((n) => (n / 100).toFixed(2));
  const documents = record({
    isMemo: boolean(),
    lines: array(record({ net: cents(10 ** 9), item: constantFrom("api", "credits", "other") }), {
      minLength: 1,
      maxLength: 8,
    }),
  }).map(({ isMemo, lines }): PostedInvoice => {
    const posted = lines.map((each, index) => line({ ...each, line: index + 1, tax: "0", taxes: [] }));
    const net = sumDecimals(posted.map((each) => each.net));
    return invoice({
      kind: isMemo ? "credit-memo" : "invoice",
      lines: posted,
      net,
      tax: "0",
      total: net,
    });
  });
  assertProperty(
    property(documents, (document) => {
      const { request, expected } = planned(billed.command(document));
      expect(sumDecimals(request.items.map(({ price }) => price))).toBe(sumDecimals([document.net]));
      expect(sumDecimals(expected.lines.map(({ amount }) => amount))).toBe(sumDecimals([document.net]));
      expect(new Set(request.items.map(({ number }) => number)).size).toBe(request.items.length);
    }),
  );
});
