import { MockAgent } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ClientCredentials,
  requestAccessToken,
} from "../../../../src/sinks/erp/common/client-credentials.ts";
import { HttpClient } from "../../../../src/sinks/erp/common/http-client.ts";
import type { AccessToken } from "../../../../src/sinks/erp/common/token-cache.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { EntraTokenEndpoint } from "../../../simulators/entra/token-endpoint.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const ORIGIN = "https://login.example.test";
const PATH = "/tenant/oauth2/v2.0/token";
const CREDENTIALS: ClientCredentials = {
  tokenUrl: ORIGIN + PATH,
  clientId: "c5f1a0de-0000-4000-8000-00000000c11e",
  clientSecret: "s3cret: ~/+&%",
  sentIn: "body",
  scope: "https://api.example.test/.default",
};

let agent: MockAgent;
let seen: { readonly form: URLSearchParams; readonly authorization: string | undefined }[];
const clock = new ManualClock();

beforeEach(() => {
  agent = new MockAgent();
  agent.disableNetConnect();
  seen = [];
});
afterEach(() => agent.close());

function answer(status: number, body: object | string, headers: Record<string, string> = {}): void {
  agent
    .get(ORIGIN)
    .intercept({ path: PATH, method: "POST" })
    .reply(
      status,
      ({ body: form, headers: sent }) => {
        seen.push({
          form: new URLSearchParams(typeof form === "string" ? form : ""),
          authorization: authorizationOf(sent),
        });
        return typeof body === "string" ? body : JSON.stringify(body);
      },
      { headers },
    );
}
function authorizationOf(sent: unknown): string | undefined {
  const headers = new Map(Object.entries(typeof sent === "object" && sent !== null ? sent : {}));
  const value: unknown = headers.get("authorization");
  return typeof value === "string" ? value : undefined;
}
function request(changes: Partial<ClientCredentials> = {}): Promise<AccessToken> {
  const http = new HttpClient({ connections: 1, deadlineMs: 1_000, dispatcher: agent });
  return requestAccessToken({ ...CREDENTIALS, ...changes }, { service: "The login", http, clock });
}
const TOKEN = { access_token: "abc", expires_in: 3599, token_type: "Bearer" };

describe("a client's access token", () => {
  it("is asked for by a form that says who it is", async () => {
    answer(200, TOKEN);
    expect(await request()).toEqual({ token: "abc", lifetimeMs: 3_599_000 });
    expect(seen[0]?.authorization).toBeUndefined();
    expect(Object.fromEntries(seen[0]?.form ?? [])).toEqual({
      grant_type: "client_credentials",
      client_id: CREDENTIALS.clientId,
      client_secret: CREDENTIALS.clientSecret,
      scope: CREDENTIALS.scope,
    });
  });

  it("is asked for by HTTP Basic, both parts encoded", async () => {
    answer(200, { access_token: "abc", expires_in: "60" });
    const { scope: _, ...without } = CREDENTIALS;
    const http = new HttpClient({ connections: 1, deadlineMs: 1_000, dispatcher: agent });
    const token = await requestAccessToken(
      { ...without, clientId: "id:1", sentIn: "basic", resource: "r" },
      { service: "The login", http, clock },
    );
    expect(token.lifetimeMs).toBe(60_000);
    const text = Buffer.from((seen[0]?.authorization ?? "").slice("Basic ".length), "base64").toString();
    expect(text).toBe("id%3A1:s3cret%3A+%7E%2F%2B%26%25");
    expect(Object.fromEntries(seen[0]?.form ?? [])).toEqual({
      grant_type: "client_credentials",
      resource: "r",
    });
  });

  it("is good for an hour where nothing is said", async () => {
    answer(200, { access_token: "abc" });
    expect((await request()).lifetimeMs).toBe(3_600_000);
  });

  it.each<[number, object | string, string, string | null]>([
    [
      401,
      { error: "invalid_client", error_description: "AADSTS7000215" },
      "authentication",
      "invalid_client",
    ],
    [400, { error: "invalid_scope" }, "authentication", "invalid_scope"],
    [400, { error: "temporarily_unavailable" }, "transient", null],
    [403, "<html>", "authentication", null],
    [429, "", "throttle", null],
    [503, "<html>", "transient", null],
    [302, "", "transient", null],
    [200, { access_token: "a b" }, "transient", null],
    [200, { access_token: "ab", expires_in: -1 }, "transient", null],
    [200, "no JSON", "transient", null],
  ])("is not had: HTTP %i %j is %s", async (status, body, kind, code) => {
    answer(status, body);
    await expect(request()).rejects.toMatchObject({ kind, code });
  });

  it("is waited for as long as the service says", async () => {
    answer(429, "", { "retry-after": "7" });
    await expect(request()).rejects.toMatchObject({ kind: "throttle", retryAfterMs: 7_000 });
  });

  it("is not had where nobody listens", async () => {
    await expect(request()).rejects.toMatchObject({ kind: "transient" });
  });

  it("never tells the secret", async () => {
    answer(401, { error: "invalid_client", error_description: `you sent ${CREDENTIALS.clientSecret}` });
    const fault: unknown = await request().catch((reason: unknown) => reason);
    if (!(fault instanceof ErpFault)) throw new Error("there was no fault");
    expect(fault.message).toContain("you sent …");
  });
});

