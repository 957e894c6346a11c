import { randomBytes } from "node:crypto";
import { importSPKI, jwtVerify } from "jose";
import { basicHeader, clientHeader, isSameSecret } from "../common/credentials.ts";

/** Who may ask: a user by password, by a token of the identity service, or by an assertion that a trusted key has signed. */

export interface Credentials {
  readonly basic?: { readonly username: string; readonly password: string };
  readonly oauth?: { readonly clientId: string; readonly clientSecret: string; readonly scope: string };
  readonly jwt?: {
    readonly issuer: string;
    readonly username: string;
    readonly certificateThumbprint: string;
    /** PEM, SPKI. */
    readonly publicKey: string;
  };
}

export const TOKEN_PATH = "/oauth2/v1/token";

export class Authentication {
  readonly #credentials: Credentials;
  readonly #lifetimeSeconds: number;
  readonly #tokens = new Map<string, number>();
  /** Secrets are refused, as if they had been changed. */
  isRefusing = false;
  tokenRequests = 0;

  constructor(credentials: Credentials, lifetimeSeconds: number) {
    this.#credentials = credentials;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  /** Whether a request's header stands for a user. */
  async accepts(authorization: string, nowMs: number): Promise<boolean> {
    if (this.isRefusing) return false;
    const [scheme = "", value = ""] = authorization.split(" ");
    const { basic, jwt } = this.#credentials;
    if (scheme === "Basic")
      return (
        basic !== undefined && isSameSecret(`Basic ${value}`, basicHeader(basic.username, basic.password))
      );
    if (scheme !== "Bearer") return false;
    const endsMs = this.#tokens.get(value);
    if (endsMs !== undefined) return nowMs < endsMs;
    return jwt !== undefined && isAssertion(value, jwt, nowMs);
  }

  /** Answers the identity service's endpoint. */
  token(
    form: URLSearchParams,
    authorization: string,
    nowMs: number,
  ): { readonly status: number; readonly body: object } {
    this.tokenRequests += 1;
    const { oauth } = this.#credentials;
    const isClient =
      oauth !== undefined &&
      !this.isRefusing &&
      isSameSecret(authorization, clientHeader(oauth.clientId, oauth.clientSecret));
    if (!isClient)
      return {
        status: 401,
        body: { error: "invalid_client", error_description: "Client authentication failed." },
      };
    if (form.get("grant_type") !== "client_credentials")
      return { status: 400, body: { error: "unsupported_grant_type", error_description: "" } };
    if (form.get("scope") !== oauth.scope)
      return { status: 400, body: { error: "invalid_scope", error_description: "The scope isn't valid." } };
    const token = randomBytes(24).toString("base64url");
    this.#tokens.set(token, nowMs + this.#lifetimeSeconds * 1000);
    return {
      status: 200,
      body: { access_token: token, token_type: "Bearer", expires_in: this.#lifetimeSeconds },
    };
  }
}

async function isAssertion(
  token: string,
  { issuer, username, certificateThumbprint, publicKey }: NonNullable<Credentials["jwt"]>,
  nowMs: number,
): Promise<boolean> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, await importSPKI(publicKey, "RS256"), {
      issuer,
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat"],
      currentDate: new Date(nowMs),
    });
    return protectedHeader["x5t"] === certificateThumbprint && payload["prn"] === username;
  } catch {
    return false;
  }
}
