import { importPKCS8, SignJWT } from "jose";
import { z } from "zod";
import type { Clock } from "../../../model/clock.ts";
import { messageOf } from "../../../model/errors.ts";
import { type HttpClient, HttpFailure, type HttpReply } from "../common/http-client.ts";
import { TokenCache, type AccessToken } from "../common/token-cache.ts";
import { ErpFault } from "../erp-sink.ts";
import type { Authentication } from "../common/authentication.ts";
import type { SignatureAlgorithm } from "./signature-algorithms.ts";

/** Credentials of OAuth 2.0 for machines: client credentials with a signed assertion (RFC 7523). */
export interface MachineCredentials {
  readonly clientId: string;
  /** What NetSuite calls the certificate of the key. */
  readonly certificateId: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  readonly algorithm: SignatureAlgorithm;
}

const TOKEN_PATH = "/services/rest/auth/oauth2/v1/token";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** NetSuite takes an hour at most; an assertion is used at once. */
const ASSERTION_LIFETIME_SECONDS = 300;
/** Getting a token is quick or is tried again. */
const TOKEN_DEADLINE_MS = 30_000;
/** Where the answer doesn't say how long the token is good for. */
const DEFAULT_TOKEN_LIFETIME_SECONDS = 3_600;

const tokenSchema = z.looseObject({
  access_token: z.string().regex(/^[\x21-\x7e]{1,10000}$/),
  expires_in: z.coerce.number().positive().optional(),
});
const tokenErrorSchema = z.looseObject({
  error: z.string().max(100),
  error_description: z.string().optional(),
});

export class MachineAuthentication implements Authentication {
  readonly #tokens: TokenCache;

  constructor(
    credentials: MachineCredentials,
    { origin, http, clock }: { readonly origin: string; readonly http: HttpClient; readonly clock: Clock },
  ) {
    this.#tokens = new TokenCache(() => requestToken(credentials, origin + TOKEN_PATH, http, clock), clock);
  }

  async authorization(): Promise<string> {
    return `Bearer ${await this.#tokens.token()}`;
  }

  refused(authorization: string): boolean {
    this.#tokens.refused(authorization.replace(/^Bearer /, ""));
    return true;
  }
}

async function requestToken(
  credentials: MachineCredentials,
  url: string,
  http: HttpClient,
  clock: Clock,
): Promise<AccessToken> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await signedAssertion(credentials, url, clock),
  });
  let reply: HttpReply;
  try {
    reply = await http.send({
      method: "POST",
      url,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: form.toString(),
      signal: AbortSignal.timeout(TOKEN_DEADLINE_MS),
    });
  } catch (fault) {
    if (!(fault instanceof HttpFailure)) throw fault;
    // Of the document nothing was sent yet.
    throw new ErpFault("transient", `NetSuite gave no access token: ${fault.message}`, { cause: fault });
  }
  return readToken(reply);
}

async function signedAssertion(
  { clientId, certificateId, privateKey, algorithm }: MachineCredentials,
  audience: string,
  clock: Clock,
): Promise<string> {
  try {
    const key = await importPKCS8(privateKey, algorithm);
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    return await new SignJWT({ scope: ["rest_webservices"] })
      .setProtectedHeader({ alg: algorithm, typ: "JWT", kid: certificateId })
      .setIssuer(clientId)
      .setAudience(audience)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + ASSERTION_LIFETIME_SECONDS)
      .sign(key);
  } catch (fault) {
    throw new ErpFault(
      "authentication",
      `the private key is no PKCS #8 key for ${algorithm}: ${messageOf(fault)}`,
      {
        code: "private-key-unusable",
      },
    );
  }
}

function readToken({ status, text }: HttpReply): AccessToken {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const token = tokenSchema.safeParse(body);
  if (status === 200 && token.success) {
    const { access_token: accessToken, expires_in: seconds } = token.data;
    return { token: accessToken, lifetimeMs: (seconds ?? DEFAULT_TOKEN_LIFETIME_SECONDS) * 1000 };
  }
  if (status === 429) throw new ErpFault("throttle", "NetSuite wants fewer requests for access tokens");
  const error = tokenErrorSchema.safeParse(body);
  if (error.success && status >= 400 && status < 500) {
    const { error: code, error_description: description } = error.data;
    const detail = description === undefined ? "" : `: ${description}`;
    throw new ErpFault("authentication", `NetSuite refuses the client's assertion (${code})${detail}`, {
      code,
    });
  }
  if (status === 401 || status === 403)
    throw new ErpFault("authentication", `NetSuite refuses to give an access token (HTTP ${status})`);
  throw new ErpFault("transient", `NetSuite gave no access token (HTTP ${status})`);
}
