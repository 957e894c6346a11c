import { createHmac } from "node:crypto";
import type { Clock } from "../../../model/clock.ts";
import { realmOf } from "./account.ts";
import type { Authentication, SignedRequest } from "../common/authentication.ts";

/** Credentials of token-based authentication (TBA): OAuth 1.0a (RFC 5849) with HMAC-SHA256. */
export interface TokenCredentials {
  readonly account: string;
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly tokenId: string;
  readonly tokenSecret: string;
}

/** RFC 3986: what `encodeURIComponent` leaves as it is, but OAuth doesn't. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** By bytes, as RFC 5849 wants parameters sorted: encoded texts are ASCII. */
function byNameThenValue(
  [aName, aValue]: readonly [string, string],
  [bName, bValue]: readonly [string, string],
) {
  if (aName !== bName) return aName < bName ? -1 : 1;
  return aValue < bValue ? -1 : aValue > bValue ? 1 : 0;
}

/**
 * What is signed (RFC 5849 §3.4.1). A query's parameters are decoded and encoded again: signing them as they stand in the address is the
 * usual mistake. The body is not signed, since it isn't a form.
 */
export function signatureBase(
  { method, url }: SignedRequest,
  oauthParameters: Readonly<Record<string, string>>,
): string {
  const { origin, pathname, searchParams } = new URL(url);
  const parameters = [...searchParams, ...Object.entries(oauthParameters)]
    .map(([name, value]) => [percentEncoded(name), percentEncoded(value)] as const)
    .sort(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`);
  return [method.toUpperCase(), origin + pathname, parameters.join("&")].map(percentEncoded).join("&");
}

/** Header of a request: a nonce is used once, the timestamp is in seconds. */
export function tokenAuthorization(
  request: SignedRequest,
  credentials: TokenCredentials,
  { nonce, timestampSeconds }: { readonly nonce: string; readonly timestampSeconds: number },
): string {
  const { account, consumerKey, consumerSecret, tokenId, tokenSecret } = credentials;
  const parameters = {
    oauth_consumer_key: consumerKey,
    oauth_token: tokenId,
    oauth_nonce: nonce,
    oauth_timestamp: String(timestampSeconds),
    oauth_signature_method: "HMAC-SHA256",
    oauth_version: "1.0",
  };
  const key = `${percentEncoded(consumerSecret)}&${percentEncoded(tokenSecret)}`;
  const signature = createHmac("sha256", key).update(signatureBase(request, parameters)).digest("base64");
  const fields = Object.entries({ realm: realmOf(account), ...parameters, oauth_signature: signature });
  return `OAuth ${fields.map(([name, value]) => `${name}="${percentEncoded(value)}"`).join(", ")}`;
}

/** 160 bits: no two requests of the life of a token have the same. */
const NONCE_WORDS = 5;

export class TokenAuthentication implements Authentication {
  readonly #credentials: TokenCredentials;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(credentials: TokenCredentials, clock: Clock, random: () => number) {
    this.#credentials = credentials;
    this.#clock = clock;
    this.#random = random;
  }

  authorization(request: SignedRequest): Promise<string> {
    const words = Array.from({ length: NONCE_WORDS }, () => Math.floor(this.#random() * 2 ** 32));
    const nonce = words.map((word) => word.toString(16).padStart(8, "0")).join("");
    const timestampSeconds = Math.floor(this.#clock.nowMs() / 1000);
    return Promise.resolve(tokenAuthorization(request, this.#credentials, { nonce, timestampSeconds }));
  }

  /** The credentials don't change: signing again with another nonce is no better. */
  refused(): boolean {
    return false;
  }
}
