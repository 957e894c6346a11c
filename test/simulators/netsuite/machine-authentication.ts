import { createHash, createPublicKey, randomBytes } from "node:crypto";
import { decodeProtectedHeader, importSPKI, jwtVerify } from "jose";

/** OAuth 2.0 for machines: a signed assertion for an access token, checked with a public library. */

export interface MachineCredentials {
  readonly clientId: string;
  /** Public keys of the certificates that are mapped to the client, PEM (SPKI), by certificate id. */
  readonly certificates: Readonly<Record<string, string>>;
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
  /** For the login audit trail; undefined where a token was given. */
  readonly refusal: string | undefined;
}

const ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SCOPES = new Set(["rest_webservices", "restlets", "suite_analytics"]);
/** An assertion may be valid for no more than this. */
const MAX_ASSERTION_SECONDS = 3_600;
const TOLERANCE_SECONDS = 300;
/** What NetSuite takes of RSA keys: 3072 or 4096 bits. */
const RSA_BITS = new Set([3_072, 4_096]);

export class MachineAuthentication {
  readonly #credentials: MachineCredentials;
  readonly #lifetimeSeconds: number;
  /** Hashes of the tokens, with the second in which they end. */
  readonly #tokens = new Map<string, number>();

  /** Throws RangeError for a certificate that NetSuite would not take. */
  constructor(credentials: MachineCredentials, lifetimeSeconds = MAX_ASSERTION_SECONDS) {
    this.#credentials = credentials;
    this.#lifetimeSeconds = lifetimeSeconds;
    for (const [id, pem] of Object.entries(credentials.certificates)) {
      const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
      const bits = asymmetricKeyDetails?.modulusLength;
      if (asymmetricKeyType !== "ec" && (bits === undefined || !RSA_BITS.has(bits)))
        throw new RangeError(`certificate ${id}: RSA keys must have 3072 or 4096 bits`);
    }
  }

  /** What the token endpoint answers to a form. `audiences`: the URLs that the endpoint may be called. */
  async answer(
    form: URLSearchParams,
    audiences: readonly string[],
    nowSeconds: number,
  ): Promise<TokenAnswer> {
    if (form.get("grant_type") !== "client_credentials")
      return refused("unsupported_grant_type", "grant_type");
    if (form.get("client_assertion_type") !== ASSERTION_TYPE)
      return refused("invalid_request", "client_assertion_type");
    const refusal = await this.#refusalOf(form.get("client_assertion") ?? "", audiences, nowSeconds);
    if (refusal !== undefined) return refused("invalid_grant", refusal);
    const token = randomBytes(32).toString("base64url");
    this.#tokens.set(hashOf(token), nowSeconds + this.#lifetimeSeconds);
    // The lifetime really is a text.
    const body = { access_token: token, expires_in: String(this.#lifetimeSeconds), token_type: "bearer" };
    return { status: 200, body, refusal: undefined };
  }

  accepts(token: string, nowSeconds: number): boolean {
    return (this.#tokens.get(hashOf(token)) ?? 0) > nowSeconds;
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  async #refusalOf(
    assertion: string,
    audiences: readonly string[],
    nowSeconds: number,
  ): Promise<string | undefined> {
    const now = new Date(nowSeconds * 1_000);
    try {
      const { alg, kid, typ } = decodeProtectedHeader(assertion);
      if (typ !== "JWT") return "typ";
      if (alg === undefined || !ALGORITHMS.includes(alg)) return "alg";
      const pem = kid === undefined ? undefined : this.#credentials.certificates[kid];
      if (pem === undefined) return "kid";
      const key = await importSPKI(pem, alg);
      const { payload } = await jwtVerify(assertion, key, {
        algorithms: ALGORITHMS,
        issuer: this.#credentials.clientId,
        audience: [...audiences],
        currentDate: now,
        clockTolerance: 0,
        requiredClaims: ["iss", "aud", "iat", "exp", "scope"],
      });
      const { iat = 0, exp = 0, scope } = payload;
      if (exp - iat > MAX_ASSERTION_SECONDS || exp <= iat) return "exp";
      if (iat > nowSeconds + TOLERANCE_SECONDS) return "iat";
      return isScope(scope) ? undefined : "scope";
    } catch (error) {
      return error instanceof Error && "claim" in error ? String(error.claim) : "signature";
    }
  }
}

/** A list, or a text with commas; for this API rest_webservices must be among them. */
function isScope(scope: unknown): boolean {
  const scopes: readonly unknown[] = Array.isArray(scope)
    ? scope
    : typeof scope === "string"
      ? scope.split(",").map((each) => each.trim())
      : [];
  return (
    scopes.includes("rest_webservices") &&
    scopes.every((each) => typeof each === "string" && SCOPES.has(each))
  );
}

function refused(error: string, reason: string): TokenAnswer {
  return { status: 400, body: { error }, refusal: `OAuth 2.0: ${reason}` };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
