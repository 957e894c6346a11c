import { describe, expect, it } from "vitest";
import type { PostedCustomer, PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { externalIdOf } from "../../../../src/sinks/erp/sap-s4hana/external-id.ts";
import { sapS4hanaDescription } from "../../../../src/sinks/erp/sap-s4hana/description.ts";
import {
  type BusinessPartnerRequest,
  isJournalEntryPlan,
  sapPlan,
} from "../../../../src/sinks/erp/sap-s4hana/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/sap-s4hana/plan-command.ts";
import { command, CONTEXT, customer, invoice, journal, PREFIX, REFERENCES, SETTINGS } from "./sap-fixture.ts";

function partnerOf(
  changes: Partial<PostedCustomer>,
  more: Partial<PostingCommand> = {},
): BusinessPartnerRequest {
  const { request } = planCommand(command(customer(changes), more), CONTEXT);
  if (request.kind !== "business-partner") throw new Error("it is no business partner");
  return request;
}

function faultOf(posted: PostingCommand): ErpFault {
  try {
    planCommand(posted, CONTEXT);
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

describe("a journal", () => {
  it("has its lines as debits and credits", () => {
    const plan = planCommand(
      command(
        journal({ lines: [{ ...journal().lines[0]!, dimensions: { region: "west" } }, journal().lines[1]!] }),
      ),
      CONTEXT,
    );
    expect(plan.request).toMatchObject({
      documentType: "SA",
      companyCode: "1710",
      headerText: "Unbilled revenue 2026-06",
      debtor: null,
      taxes: [],
      items: [
        { account: "12560000", amount: "300.00", text: "A-1", assignment: { ProfitCenter: "YB110" } },
        { account: "41000000", amount: "-300", assignment: {} },
      ],
    });
    expect(plan.expected).toMatchObject({ total: "300", tax: null, customer: null, date: "2026-06-30" });
  });

  it("that reverses another one says so, and none is left to SAP to reverse", () => {
    const reverses = "journal:north:2026-06:USD:0:0";
    const { request } = planCommand(command(journal({ reverses })), CONTEXT);
    expect(request).toMatchObject({ headerText: `reverses ${externalIdOf(PREFIX, reverses)}` });
    expect(sapS4hanaDescription.reversesJournals).toBe(false);
    expect(faultOf(command(journal({ reversalDate: "2026-07-01" }))).kind).toBe("validation");
  });

  it("gives accounts that want one their tax code, with a tax of 0", () => {
    const account = { ...REFERENCES.account, revenue: { id: "41000300", tax_code: "A0" } };
    const plan = planCommand(command(journal(), { references: { ...REFERENCES, account } }), CONTEXT);
    if (!isJournalEntryPlan(plan)) throw new Error("it is no document");
    expect(plan.request.taxes).toMatchObject([{ code: "A0", amount: "0", baseAmount: "-300" }]);
  });

  it("that doesn't balance is never sent", () => {
    const [first] = journal().lines;
    expect(faultOf(command(journal({ lines: [first!] }))).kind).toBe("validation");
  });
});

describe("a customer", () => {
  it("is an organisation with an address, a mail address, a tax number and a company code", () => {
    expect(partnerOf({ taxId: "12-3456789" })).toEqual({
      kind: "business-partner",
      grouping: "BP02",
      roles: ["FLCU00"],
      language: "EN",
      names: { OrganizationBPName1: "Acme Corporation", OrganizationBPName2: "", SearchTerm1: "ACME" },
      address: {
        Country: "US",
        Region: "",
        CityName: "Los Angeles",
        PostalCode: "90012",
        StreetName: "1 Main Street",
      },
      email: "ap@acme.test",
      taxNumber: { type: "US0", number: "12-3456789" },
      company: { CompanyCode: "1710", ReconciliationAccount: "12100000", PaymentTerms: "NT30" },
      salesArea: null,
      sapOwns: [],
    });
  });

  it("has its region where the connection says so, and it is a key", () => {
    const regionOf = (region: string): string => {
      const context = { ...CONTEXT, settings: { ...SETTINGS, sendsRegions: true } };
      const { address } = customer();
      const plan = planCommand(command(customer({ address: { ...address, region } })), context);
      const { request } = plan;
      return request.kind === "business-partner" ? request.address.Region : "no partner";
    };
    expect(regionOf("CA")).toBe("CA");
    expect(regionOf("California")).toBe("");
  });

  it("without a country has that of its legal entity, or waits", () => {
    const { address } = customer();
    const nowhere = customer({ address: { ...address, country: null } });
    expect(faultOf(command(nowhere))).toMatchObject({ kind: "mapping", code: "country-missing" });
    const north = { ...REFERENCES.legal_entity?.["north"], country: "US" };
    const request = partnerOf(nowhere, { references: { ...REFERENCES, legal_entity: { north } } });
    expect(request.address).toMatchObject({ Country: "US", Region: "" });
  });

  it("has nothing that would be wrong if it were cut", () => {
    expect(partnerOf({ email: `${"x".repeat(300)}@acme.test` }).email).toBeNull();
    expect(partnerOf({ email: "nobody" }).email).toBeNull();
    expect(partnerOf({ taxId: "1".repeat(21) }).taxNumber).toBeNull();
    const names = partnerOf({ name: `${"a".repeat(40)}${"b".repeat(50)}` }).names;
    expect(names).toMatchObject({ OrganizationBPName1: "a".repeat(40), OrganizationBPName2: "b".repeat(40) });
  });

  it("that the mapping names is only looked for", () => {
    const references = { ...REFERENCES, customer: { acme: { id: "0000000042" } } };
    expect(planCommand(command(customer(), { references }), CONTEXT)).toMatchObject({
      request: { kind: "existing-customer", id: "0000000042" },
      expected: { customer: "42" },
    });
    expect(planCommand(command(invoice(), { references }), CONTEXT)).toMatchObject({
      request: { debtor: { customer: { id: "0000000042" } } },
      expected: { customer: "42" },
    });
  });
});

it("another adapter's plan is none of ours", () => {
  const plan = planCommand(command(journal()), CONTEXT);
  expect(sapPlan(plan)).toBe(plan);
  expect(() => sapPlan({ ...plan, request: { kind: "upsert" } })).toThrow(TypeError);
});
