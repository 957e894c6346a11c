import { describe, expect, it } from "vitest";
import {
  netsuiteConnectionSchema,
  netsuiteOptions,
} from "../../../../src/sinks/erp/netsuite/configuration.ts";

const TOKEN = {
  kind: "token",
  consumer_key: "ck",
  consumer_secret_file: "/run/secrets/consumer",
  token_id: "tk",
  token_secret: "ts",
};
const MACHINE = {
  kind: "machine",
  client_id: "c",
  certificate_id: "k",
  private_key_file: "/run/secrets/key.pem",
};

function faults(connection: object): string[] {
  const parsed = netsuiteConnectionSchema.safeParse({
    adapter: "netsuite",
    account: "1234567_SB1",
    authentication: TOKEN,
    ...connection,
  });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a connection", () => {
  it("needs only an account and credentials", () => {
    const parsed = netsuiteConnectionSchema.parse({
      adapter: "netsuite",
      account: "1234567",
      authentication: TOKEN,
    });
    const read = (setting: string, value: string | undefined, file: string | undefined): string =>
      value ?? `${setting} of ${file ?? "nothing"}`;
    expect(netsuiteOptions(parsed, read)).toEqual({
      account: "1234567",
      authentication: {
        kind: "token",
        consumerKey: "ck",
        consumerSecret: "authentication.consumer_secret of /run/secrets/consumer",
        tokenId: "tk",
        tokenSecret: "ts",
      },
      deadlineMs: 120_000,
      settleDelayMs: 360_000,
      isAsynchronous: false,
      documents: { taxes: "suitetax", ownNumbers: true, netsuiteOwns: [], lineFields: {} },
    });
  });

  it("has no options where a secret can't be read", () => {
    for (const authentication of [TOKEN, MACHINE]) {
      const parsed = netsuiteConnectionSchema.parse({ adapter: "netsuite", account: "1", authentication });
      expect(
        netsuiteOptions(parsed, (_, value, file) => (file === undefined ? value : undefined)),
      ).toBeUndefined();
    }
  });

  it("has a certificate instead, and settings of its documents", () => {
    const parsed = netsuiteConnectionSchema.parse({
      adapter: "netsuite",
      account: "1234567-sb1",
      url: "http://127.0.0.1:4321",
      authentication: { ...MACHINE, algorithm: "ES256" },
      deadline: "90s",
      asynchronous: true,
      taxes: "lines",
      document_numbers: "netsuite",
      tax_id_field: "vatRegNumber",
      netsuite_owns: ["address", "terms"],
      line_fields: { quantity: "custcol_quantity", period_start: "custcol_from" },
    });
    expect(netsuiteOptions(parsed, (_, value, file) => value ?? `PEM of ${file ?? ""}`)).toMatchObject({
      url: "http://127.0.0.1:4321",
      authentication: {
        kind: "machine",
        clientId: "c",
        certificateId: "k",
        privateKey: "PEM of /run/secrets/key.pem",
        algorithm: "ES256",
      },
      deadlineMs: 90_000,
      isAsynchronous: true,
      documents: {
        taxes: "lines",
        ownNumbers: false,
        taxIdField: "vatRegNumber",
        netsuiteOwns: ["address", "terms"],
        lineFields: { quantity: "custcol_quantity", periodStart: "custcol_from" },
      },
    });
  });

  it.each<[object, string]>([
    [{ account: "12 34" }, "account: must be an account's id"],
    [{ url: "http://netsuite.example.com" }, "url: must be an origin that begins with https://"],
    [{ url: "https://example.com/path" }, "url: must be an origin"],
    [{ deadline: "16m" }, "deadline: must be a duration"],
    [{ tax_id_field: "companyName" }, "tax_id_field: must be vatRegNumber or custentity"],
    [{ line_fields: { quantity: "amount" } }, "line_fields.quantity: must be the id of a custom field"],
    [{ unknown: true }, ": Unrecognized key"],
    [
      { authentication: { ...TOKEN, token_secret: undefined } },
      "authentication.token_secret: token_secret or token_secret_file is required",
    ],
    [
      { authentication: { ...TOKEN, consumer_secret: "cs" } },
      "authentication.consumer_secret_file: consumer_secret is given as well",
    ],
    [
      { authentication: { ...MACHINE, algorithm: "RS256" } },
      "authentication.algorithm: must be one of PS256, PS384, PS512, ES256, ES384, ES512: NetSuite refuses RS256",
    ],
  ])("is refused: %j", (connection, message) => {
    expect(faults(connection)).toEqual([expect.stringContaining(message)]);
  });
});
