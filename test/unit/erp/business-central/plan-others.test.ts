import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PostedCustomer } from "../../../../src/model/posting.ts";
import {
  customerNumber,
  externalDocumentNumber,
  journalCode,
  journalNumber,
  numberPrefix,
} from "../../../../src/sinks/erp/business-central/external-id.ts";
import { businessCentralPlan, type PlanSettings } from "../../../../src/sinks/erp/business-central/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/business-central/plan-command.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { NET_30, NORTH } from "../../../simulators/business-central/environment.ts";
import {
  command,
  CONTEXT,
  customer,
  journal,
  PREFIX,
  REFERENCES,
  SETTINGS,
} from "./business-central-fixture.ts";

describe("customers", () => {
  function body(changes: Partial<PostedCustomer> = {}, settings: Partial<PlanSettings> = {}): unknown {
    const { request } = planCommand(command(customer(changes)), {
      prefix: PREFIX,
      settings: { ...SETTINGS, ...settings },
    });
    if (request.kind !== "customer") throw new Error("it is no customer");
    return readExactJson(writeExactJson(request.body));
  }

  it("are sent as this", () => {
    expect(body({ taxId: "US1" })).toEqual({
      number: "UMR-ACME",
      displayName: "Acme Corporation",
      type: "Company",
      addressLine1: "1 Main Street",
      city: "Los Angeles",
      state: "CA",
      postalCode: "90012",
      country: "US",
      email: "ap@acme.test",
      taxRegistrationNumber: "US1",
      currencyCode: "USD",
      paymentTermsId: NET_30,
    });
  });

  it("are cut to their fields; what would be somebody else's is left out", () => {
    const long = body({
      name: `${"n".repeat(99)}😀`,
      email: "not an address",
      taxId: "1".repeat(21),
      address: { street: null, city: "c".repeat(40), region: null, postalCode: "ab 1", country: null },
    });
    expect(long).toEqual({
      number: "UMR-ACME",
      displayName: "n".repeat(99),
      type: "Company",
      city: "c".repeat(30),
      postalCode: "AB 1",
      currencyCode: "USD",
      paymentTermsId: NET_30,
    });
    expect(body({ taxId: "1" }, { sendsTaxIds: false })).not.toHaveProperty("taxRegistrationNumber");
  });

  it("get the tax area of their region, or their country", () => {
    const taxAreas = {
      US: "AAAAAAAA-0000-4000-8000-000000000001",
      "US/CA": "aaaaaaaa-0000-4000-8000-000000000002",
    };
    expect(body({}, { taxAreas })).toMatchObject({ taxLiable: true, taxAreaId: taxAreas["US/CA"] });
    const elsewhere = { ...customer().address, region: "NV" };
    expect(body({ address: elsewhere }, { taxAreas })).toMatchObject({
      taxAreaId: taxAreas.US.toLowerCase(),
    });
  });

  it("of the mapping are not changed", () => {
    const references = { ...REFERENCES, customer: { acme: { number: "c00010" } } };
    expect(planCommand(command(customer(), { references }), CONTEXT)).toMatchObject({
      externalId: "C00010",
      request: { kind: "existing-customer", company: NORTH, number: "C00010" },
    });
  });
});

describe("journals", () => {
  it("are sent as this", () => {
    const reverses = "journal:north:2026-06:USD:0:0";
    const { request, externalId, expected } = planCommand(command(journal({ reverses })), CONTEXT);
    if (request.kind !== "journal") throw new Error("it is no journal");
    expect(request.code).toMatch(/^[A-Z2-7]{10}$/);
    const common = {
      documentNumber: externalId,
      externalDocumentNumber: externalDocumentNumber(PREFIX, "journal:north:2026-06:USD:0:1"),
      postingDate: "2026-06-30",
      description: "A-1",
      comment: `journal:north:2026-06:USD:0:1: Unbilled revenue 2026-06 (reverses ${reverses})`,
    };
    expect(readExactJson(writeExactJson(request.lines))).toEqual([
      { ...common, lineNumber: "10000", accountNumber: "1150", amount: "300.00" },
      { ...common, lineNumber: "20000", accountNumber: "4010", amount: "-300" },
    ]);
    expect(expected).toMatchObject({ total: "300", date: "2026-06-30", currency: null });
  });

  it("in another currency than the local one can't be said", () => {
    const act = () => planCommand(command(journal({ currency: "EUR" })), CONTEXT);
    expect(act).toThrow(expect.objectContaining({ kind: "validation", code: "journal-currency" }));
  });

  it("that don't balance are never sent", () => {
    const [first, second] = journal().lines;
    const act = () =>
      planCommand(command(journal({ lines: [first!, { ...second!, credit: "299.99" }] })), CONTEXT);
    expect(act).toThrow(expect.objectContaining({ kind: "validation" }));
  });
});

describe("what documents are found by", () => {
  const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });
  const prefix = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/);

  it("fits its field, is in upper case, begins with the prefix, and follows from the key", () => {
    fc.assert(
      fc.property(prefix, key, (start, text) => {
        const external = externalDocumentNumber(start, text);
        expect(external.length).toBeLessThanOrEqual(35);
        expect(external.startsWith(start.toUpperCase())).toBe(true);
        for (const number of [customerNumber(start, text), journalNumber(start, text)]) {
          expect(number.length).toBeLessThanOrEqual(20);
          expect(number.startsWith(numberPrefix(start))).toBe(true);
        }
        for (const id of [external, customerNumber(start, text), journalNumber(start, text)])
          expect(id).toMatch(/^[A-Z0-9_.:-]+$/);
        expect(journalCode(start, text)).toMatch(/^[A-Z2-7]{10}$/);
        expect(externalDocumentNumber(start, text)).toBe(external);
      }),
    );
  });

  it("is another one for another key, also in another case", () => {
    fc.assert(
      fc.property(prefix, key, key, (start, one, other) => {
        fc.pre(one !== other);
        for (const idOf of [externalDocumentNumber, customerNumber, journalNumber, journalCode])
          expect(idOf(start, one)).not.toBe(idOf(start, other));
      }),
    );
    expect(customerNumber("umr-", "Acme")).not.toBe(customerNumber("umr-", "acme"));
    expect(externalDocumentNumber("umr-", "invoice:n:a")).toBe("UMR-INVOICE:N:A");
  });

  it("shows the end of a long key, which is the number", () => {
    expect(externalDocumentNumber("tributary-", "invoice:north:N-000001")).toMatch(
      /^TRIBUTARY-N-000001\.[A-Z2-7]{16}$/,
    );
    expect(externalDocumentNumber("p".repeat(20), "invoice:north:N-000001")).toMatch(/^P{20}\.[A-Z2-7]{14}$/);
    expect(customerNumber("tributary-", "customer-of-a-long-name")).toMatch(/^TRIBU-\.[A-Z2-7]{13}$/);
  });
});

it("plans of other adapters are refused", () => {
  const plan = planCommand(command(customer()), CONTEXT);
  expect(businessCentralPlan(plan)).toBe(plan);
  for (const request of [undefined, null, { kind: "upsert" }])
    expect(() => businessCentralPlan({ ...plan, request })).toThrow("made by another adapter");
});
