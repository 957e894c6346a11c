import { describe, expect, it } from "vitest";
import { erpAdapter } from "../../../../src/sinks/erp/adapters.ts";
import { sapConnectionSchema, sapOptions } from "../../../../src/sinks/erp/sap-s4hana/configuration.ts";

const BASIC = { kind: "basic", username: "USER", password: "secret" };
const CONNECTION = {
  adapter: "sap-s4hana",
  url: "https://my300000-api.s4hana.cloud.sap",
  authentication: BASIC,
};

function faultsOf(changes: Readonly<Record<string, unknown>>): readonly string[] {
  const parsed = sapConnectionSchema.safeParse({ ...CONNECTION, ...changes });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("settings", () => {
  it("have defaults", () => {
    const options = sapOptions(sapConnectionSchema.parse(CONNECTION), (_, value) => value);
    expect(options).toEqual({
      url: "https://my300000-api.s4hana.cloud.sap",
      authentication: { kind: "basic", username: "USER", password: "secret" },
      deadlineMs: 120_000,
      settleDelayMs: 600_000,
      batchEntries: 10,
      documents: {
        documentTypes: { invoice: "DR", creditMemo: "DG", journal: "SA" },
        createdBy: "TRIBUTARY",
        appliesCreditMemos: true,
        customerGrouping: "BP02",
        customerRoles: ["FLCU00"],
        language: "EN",
        sendsRegions: false,
        taxNumberTypes: {},
        sapOwns: [],
        billing: null,
      },
    });
  });

  const BILLING = {
    invoice: { document_type: "EOX1", item_category: "EDX1" },
    credit_memo: { document_type: "ECX1", item_category: "EGX1", request_type: "BDR2" },
  };

  it("of billing document requests have defaults, but for what a system's customizing decides", () => {
    const parsed = sapConnectionSchema.parse({
      ...CONNECTION,
      invoices: "billing-document-request",
      billing: BILLING,
    });
    expect(sapOptions(parsed, (_, value) => value)?.documents.billing).toEqual({
      logicalSystem: "TRIBUTARY",
      invoice: { documentType: "EOX1", itemCategory: "EDX1", requestType: "BDR1" },
      creditMemo: { documentType: "ECX1", itemCategory: "EGX1", requestType: "BDR2" },
      priceCondition: "PPR0",
      unit: "EA",
      customerAccountGroup: null,
      customerPricingProcedure: null,
      service: {
        path: "/sap/bc/srt/scs_ext/sap/bdr_request_in",
        action: "http://sap.com/xi/SD-BIL/BDR_Request_In/BDR_Request_InRequest",
        message: "BDRRequest",
      },
      requestDeadlineMs: 1_800_000,
      billingDeadlineMs: 259_200_000,
    });
  });

  it.each([
    [{ invoices: "billing-document-request" }, "billing: is required"],
    [{ billing: BILLING }, "billing: is given, and invoices are posted as journal"],
    [
      { invoices: "billing-document-request", billing: { ...BILLING, logical_system: "TRIBUTARY-NORTH" } },
      "billing.logical_system: must be 1 to 10",
    ],
    [
      {
        invoices: "billing-document-request",
        billing: { ...BILLING, service: { path: "/sap/x?query" } },
      },
      "billing.service.path: must begin with /sap/",
    ],
    [
      {
        invoices: "billing-document-request",
        billing: { ...BILLING, service: { action: 'a"b' } },
      },
      "billing.service.action: must be",
    ],
    [
      {
        invoices: "billing-document-request",
        billing: { ...BILLING, billing_deadline: "32d" },
      },
      "billing.billing_deadline: must be a duration",
    ],
  ])("of billing document requests that are wrong: %j", (changes, message) => {
    expect(faultsOf(changes).join("\n")).toContain(message);
  });

  it.each([
    [{ url: "http://example.com" }, "url: must be an origin that begins with https://"],
    [{ url: "https://example.com/path" }, "url: must be an origin"],
    [{ url: "https://user@example.com" }, "url: must be an origin"],
    [
      { authentication: { kind: "basic", username: "a:b", password: "x" } },
      "authentication.username: must not",
    ],
    [
      { authentication: { kind: "basic", username: "a" } },
      "authentication.password: password or password_file is required",
    ],
    [
      { authentication: { ...BASIC, password_file: "f" } },
      "authentication.password_file: password is given as well: choose one",
    ],
    [
      { authentication: { kind: "oauth", client_id: "c" } },
      "authentication.client_secret: client_secret or client_secret_file is required",
    ],
    [
      {
        authentication: {
          kind: "oauth",
          client_id: "c",
          client_secret: "s",
          token_url: "http://example.com/t",
        },
      },
      "authentication.token_url: must begin with https://",
    ],
    [{ deadline: "11m" }, "deadline: must be a duration between"],
    [{ batch_entries: 51 }, "batch_entries: "],
    [{ document_types: { invoice: "DRX" } }, "document_types.invoice: must be capital letters"],
    [{ created_by: "A name that is long" }, "created_by: must be capital letters"],
    [{ tax_number_types: { Germany: "DE0" } }, "tax_number_types.Germany: "],
    [{ sap_owns: ["everything"] }, "sap_owns.0: "],
    [{ password: "x" }, ": Unrecognized key"],
  ])("%j", (changes, fault) => {
    const faults = faultsOf(changes);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
    expect(faults.join("")).not.toContain('secret"');
  });
});

it("reads all secrets, from text or files, and is nothing without them", () => {
  const adapter = erpAdapter("sap-s4hana");
  const prepare = (authentication: object, has: boolean) => {
    const asked: string[] = [];
    const prepared = adapter?.prepare(
      { ...CONNECTION, authentication },
      (setting, value, file) => {
        asked.push(`${setting} ${value ?? file ?? ""}`);
        return has ? "pem" : undefined;
      },
      () => {},
    );
    return { asked, isPrepared: prepared !== undefined };
  };
  const certificate = {
    kind: "certificate",
    certificate_file: "c.pem",
    private_key_file: "k.pem",
    certificate_authority_file: "a.pem",
  };
  expect(prepare(certificate, true)).toEqual({
    isPrepared: true,
    asked: [
      "authentication.certificate c.pem",
      "authentication.private_key k.pem",
      "authentication.certificate_authority a.pem",
    ],
  });
  expect(prepare(certificate, false)).toMatchObject({ isPrepared: false, asked: { length: 3 } });
  const oauth = { kind: "oauth", client_id: "c", client_secret_file: "s" };
  expect(prepare(oauth, true)).toEqual({ isPrepared: true, asked: ["authentication.client_secret s"] });
  expect(prepare(oauth, false).isPrepared).toBe(false);
  expect(prepare({ kind: "basic", username: "u", password_file: "p" }, false).isPrepared).toBe(false);
});
