import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { MockAgent } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HttpClient } from "../../../../src/sinks/erp/common/http-client.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { idempotencyKey } from "../../../../src/sinks/erp/netsuite/idempotency-key.ts";
import { MachineAuthentication } from "../../../../src/sinks/erp/netsuite/machine-authentication.ts";
import type { SignatureAlgorithm } from "../../../../src/sinks/erp/netsuite/signature-algorithms.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const ORIGIN = "https://1234567.suitetalk.api.netsuite.com";
const PATH = "/services/rest/auth/oauth2/v1/token";
const KEYS = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 3_072 }),
  "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "P-521": generateKeyPairSync("ec", { namedCurve: "P-521" }),
};
let agent: MockAgent;
let forms: URLSearchParams[];
const clock = new ManualClock();

beforeEach(() => {
  agent = new MockAgent();
  agent.disableNetConnect();
  forms = [];
});
afterEach(() => agent.close());

function answer(status: number, body: object | string): void {
  agent
    .get(ORIGIN)
    .intercept({ path: PATH, method: "POST" })
    .reply(status, ({ body: form }) => {
      forms.push(new URLSearchParams(typeof form === "string" ? form : ""));
      return typeof body === "string" ? body : JSON.stringify(body);
    });
}
function authentication(algorithm: SignatureAlgorithm, key: keyof typeof KEYS): MachineAuthentication {
  const privateKey = KEYS[key].privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const http = new HttpClient({ connections: 1, deadlineMs: 1_000, dispatcher: agent });
  const credentials = { clientId: "client", certificateId: "cert", privateKey, algorithm };
  return new MachineAuthentication(credentials, { origin: ORIGIN, http, clock });
}
const TOKEN = { access_token: "abc", expires_in: "3600", token_type: "bearer" };

describe("access tokens for machines", () => {
  it.each<[SignatureAlgorithm, keyof typeof KEYS]>([
    ["PS256", "rsa"],
    ["PS384", "rsa"],
    ["PS512", "rsa"],
    ["ES256", "P-256"],
    ["ES384", "P-384"],
    ["ES512", "P-521"],
  ])("are asked for with an assertion, signed by %s", async (algorithm, key) => {
    answer(200, TOKEN);
    expect(await authentication(algorithm, key).authorization()).toBe("Bearer abc");
    const [form] = forms;
    expect(form?.get("grant_type")).toBe("client_credentials");
    expect(form?.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const verified = await jwtVerify(
      form?.get("client_assertion") ?? "",
      createPublicKey(KEYS[key].publicKey.export({ type: "spki", format: "pem" })),
      {
        currentDate: new Date(clock.nowMs()),
        issuer: "client",
        audience: `${ORIGIN}${PATH}`,
      },
    );
    expect(verified.protectedHeader).toEqual({ alg: algorithm, typ: "JWT", kid: "cert" });
    expect(verified.payload["scope"]).toEqual(["rest_webservices"]);
    expect((verified.payload.exp ?? 0) - (verified.payload.iat ?? 0)).toBeLessThanOrEqual(3_600);
  });

  it("are renewed where one was refused", async () => {
    answer(200, TOKEN);
    answer(200, { ...TOKEN, access_token: "def" });
    const ours = authentication("ES256", "P-256");
    const first = await ours.authorization();
    expect(ours.refused(first)).toBe(true);
    expect(await ours.authorization()).toBe("Bearer def");
  });

  it.each<[number, object | string, string, string | null]>([
    [400, { error: "invalid_grant", error_description: "assertion" }, "authentication", "invalid_grant"],
    [401, "<html>", "authentication", null],
    [429, "", "throttle", null],
    [503, "<html>", "transient", null],
    [200, { access_token: "a b" }, "transient", null],
    [200, "no JSON", "transient", null],
  ])("are not had: HTTP %i %j is %s", async (status, body, kind, code) => {
    answer(status, body);
    await expect(authentication("ES256", "P-256").authorization()).rejects.toMatchObject({ kind, code });
  });

  it("need a key that fits the algorithm, and tell nothing of it", async () => {
    const fault: unknown = await authentication("PS256", "P-256")
      .authorization()
      .catch((reason: unknown) => reason);
    if (!(fault instanceof ErpFault)) throw new Error("there was no fault");
    expect(fault).toMatchObject({ kind: "authentication", code: "private-key-unusable" });
    expect(fault.message).not.toContain("BEGIN");
  });
});

it("idempotency keys are UUIDs of version 5, the same for the same parts", () => {
  const key = idempotencyKey(["a", "b"]);
  expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(idempotencyKey(["a", "b"])).toBe(key);
  expect(new Set([["ab"], ["a", "b"], ["b", "a"], ["a", "b", ""]].map(idempotencyKey)).size).toBe(4);
});
