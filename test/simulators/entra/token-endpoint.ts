import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/**
 * The token endpoint of Microsoft Entra (`POST /<tenant>/oauth2/v2.0/token`), for the simulators of Dynamics: client credentials with a secret,
 * and nothing else. A part of a simulator, not a server: it is given requests and answers them.
 */

export interface EntraClient {
  /** Directory (tenant) id. */
  readonly tenant: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The one scope that is given: the resource and `/.default`. */
  readonly scope: string;
  readonly tokenLifetimeSeconds?: number;
}

export interface EntraAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  /** Why no token was given, for tests; never what was sent. Undefined where one was given. */
  readonly refusal: string | undefined;
}

/** What Entra gives: a bit more than an hour at most. */
const DEFAULT_LIFETIME_SECONDS = 3_599;
const JSON_TYPE = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store, no-cache",
};
const PARAMETERS: ReadonlySet<string> = new Set(["grant_type", "client_id", "client_secret", "scope"]);
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export class EntraTokenEndpoint {
  readonly #client: EntraClient;
  readonly #nowMs: () => number;
  /** Hashes of the tokens, with the time at which they end, milliseconds. */
  readonly #tokens = new Map<string, number>();
  #isSecretGood = true;
  /** Tokens that were given. */
  issued = 0;

  constructor(client: EntraClient, nowMs: () => number) {
    this.#client = client;
    this.#nowMs = nowMs;
  }

  /** Whether a path is a token endpoint's, of whatever tenant. */
  isPath(pathname: string): boolean {
    return /^\/[^/]+\/oauth2\/v2\.0\/token$/.test(pathname);
  }

  answer(request: Pick<IncomingMessage, "method" | "headers">, pathname: string, body: string): EntraAnswer {
    const { tenant, clientId, clientSecret, scope, tokenLifetimeSeconds } = this.#client;
    if (request.method !== "POST")
      return this.#refused(400, "invalid_request", 900561, "The endpoint only accepts POST requests.");
    const media = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
    if (media !== "application/x-www-form-urlencoded")
      return this.#refused(400, "invalid_request", 900144, "The request body must be a form.");
    const form = new URLSearchParams(body);
    const given = pathname.split("/")[1] ?? "";
    if (given.toLowerCase() !== tenant.toLowerCase())
      return this.#refused(400, "invalid_request", 90002, "The tenant was not found.");
    for (const name of ["grant_type", "client_id", "scope"])
      if (!form.has(name))
        return this.#refused(400, "invalid_request", 900144, `The request body must contain: '${name}'.`);
    for (const name of form.keys())
      if (!PARAMETERS.has(name) || form.getAll(name).length > 1)
        return this.#refused(400, "invalid_request", 90014, `The parameter '${name}' is not expected.`);
    if (form.get("grant_type") !== "client_credentials")
      return this.#refused(400, "unsupported_grant_type", 70003, "The grant type is not supported.");
    if (!GUID.test(form.get("client_id") ?? "") || form.get("client_id") !== clientId)
      return this.#refused(400, "unauthorized_client", 700016, "The application was not found.");
    if (!this.#isSecretGood || !isSame(form.get("client_secret") ?? "", clientSecret))
      return this.#refused(401, "invalid_client", 7000215, "Invalid client secret provided.");
    const asked = form.get("scope") ?? "";
    if (!asked.endsWith("/.default"))
      return this.#refused(400, "invalid_scope", 1002012, `The scope ${asked} is not valid.`);
    if (asked !== scope)
      return this.#refused(400, "invalid_resource", 500011, "The resource principal was not found.");
    const token = randomBytes(48).toString("base64url");
    const seconds = tokenLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;
    this.#tokens.set(hashOf(token), this.#nowMs() + seconds * 1000);
    this.issued += 1;
    const answer = {
      token_type: "Bearer",
      expires_in: seconds,
      ext_expires_in: seconds,
      access_token: token,
    };
    return { status: 200, headers: JSON_TYPE, body: answer, refusal: undefined };
  }

  /** Whether an `Authorization` header has a token that is still good. */
  accepts(authorization: string | undefined): boolean {
    const [, token] = /^Bearer ([\w-]+)$/.exec(authorization ?? "") ?? [];
    return token !== undefined && (this.#tokens.get(hashOf(token)) ?? 0) > this.#nowMs();
  }

  /** All tokens end now. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  /** The client's secret is refused (it has ended), or taken again; tokens that are out stay good. */
  acceptSecret(isGood: boolean): void {
    this.#isSecretGood = isGood;
  }

  #refused(status: number, error: string, number: number, description: string): EntraAnswer {
    const body = {
      error,
      error_description: `AADSTS${number}: ${description} Trace ID: ${randomUUID()} Correlation ID: ${randomUUID()}`,
      error_codes: [number],
      timestamp: new Date(this.#nowMs()).toISOString(),
    };
    return { status, headers: JSON_TYPE, body, refusal: `AADSTS${number}` };
  }
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(one)), Buffer.from(hashOf(other)));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
