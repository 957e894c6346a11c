import { describe, expect, it } from "vitest";
import type { PostedCustomer, PostedJournal } from "../../../../src/model/posting.ts";
import { countryCode } from "../../../../src/sinks/erp/finance-operations/countries.ts";
import {
  financeOperationsPlan,
  type PlanSettings,
} from "../../../../src/sinks/erp/finance-operations/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/finance-operations/plan-command.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import {
  command,
  CONTEXT,
  customer,
  journal,
  PREFIX,
  REFERENCES,
  SETTINGS,
} from "./finance-operations-fixture.ts";

function planned(document: PostedCustomer | PostedJournal, settings: Partial<PlanSettings> = {}) {
  return planCommand(command(document), { prefix: PREFIX, settings: { ...SETTINGS, ...settings } });
}

function customerFields(changes: Partial<PostedCustomer> = {}, settings: Partial<PlanSettings> = {}) {
  const { request } = planned(customer(changes), settings);
  if (request.kind !== "customer") throw new Error("it is no customer");
  return request;
}

describe("a customer", () => {
  it("is an organisation of its company, with an address and terms", () => {
    const { externalId, expected } = planned(customer());
    expect(customerFields()).toEqual({
      kind: "customer",
      company: "usmf",
      account: externalId,
      fields: {
        PartyType: "Organization",
        CustomerGroupId: "80",
        SalesCurrencyCode: "USD",
        OrganizationName: "Acme Corporation",
        PrimaryContactEmail: "ap@acme.test",
        AddressCountryRegionId: "USA",
        AddressStreet: "1 Main Street",
        AddressCity: "Los Angeles",
        AddressState: "CA",
        AddressZipCode: "90012",
        PaymentTerms: "Net30",
      },
      onlyNew: ["PartyType", "CustomerGroupId"],
    });
    expect(expected).toMatchObject({
      customer: externalId,
      legalEntity: "usmf",
      currency: "USD",
      total: null,
    });
  });

  it("leaves out what is none or does not fit, and cuts names", () => {
    const none = { street: null, city: null, region: null, postalCode: null, country: null };
    expect(customerFields({ email: "no address", address: none, paymentDays: 7 }).fields).toEqual({
      PartyType: "Organization",
      CustomerGroupId: "80",
      SalesCurrencyCode: "USD",
      OrganizationName: "Acme Corporation",
    });
    const abroad = { ...none, city: "Nowhere", country: "XX" };
    expect(customerFields({ address: abroad }).fields).not.toHaveProperty("AddressCity");
    expect(customerFields({ name: `Acme\n${"x".repeat(200)}` }).fields["OrganizationName"]).toHaveLength(100);
  });

  it("has a tax number where a field is named for it, and parts that are sent once", () => {
    const { fields, onlyNew } = customerFields(
      { taxId: "DE1" },
      { taxIdField: "TaxExemptNumber", ownedParts: ["address", "tax_id"] },
    );
    expect(fields["TaxExemptNumber"]).toBe("DE1");
    expect(onlyNew).toContain("AddressStreet");
    expect(onlyNew).toContain("TaxExemptNumber");
    expect(customerFields({ taxId: "DE1" }).fields).not.toHaveProperty("TaxExemptNumber");
  });

  it("is one that the mapping names", () => {
    const references = { ...REFERENCES, customer: { acme: { id: "US-001" } } };
    const plan = planCommand(command(customer(), { references }), CONTEXT);
    expect(plan.request).toEqual({ kind: "existing-customer", company: "usmf", account: "US-001" });
    expect(plan.expected).toMatchObject({ customer: "US-001", currency: null });
  });
});

describe("a journal", () => {
  it("has a line for each, with its reversal", () => {
    const plan = planned(journal());
    if (plan.request.kind !== "journal") throw new Error("it is no journal");
    const { externalId } = plan;
    expect(plan.request.header).toEqual({
      dataAreaId: "usmf",
      JournalName: "GenJrn",
      Description: externalId,
    });
    expect(readExactJson(writeExactJson(plan.request.lines))).toEqual([
      {
        dataAreaId: "usmf",
        LineNumber: "1",
        AccountType: "Ledger",
        AccountDisplayValue: "140200--",
        DebitAmount: "300.00",
        CreditAmount: "0",
        CurrencyCode: "USD",
        TransDate: "2026-06-30T12:00:00Z",
        Text: "Unbilled revenue 2026-06: A-1",
        Document: externalId,
        SalesTaxGroup: "",
        ItemSalesTaxGroup: "",
        ReverseEntry: "Yes",
        ReverseDate: "2026-07-01T12:00:00Z",
      },
      expect.objectContaining({ AccountDisplayValue: "401100--", DebitAmount: "0", CreditAmount: "300.00" }),
    ]);
    expect(plan.expected).toMatchObject({
      total: "300",
      lines: [
        { reference: "140200", amount: "300.00" },
        { reference: "401100", amount: "-300" },
      ],
    });
    const kept = planned(journal({ reversalDate: null }));
    if (kept.request.kind !== "journal") throw new Error("it is no journal");
    expect(kept.request.lines[0]).not.toHaveProperty("ReverseEntry");
  });

  it("must balance", () => {
    const [first, second] = journal().lines;
    expect(() => planned(journal({ lines: [first!, { ...second!, credit: "299.99" }] }))).toThrow(
      /debits come to/,
    );
  });
});

it("knows every country by three letters", () => {
  expect(["US", "DE", "GB", "jp", "ZW"].map(countryCode)).toEqual(["USA", "DEU", "GBR", "JPN", "ZWE"]);
  expect(countryCode("XX")).toBeUndefined();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");
  const codes = letters.flatMap((a) => letters.flatMap((b) => countryCode(a + b) ?? []));
  expect(codes).toHaveLength(249);
  expect(new Set(codes).size).toBe(249);
});

it("looks into no plan of another adapter", () => {
  const plan = planned(journal());
  expect(financeOperationsPlan(plan)).toBe(plan);
  expect(() => financeOperationsPlan({ ...plan, request: { kind: "upsert" } })).toThrow(TypeError);
});
