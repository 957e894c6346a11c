import { importPKCS8, SignJWT } from "jose";
import type { Clock } from "../../../model/clock.ts";
import { messageOf } from "../../../model/errors.ts";
import { type Authentication, basicAuthentication, bearerAuthentication } from "../common/authentication.ts";
import { type ClientCredentials, requestAccessToken } from "../common/client-credentials.ts";
import type { HttpClient } from "../common/http-client.ts";
import { type AccessToken, TokenCache } from "../common/token-cache.ts";
import { ErpFault } from "../erp-sink.ts";

/** A user and a password. */
export interface BasicCredentials {
  readonly kind: "basic";
  readonly username: string;
  readonly password: string;
}

/** A confidential application of Oracle's identity service. */
export interface OAuthCredentials extends Omit<ClientCredentials, "sentIn" | "scope"> {
  readonly kind: "oauth";
  readonly scope: string;
}

/** Assertions of a user that are signed with a key whose certificate Oracle trusts (Security Console > API Authentication). */
export interface JwtCredentials {
  readonly kind: "jwt";
  readonly issuer: string;
  readonly username: string;
  /** SHA-1 of the certificate, base64url: the header `x5t`. */
  readonly certificateThumbprint: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

export type OracleCredentials = BasicCredentials | OAuthCredentials | JwtCredentials;

export function authenticationOf(
  credentials: OracleCredentials,
  { http, clock }: { readonly http: HttpClient; readonly clock: Clock },
): Authentication {
  if (credentials.kind === "basic") return basicAuthentication(credentials.username, credentials.password);
  return bearerAuthentication(new TokenCache(() => requestToken(credentials, http, clock), clock));
}

function requestToken(
  credentials: OAuthCredentials | JwtCredentials,
  http: HttpClient,
  clock: Clock,
): Promise<AccessToken> {
  if (credentials.kind === "jwt") return signedAssertion(credentials, clock);
  const { tokenUrl, clientId, clientSecret, scope } = credentials;
  return requestAccessToken(
    { tokenUrl, clientId, clientSecret, scope, sentIn: "basic" },
    { service: "Oracle's identity service", http, clock },
  );
}

const ASSERTION_ALGORITHM = "RS256";
/** Oracle takes what is not longer than its clock allows: five minutes are used well and quickly made anew. */
const ASSERTION_LIFETIME_SECONDS = 300;

async function signedAssertion(
  { issuer, username, certificateThumbprint, privateKey }: JwtCredentials,
  clock: Clock,
): Promise<AccessToken> {
  try {
    const key = await importPKCS8(privateKey, ASSERTION_ALGORITHM);
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const token = await new SignJWT({ prn: username })
      .setProtectedHeader({ alg: ASSERTION_ALGORITHM, typ: "JWT", x5t: certificateThumbprint })
      .setIssuer(issuer)
      .setSubject(username)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + ASSERTION_LIFETIME_SECONDS)
      .sign(key);
    return { token, lifetimeMs: ASSERTION_LIFETIME_SECONDS * 1000 };
  } catch (fault) {
    throw new ErpFault(
      "authentication",
      `the private key is no PKCS #8 key for ${ASSERTION_ALGORITHM}: ${messageOf(fault)}`,
      { code: "private-key-unusable" },
    );
  }
}