/** The simulators' endpoint is strict: what a client may get wrong, it refuses, as Entra does. */
describe("the simulated token endpoint", () => {
  const client = {
    tenant: "tenant",
    clientId: CREDENTIALS.clientId,
    clientSecret: "right",
    scope: "https://a/.default",
  };
  const good = {
    grant_type: "client_credentials",
    client_id: client.clientId,
    client_secret: "right",
    scope: client.scope,
  };
  const post = (endpoint: EntraTokenEndpoint, form: Record<string, string>, path = PATH) =>
    endpoint.answer(
      { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } },
      path,
      new URLSearchParams(form).toString(),
    );

  it("gives a token that ends", async () => {
    const time = new ManualClock();
    const endpoint = new EntraTokenEndpoint(client, () => time.nowMs());
    const { status, body } = post(endpoint, good);
    expect(status).toBe(200);
    const bearer = `Bearer ${String(Reflect.get(body, "access_token"))}`;
    expect(endpoint.accepts(bearer)).toBe(true);
    expect(endpoint.accepts("Bearer other")).toBe(false);
    expect(endpoint.accepts(undefined)).toBe(false);
    await time.advance(3_599_001);
    expect(endpoint.accepts(bearer)).toBe(false);
  });

  it.each<[string, Record<string, string>, string, number, string]>([
    ["another secret", { ...good, client_secret: "wrong" }, PATH, 401, "AADSTS7000215"],
    ["another client", { ...good, client_id: "wrong" }, PATH, 400, "AADSTS700016"],
    ["another grant", { ...good, grant_type: "password" }, PATH, 400, "AADSTS70003"],
    ["a scope of one permission", { ...good, scope: "https://a/Read" }, PATH, 400, "AADSTS1002012"],
    ["another resource", { ...good, scope: "https://b/.default" }, PATH, 400, "AADSTS500011"],
    ["another tenant", good, "/other/oauth2/v2.0/token", 400, "AADSTS90002"],
    ["a parameter too many", { ...good, resource: "r" }, PATH, 400, "AADSTS90014"],
  ])("refuses %s", (_, form, path, status, refusal) => {
    const endpoint = new EntraTokenEndpoint(client, () => 0);
    expect(post(endpoint, form, path)).toMatchObject({ status, refusal });
    expect(endpoint.issued).toBe(0);
  });

  it("refuses a form in the address, or as JSON", () => {
    const endpoint = new EntraTokenEndpoint(client, () => 0);
    const json = { method: "POST", headers: { "content-type": "application/json" } };
    expect(endpoint.answer(json, PATH, JSON.stringify(good)).status).toBe(400);
    expect(endpoint.answer({ method: "GET", headers: {} }, PATH, "").status).toBe(400);
  });
});
