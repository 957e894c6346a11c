import { describe, expect, it } from "vitest";
import {
  businessCentralConnectionSchema,
  businessCentralOptions,
} from "../../../../src/sinks/erp/business-central/configuration.ts";
import {
  AREA_GERMANY,
  NORTH,
  SAMPLE_TENANT,
  SOUTH,
} from "../../../simulators/business-central/environment.ts";

const CLIENT = "c5f1a0de-0000-4000-8000-00000000c11e";
const CONNECTION = {
  adapter: "business-central",
  tenant: SAMPLE_TENANT,
  environment: "Production",
  client_id: CLIENT,
  client_secret: "s",
  companies: [NORTH.toUpperCase()],
};
const URL = "https://hooks.example.test/webhooks/main";
const SECRET = "0123456789-0123456789-0123456789";
const read = (_: string, value: string | undefined, file: string | undefined): string | undefined =>
  value ?? (file === "missing" ? undefined : file);

function options(changes: object): { readonly made: unknown; readonly faults: string[] } {
  const faults: string[] = [];
  const parsed = businessCentralConnectionSchema.parse({ ...CONNECTION, ...changes });
  const made = businessCentralOptions(parsed, read, (setting, message) =>
    faults.push(`${setting}: ${message}`),
  );
  return { made, faults };
}

describe("a connection", () => {
  it("needs tenant, environment, client and companies", () => {
    expect(options({}).made).toEqual({
      base: `https://api.businesscentral.dynamics.com/v2.0/${SAMPLE_TENANT}/Production/api/v2.0`,
      tokenUrl: `https://login.microsoftonline.com/${SAMPLE_TENANT}/oauth2/v2.0/token`,
      scope: "https://api.businesscentral.dynamics.com/.default",
      clientId: CLIENT,
      clientSecret: "s",
      deadlineMs: 120_000,
      settleDelayMs: 30_000,
      documents: { companies: [NORTH], taxes: "computed", taxAreas: {}, sendsTaxIds: true },
    });
  });

  it("takes all settings", () => {
    const { made, faults } = options({
      client_secret: undefined,
      client_secret_file: "file",
      url: "http://127.0.0.1:8080",
      login_url: "https://login.example.test",
      deadline: "30s",
      settle_delay: "1m",
      taxes: "lines",
      untaxed_code: "none",
      tax_areas: { DE: AREA_GERMANY, "US/CA": AREA_GERMANY },
      tax_ids: false,
    });
    expect(faults).toEqual([]);
    expect(made).toMatchObject({
      base: `http://127.0.0.1:8080/v2.0/${SAMPLE_TENANT}/Production/api/v2.0`,
      clientSecret: "file",
      documents: { taxes: "lines", untaxedCode: "NONE", sendsTaxIds: false },
    });
  });

  it("has a webhook where it has an address and a secret", () => {
    const webhook = { webhook_url: "https://hooks.example.test/webhooks/main", webhook_secret: SECRET };
    expect(options(webhook).made).toMatchObject({
      webhook: { url: webhook.webhook_url, clientState: SECRET, isActive: true },
    });
    expect(options({ ...webhook, webhook_active: false }).made).toMatchObject({
      webhook: { isActive: false },
    });
    expect(options({}).made).not.toHaveProperty("webhook");
  });

  it.each<[object, string[]]>([
    [{ webhook_url: URL }, ["webhook_secret: webhook_secret or webhook_secret_file is required"]],
    [{ webhook_secret: SECRET }, ["webhook_url: is required with a webhook's secret"]],
    [
      { webhook_url: URL, webhook_secret: SECRET, webhook_secret_file: "f" },
      ["webhook_secret_file: webhook_secret is given as well: choose one"],
    ],
    [
      { webhook_url: URL, webhook_secret: "too-short-to-be-safe" },
      ["webhook_secret: must have 32 to 256 characters of ASCII without spaces"],
    ],
    [
      { webhook_url: URL, webhook_secret_file: "a file of blanks and nothing else in it" },
      ["webhook_secret: must have 32 to 256 characters of ASCII without spaces"],
    ],
  ])("has no options where its webhook is not whole, and no word of the secret: %j", (changes, faults) => {
    expect(options(changes)).toEqual({ made: undefined, faults });
  });

  it.each([
    [{ client_secret: undefined }, ["client_secret: client_secret or client_secret_file is required"]],
    [{ client_secret_file: "f" }, ["client_secret_file: client_secret is given as well: choose one"]],
    [{ client_secret: undefined, client_secret_file: "missing" }, []],
  ])("has no options without its secret: %j", (changes, faults) => {
    expect(options(changes)).toEqual({ made: undefined, faults });
  });

  it.each<[object, RegExp]>([
    [{ tenant: "contoso.com" }, /must be an id/],
    [{ environment: "a/b" }, /must be an environment's name/],
    [{ companies: [] }, /./],
    [{ companies: [NORTH, NORTH.toUpperCase()] }, /names a company twice/],
    [{ companies: ["CRONUS"] }, /must be an id/],
    [{ url: "http://bc.example.test" }, /must be an origin/],
    [{ login_url: "https://login.example.test/path" }, /must be an origin/],
    [{ deadline: "11m" }, /must be a duration/],
    [{ tax_areas: { Germany: AREA_GERMANY } }, /must be a country/],
    [{ untaxed_code: "x".repeat(21) }, /at most 20 characters/],
    [{ webhook_url: "http://hooks.example.test/a" }, /must be an https/],
    [{ webhook_url: "https://hooks.example.test/a?b=c" }, /must have no query/],
    [{ webhook_url: `https://hooks.example.test/${"a".repeat(250)}` }, /./],
    [{ unknown: 1 }, /unknown/],
    [{ companies: [SOUTH], client_secret: "" }, /./],
  ])("that is wrong is told: %j", (changes, message) => {
    const parsed = businessCentralConnectionSchema.safeParse({ ...CONNECTION, ...changes });
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).toMatch(message);
  });
});
