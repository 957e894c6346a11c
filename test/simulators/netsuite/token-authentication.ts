import { createHmac, timingSafeEqual } from "node:crypto";
import OAuth from "oauth-1.0a";

/** Token-based authentication: OAuth 1.0a with HMAC-SHA256, checked with a public library. */

export interface TokenCredentials {
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly tokenKey: string;
  readonly tokenSecret: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it was sent, escapes and all, without the query: `https://host/path`. */
  readonly baseUrl: string;
  /** Without "?". */
  readonly query: string;
  readonly authorization: string;
}

/** Clocks may differ by so much. */
const TOLERANCE_SECONDS = 300;
/** NetSuite's help: "Nonce must be at least six characters long." */
export const MIN_NONCE_LENGTH = 6;

const PARAMETERS = new Set([
  "realm",
  "oauth_consumer_key",
  "oauth_token",
  "oauth_nonce",
  "oauth_timestamp",
  "oauth_signature_method",
  "oauth_version",
  "oauth_signature",
]);

/** Checks requests; remembers nonces as long as their time would still be taken. */
export class TokenAuthentication {
  readonly #credentials: TokenCredentials;
  readonly #realm: string;
  readonly #minNonceLength: number;
  readonly #nonces = new Map<string, number>();

  constructor(credentials: TokenCredentials, realm: string, minNonceLength = MIN_NONCE_LENGTH) {
    this.#credentials = credentials;
    this.#realm = realm;
    this.#minNonceLength = minNonceLength;
  }

  /** Why a request is refused, as the login audit trail says it; undefined where it is right. */
  refusalOf(request: SignedRequest, nowSeconds: number): string | undefined {
    const parameters = parametersOf(request.authorization);
    if (parameters === undefined) return "MalformedHeader";
    const of = (name: string): string => parameters.get(name) ?? "";
    if (of("realm") !== this.#realm) return "WrongAccount";
    if (of("oauth_consumer_key") !== this.#credentials.consumerKey) return "ConsumerKeyUnknown";
    if (of("oauth_token") !== this.#credentials.tokenKey) return "TokenRejected";
    if (of("oauth_signature_method") !== "HMAC-SHA256") return "SignatureMethodRejected";
    if (of("oauth_version") !== "1.0") return "VersionRejected";
    const timestamp = of("oauth_timestamp");
    if (!/^\d{1,12}$/.test(timestamp)) return "InvalidTimestamp";
    if (Math.abs(Number(timestamp) - nowSeconds) > TOLERANCE_SECONDS) return "InvalidTimestamp";
    if (of("oauth_nonce").length < this.#minNonceLength) return "NonceRejected";
    if (!this.#isSignedRightly(request, parameters)) return "InvalidSignature";
    return this.#takeNonce(of("oauth_nonce"), Number(timestamp), nowSeconds) ? undefined : "NonceUsed";
  }

  #isSignedRightly(request: SignedRequest, parameters: ReadonlyMap<string, string>): boolean {
    const signature = signatureOf(request, parameters, this.#credentials);
    const [given, right] = [parameters.get("oauth_signature") ?? "", signature].map((text) =>
      Buffer.from(text),
    );
    return given?.length === right?.length && timingSafeEqual(given ?? Buffer.of(), right ?? Buffer.of());
  }

  #takeNonce(nonce: string, timestamp: number, nowSeconds: number): boolean {
    for (const [key, until] of this.#nonces) {
      if (until >= nowSeconds) break;
      this.#nonces.delete(key);
    }
    const key = `${timestamp} ${nonce}`;
    if (this.#nonces.has(key)) return false;
    this.#nonces.set(key, nowSeconds + 2 * TOLERANCE_SECONDS);
    return true;
  }
}

/** The signature that a request with these parameters must have. */
export function signatureOf(
  request: Omit<SignedRequest, "authorization">,
  parameters: ReadonlyMap<string, string>,
  credentials: TokenCredentials,
): string {
  const oauth = new OAuth({
    consumer: { key: credentials.consumerKey, secret: credentials.consumerSecret },
    signature_method: "HMAC-SHA256",
    hash_function: (base, key) => createHmac("sha256", key).update(base).digest("base64"),
  });
  const data: Record<string, string | string[]> = {};
  // RFC 5849, 3.4.1.3.1: the query's parameters count decoded; they are encoded again in the library.
  for (const name of new URLSearchParams(request.query).keys()) {
    const values = new URLSearchParams(request.query).getAll(name);
    data[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  const of = (name: string): string => parameters.get(name) ?? "";
  const signed: OAuth.Data = {
    oauth_consumer_key: of("oauth_consumer_key"),
    oauth_token: of("oauth_token"),
    oauth_nonce: of("oauth_nonce"),
    oauth_timestamp: Number(of("oauth_timestamp")),
    oauth_signature_method: of("oauth_signature_method"),
    oauth_version: of("oauth_version"),
  };
  return oauth.getSignature(
    { method: request.method, url: request.baseUrl, data },
    credentials.tokenSecret,
    signed,
  );
}

/** The parameters of the header, decoded; undefined where one is unknown, twice there, or not quoted. */
function parametersOf(authorization: string): ReadonlyMap<string, string> | undefined {
  const [, list] = /^OAuth\s+(.*)$/i.exec(authorization) ?? [];
  if (list === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (const part of list.split(/\s*,\s*/)) {
    const [, name, value] = /^([a-z_]+)="([^"]*)"$/.exec(part) ?? [];
    if (name === undefined || value === undefined || !PARAMETERS.has(name) || parameters.has(name))
      return undefined;
    try {
      parameters.set(name, decodeURIComponent(value));
    } catch {
      return undefined;
    }
  }
  return parameters;
}
