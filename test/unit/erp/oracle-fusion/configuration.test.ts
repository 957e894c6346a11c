import { describe, expect, it } from "vitest";
import {
  oracleFusionConnectionSchema,
  oracleFusionOptions,
} from "../../../../src/sinks/erp/oracle-fusion/configuration.ts";

const BASIC = { kind: "basic", username: "tributary", password: "pass" };
const MINIMAL = {
  adapter: "oracle-fusion",
  url: "https://acme.fa.us2.oraclecloud.com",
  authentication: BASIC,
};

function options(config: object) {
  const faults: string[] = [];
  const read = oracleFusionOptions(
    oracleFusionConnectionSchema.parse(config),
    (setting, value, file) => {
      if (file === "missing") {
        faults.push(`${setting}_file: can't be read`);
        return undefined;
      }
      return value ?? `from ${file ?? ""}`;
    },
    (setting, message) => faults.push(`${setting}: ${message}`),
  );
  return { read, faults };
}

function problems(config: object): readonly string[] {
  const result = oracleFusionConnectionSchema.safeParse(config);
  return result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a connection", () => {
  it("needs an address and credentials, and has the usual names for all else", () => {
    expect(options(MINIMAL)).toEqual({
      faults: [],
      read: {
        url: "https://acme.fa.us2.oraclecloud.com",
        authentication: BASIC,
        deadlineMs: 120_000,
        settleDelayMs: 60_000,
        documents: {
          transactionSource: "Tributary",
          invoiceType: "Invoice",
          creditMemoType: "Credit Memo",
          ownNumbers: true,
          appliesCreditMemos: true,
          journalSource: "Tributary",
          journalCategory: "Tributary",
          importsInvoices: false,
          interfaceContext: "TRIBUTARY",
          conversionType: "Corporate",
          segmentDelimiter: "-",
          oracleOwnsCustomers: false,
        },
        setup: {
          sourceSystem: "TRIBUTARY",
          profileClass: "DEFAULT",
          importAccount: "fin$/generalLedger$/import$",
          invoiceImportAccount: "fin$/receivables$/import$",
        },
      },
    });
  });

  it("may say all of it", () => {
    const { read } = options({
      ...MINIMAL,
      url: "http://127.0.0.1:8080",
      deadline: "30s",
      settle_delay: "2m",
      transaction_source: "Usage",
      invoice_type: "Usage Invoice",
      credit_memo_type: "Usage Credit",
      document_numbers: "derived",
      apply_credit_memos: false,
      source_system: "USAGE",
      profile_class: "Small",
      oracle_owns_customers: true,
      default_country: "DE",
      journal_source: "Billing",
      journal_category: "Accrual",
      segment_delimiter: ".",
      import_account: "fin$/journal$/import$",
      invoices: "autoinvoice",
      interface_context: "USAGE",
      conversion_type: "Spot",
      invoice_import_account: "fin$/invoices$/import$",
    });
    expect(read).toMatchObject({
      deadlineMs: 30_000,
      settleDelayMs: 120_000,
      documents: {
        transactionSource: "Usage",
        ownNumbers: false,
        appliesCreditMemos: false,
        segmentDelimiter: ".",
        oracleOwnsCustomers: true,
        defaultCountry: "DE",
        importsInvoices: true,
        interfaceContext: "USAGE",
        conversionType: "Spot",
      },
      setup: {
        sourceSystem: "USAGE",
        profileClass: "Small",
        importAccount: "fin$/journal$/import$",
        invoiceImportAccount: "fin$/invoices$/import$",
      },
    });
  });

  it.each([
    [
      { ...MINIMAL, url: "http://acme.oraclecloud.com" },
      "url: must be an https:// address without user or fragment; http:// only to this machine",
    ],
    [
      { ...MINIMAL, url: "https://acme.oraclecloud.com/fscmRestApi" },
      "url: must be an origin, without a path",
    ],
    [{ ...MINIMAL, deadline: "1h" }, 'deadline: must be a duration between 1ms and 15m, such as "2m"'],
    [{ ...MINIMAL, default_country: "Germany" }, "default_country: must be an ISO 3166 alpha-2 code"],
    [{ ...MINIMAL, transaction_source: "" }, "transaction_source: must not be empty"],
    [{ ...MINIMAL, invoices: "soap" }, "invoices: "],
    [{ ...MINIMAL, interface_context: "A,B" }, "interface_context: must have no commas"],
    [{ ...MINIMAL, interface_context: "X".repeat(31) }, "interface_context: "],
    [{ ...MINIMAL, retries: 3 }, 'Unrecognized key: "retries"'],
  ])("that is wrong is told: %#", (config, problem) => {
    expect(problems(config).join("\n")).toContain(problem);
  });
});

describe("credentials", () => {
  const oauth = {
    kind: "oauth",
    token_url: "https://idcs-1.identity.oraclecloud.com/oauth2/v1/token",
    client_id: "id",
  };
  const jwt = {
    kind: "jwt",
    issuer: "acme.example",
    username: "integration",
    certificate_thumbprint: "a".repeat(27),
    private_key_file: "key.pem",
  };

  it("are values, or files", () => {
    const authentication = (given: object) =>
      options({ ...MINIMAL, authentication: given }).read?.authentication;
    expect(authentication({ ...oauth, client_secret: "secret" })).toEqual({
      kind: "oauth",
      tokenUrl: oauth.token_url,
      clientId: "id",
      clientSecret: "secret",
      scope: "urn:opc:resource:consumer::all",
    });
    expect(authentication({ ...oauth, client_secret_file: "f", scope: "other" })).toMatchObject({
      clientSecret: "from f",
      scope: "other",
    });
    expect(authentication(jwt)).toMatchObject({ kind: "jwt", privateKey: "from key.pem" });
    expect(authentication({ kind: "basic", username: "u", password_file: "f" })).toMatchObject({
      password: "from f",
    });
  });

  it.each([
    [{ kind: "basic", username: "u" }, "authentication.password: password or password_file is required"],
    [{ ...BASIC, password_file: "f" }, "authentication.password_file: password is given as well: choose one"],
    [oauth, "authentication.client_secret: client_secret or client_secret_file is required"],
    [{ ...oauth, client_secret_file: "missing" }, "authentication.client_secret_file: can't be read"],
    [{ ...jwt, private_key_file: "missing" }, "authentication.private_key_file: can't be read"],
  ])("that are missing are named: %#", (authentication, fault) => {
    expect(options({ ...MINIMAL, authentication })).toEqual({ read: undefined, faults: [fault] });
  });

  it("that are no thumbprint, or go over plain HTTP, are refused", () => {
    expect(
      problems({ ...MINIMAL, authentication: { ...jwt, certificate_thumbprint: "aa:bb" } }),
    ).toHaveLength(1);
    expect(
      problems({ ...MINIMAL, authentication: { ...oauth, token_url: "http://idcs.example/token" } }),
    ).toHaveLength(1);
  });
});
