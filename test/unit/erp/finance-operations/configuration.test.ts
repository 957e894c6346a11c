import { describe, expect, it } from "vitest";
import {
  financeOperationsConnectionSchema,
  financeOperationsOptions,
} from "../../../../src/sinks/erp/finance-operations/configuration.ts";

const AUTHENTICATION = {
  tenant: "contoso.onmicrosoft.com",
  client_id: "c",
  client_secret_file: "/run/secrets/fo",
};
const CONNECTION = {
  adapter: "finance-operations",
  url: "https://contoso.operations.dynamics.com",
  authentication: AUTHENTICATION,
};

function faults(connection: object): string[] {
  const parsed = financeOperationsConnectionSchema.safeParse({ ...CONNECTION, ...connection });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a connection", () => {
  it("needs only an address and credentials", () => {
    const parsed = financeOperationsConnectionSchema.parse(CONNECTION);
    const read = (setting: string, _: string | undefined, file: string | undefined): string =>
      `${setting} of ${file ?? "nothing"}`;
    expect(financeOperationsOptions(parsed, read)).toEqual({
      url: "https://contoso.operations.dynamics.com",
      authentication: {
        authority: "https://login.microsoftonline.com",
        tenant: "contoso.onmicrosoft.com",
        clientId: "c",
        clientSecret: "authentication.client_secret of /run/secrets/fo",
        resource: "https://contoso.operations.dynamics.com",
      },
      deadlineMs: 120_000,
      settleDelayMs: 60_000,
      postingDeadlineMs: 86_400_000,
      documents: { taxes: "lines", ledgerDimensions: [], ledgerDelimiter: "-", ownedParts: [] },
    });
    expect(financeOperationsOptions(parsed, () => undefined)).toBeUndefined();
  });

  it("takes all of its settings", () => {
    const parsed = financeOperationsConnectionSchema.parse({
      ...CONNECTION,
      resource: "https://contoso.operations.dynamics.com",
      url: "http://127.0.0.1:8080",
      posting_deadline: "2h",
      taxes: "sales-tax",
      ledger_dimensions: ["Department"],
      ledger_delimiter: "~",
      finance_operations_owns: ["terms"],
      tax_id_field: "TaxExemptNumber",
    });
    expect(financeOperationsOptions(parsed, () => "secret")).toMatchObject({
      authentication: { resource: "https://contoso.operations.dynamics.com" },
      postingDeadlineMs: 7_200_000,
      documents: {
        taxes: "sales-tax",
        ledgerDimensions: ["Department"],
        ledgerDelimiter: "~",
        ownedParts: ["terms"],
        taxIdField: "TaxExemptNumber",
      },
    });
  });

  it.each([
    [{ url: "http://erp.example" }, "url: must be an origin that begins with https://"],
    [{ url: "https://erp.example/data" }, "url: must be an origin"],
    [{ url: "https://user@erp.example" }, "url: must be an origin"],
    [
      { authentication: { ...AUTHENTICATION, authority: "http://evil.example" } },
      "authentication.authority: must be an origin",
    ],
    [{ authentication: { ...AUTHENTICATION, tenant: "a/b" } }, "authentication.tenant: must be the id"],
    [
      { authentication: { ...AUTHENTICATION, client_secret: "s" } },
      "client_secret is given as well: choose one",
    ],
    [{ authentication: { tenant: "t", client_id: "c" } }, "client_secret or client_secret_file is required"],
    [{ authentication: { ...AUTHENTICATION, client_id: "" } }, "authentication.client_id: must not be empty"],
    [{ posting_deadline: "90d" }, "posting_deadline: must be a duration between"],
    [{ taxes: "suitetax" }, "taxes: "],
    [{ ledger_delimiter: ";" }, "ledger_delimiter: "],
    [{ unknown: 1 }, 'Unrecognized key: "unknown"'],
  ])("says plainly what is wrong: %o", (connection, message) => {
    expect(faults(connection).join("\n")).toContain(message);
  });
});
