import { generateKeyPairSync } from "node:crypto";
import { request as httpRequest } from "node:http";
import { importPKCS8, SignJWT } from "jose";
import { expect, it } from "vitest";
import { NetSuiteSimulator } from "../../../simulators/netsuite/simulator.ts";
import { authorizationOf, Client, replyOf, TOKEN, useSimulator, type Reply } from "./netsuite-client.ts";

const spki = { type: "spki", format: "pem" } as const;
const pkcs8 = { type: "pkcs8", format: "pem" } as const;
const ec = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: spki,
  privateKeyEncoding: pkcs8,
});
const rsa = generateKeyPairSync("rsa", {
  modulusLength: 3_072,
  publicKeyEncoding: spki,
  privateKeyEncoding: pkcs8,
});

const used = useSimulator({
  machine: { clientId: "client", certificates: { "ec-1": ec.publicKey, "rsa-1": rsa.publicKey } },
  tokenLifetimeSeconds: 600,
});

const INVOICES = "/record/v1/invoice";

async function withHeader(authorization: string, path = INVOICES): Promise<Reply> {
  return replyOf(await fetch(`${used.simulator.url}/services/rest${path}`, { headers: { authorization } }));
}

it("takes a request that is signed with the token", async () => {
  expect((await used.client.call("GET", `${INVOICES}?limit=5&q=externalId IS "inv:42"`)).status).toBe(200);
});

const seconds = (): number => Math.floor(Date.now() / 1_000);

it.each([
  ["InvalidSignature", { oauth_signature: "AAAA" }],
  ["WrongAccount", { realm: "1234567-sb1" }],
  ["ConsumerKeyUnknown", { oauth_consumer_key: "other" }],
  ["TokenRejected", { oauth_token: "other" }],
  ["SignatureMethodRejected", { oauth_signature_method: "HMAC-SHA1" }],
  ["VersionRejected", { oauth_version: "2.0" }],
  ["NonceRejected", { oauth_nonce: "short" }],
  ["InvalidTimestamp", { oauth_timestamp: String(seconds() - 301) }],
  ["InvalidTimestamp", { oauth_timestamp: String(seconds() + 310) }],
])("refuses a request: %s", async (reason, changes) => {
  const url = `${used.simulator.url}/services/rest${INVOICES}`;
  const reply = await withHeader(authorizationOf("GET", url, changes));
  expect([reply.status, reply.code]).toEqual([401, "INVALID_LOGIN"]);
  expect(used.simulator.ledger().loginAudit).toEqual([reason]);
  expect(JSON.stringify(reply.body)).not.toContain(reason);
});

it("refuses a secret that is wrong, a query that was not signed, and a request that comes again", async () => {
  const url = `${used.simulator.url}/services/rest${INVOICES}`;
  const wrong = authorizationOf("GET", url, {}, { ...TOKEN, tokenSecret: "wrong" });
  expect((await withHeader(wrong)).code).toBe("INVALID_LOGIN");
  expect((await withHeader(authorizationOf("GET", url), `${INVOICES}?limit=1`)).code).toBe("INVALID_LOGIN");
  const right = authorizationOf("GET", url);
  expect((await withHeader(right)).status).toBe(200);
  expect((await withHeader(right)).code).toBe("INVALID_LOGIN");
  expect(used.simulator.ledger().loginAudit).toEqual(["InvalidSignature", "InvalidSignature", "NonceUsed"]);
});

it("refuses requests that its clock takes for old, and those without credentials", async () => {
  used.simulator.control({ do: "skew-clock", ms: 400_000 });
  expect((await used.client.call("GET", INVOICES)).code).toBe("INVALID_LOGIN");
  used.simulator.control({ do: "skew-clock", ms: 200_000 });
  expect((await used.client.call("GET", INVOICES)).status).toBe(200);
  expect((await replyOf(await fetch(`${used.simulator.url}/services/rest${INVOICES}`))).status).toBe(401);
});

it("is reached by its own host names only", async () => {
  const strict = await NetSuiteSimulator.start({ token: TOKEN, allowsLoopback: false });
  expect((await new Client(strict).call("GET", INVOICES)).code).toBe("INVALID_LOGIN");
  expect(strict.ledger().loginAudit).toEqual(["WrongHost"]);
  await strict.close();
});

/** Vectors of the OAuth signature, worked out twice with different code: keys ck/cs/tk/ts, nonce n0nce, time 1700000000. */
it.each([
  [
    "GET",
    "/record/v1/invoice?q=externalId%20IS%20%22inv%3A42%22&limit=5",
    "uuClLr0Iuqcx3rIq3ZsGJ6/MtZRPlCfr1kATVuCbQcs=",
    200,
  ],
  ["PUT", "/record/v1/invoice/eid:inv-42?replace=item", "/26r6eTR4djr1FsOHMFFhc3Jo/vG+12v5gsDm/5WXHU=", 400],
])("knows the golden signature of %s %s", async (method, path, signature, status) => {
  const host = "1234567-sb1.suitetalk.api.netsuite.com";
  const simulator = await NetSuiteSimulator.start({
    token: { consumerKey: "ck", consumerSecret: "cs", tokenKey: "tk", tokenSecret: "ts" },
    minNonceLength: 5,
    allowsLoopback: false,
    nowMs: () => 1_700_000_000_000,
  });
  const statusFor = async (given: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(simulator.url);
      const authorization = `OAuth realm="1234567_SB1",oauth_consumer_key="ck",oauth_token="tk",oauth_nonce="n0nce",oauth_timestamp="1700000000",oauth_signature_method="HMAC-SHA256",oauth_version="1.0",oauth_signature="${encodeURIComponent(given)}"`;
      const headers = { host, authorization, "content-type": "application/json" };
      httpRequest({ host: "127.0.0.1", port, method, path: `/services/rest${path}`, headers }, (response) => {
        response.resume().once("end", () => {
          resolve(response.statusCode ?? 0);
        });
      })
        .once("error", reject)
        .end(method === "PUT" ? "{}" : undefined);
    });
  expect(await statusFor(signature.toLowerCase())).toBe(401);
  expect(await statusFor(signature)).toBe(status);
  await simulator.close();
});

interface AssertionChanges {
  readonly algorithm?: string;
  readonly key?: string;
  readonly certificate?: string;
  readonly type?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

async function tokenReply(changes: AssertionChanges = {}, form: Readonly<Record<string, string>> = {}) {
  const url = `${used.simulator.url}/services/rest/auth/oauth2/v1/token`;
  const {
    algorithm = "ES256",
    key = ec.privateKey,
    certificate = "ec-1",
    type = "JWT",
    claims = {},
  } = changes;
  const assertion = await new SignJWT({
    iss: "client",
    scope: ["rest_webservices"],
    aud: url,
    iat: seconds(),
    exp: seconds() + 300,
    ...claims,
  })
    .setProtectedHeader({ alg: algorithm, kid: certificate, typ: type })
    .sign(await importPKCS8(key, algorithm));
  const response = await fetch(url, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
      ...form,
    }),
  });
  const body: Record<string, string> = JSON.parse(await response.text());
  return { status: response.status, body };
}

it("gives tokens for assertions, and takes them until they end", async () => {
  const { status, body } = await tokenReply();
  expect([status, body["token_type"], body["expires_in"]]).toEqual([200, "bearer", "600"]);
  const bearer = `Bearer ${body["access_token"] ?? ""}`;
  expect((await withHeader(bearer)).status).toBe(200);
  expect((await withHeader(`${bearer}x`)).code).toBe("INVALID_LOGIN");
  used.simulator.control({ do: "skew-clock", ms: 601_000 });
  expect((await withHeader(bearer)).code).toBe("INVALID_LOGIN");
});

it("takes each algorithm that NetSuite names, scopes with commas, and its own host as the audience", async () => {
  const claims = {
    scope: "restlets, rest_webservices",
    aud: "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token",
  };
  expect((await tokenReply({ claims })).status).toBe(200);
  const pss = { algorithm: "PS256", key: rsa.privateKey, certificate: "rsa-1" };
  expect((await tokenReply(pss)).status).toBe(200);
});

it.each<[string, AssertionChanges]>([
  ["alg", { algorithm: "RS256", key: rsa.privateKey, certificate: "rsa-1" }],
  ["kid", { certificate: "unknown" }],
  ["signature", { algorithm: "PS256", key: rsa.privateKey }],
  ["typ", { type: "at+jwt" }],
  ["iss", { claims: { iss: "other" } }],
  ["aud", { claims: { aud: "https://other.suitetalk.api.netsuite.com" } }],
  ["scope", { claims: { scope: ["restlets"] } }],
  ["scope", { claims: { scope: "rest_webservices,everything" } }],
  ["exp", { claims: { iat: seconds() - 600, exp: seconds() - 1 } }],
  ["exp", { claims: { exp: seconds() + 3_700 } }],
  ["iat", { claims: { iat: seconds() + 600, exp: seconds() + 700 } }],
])("refuses an assertion for its %s", async (reason, changes) => {
  const { status, body } = await tokenReply(changes);
  expect([status, body["error"]]).toEqual([400, "invalid_grant"]);
  expect(used.simulator.ledger().loginAudit).toEqual([`OAuth 2.0: ${reason}`]);
});

it("refuses forms of another grant, and certificates that are too short", async () => {
  expect((await tokenReply({}, { grant_type: "password" })).body["error"]).toBe("unsupported_grant_type");
  expect((await tokenReply({}, { client_assertion_type: "other" })).body["error"]).toBe("invalid_request");
  const short = generateKeyPairSync("rsa", {
    modulusLength: 2_048,
    publicKeyEncoding: spki,
    privateKeyEncoding: pkcs8,
  });
  const machine = { clientId: "client", certificates: { short: short.publicKey } };
  await expect(NetSuiteSimulator.start({ machine })).rejects.toThrow("3072 or 4096 bits");
});

it("ends tokens in the middle of work", async () => {
  const { body } = await tokenReply();
  const bearer = `Bearer ${body["access_token"] ?? ""}`;
  used.simulator.fault({ kind: "token-expiry" });
  expect((await withHeader(bearer)).code).toBe("INVALID_LOGIN");
  expect((await withHeader(bearer)).code).toBe("INVALID_LOGIN");
  const renewed = await tokenReply();
  expect((await withHeader(`Bearer ${renewed.body["access_token"] ?? ""}`)).status).toBe(200);
});

it("logs requests without secrets", async () => {
  await tokenReply();
  await used.client.call("GET", INVOICES);
  const text = JSON.stringify(used.simulator.ledger());
  expect(text).toContain(INVOICES);
  for (const secret of [...Object.values(TOKEN), "oauth_signature", "client_assertion"])
    expect(text).not.toContain(secret);
});
