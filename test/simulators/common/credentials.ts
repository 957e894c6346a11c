import { timingSafeEqual } from "node:crypto";

/** How clients show who they are, as every server compares it. */

export function isSameSecret(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** `Authorization` of RFC 7617. */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/** `Authorization` of a client at a token endpoint: its id and secret are encoded as in a form (RFC 6749, section 2.3.1). */
export function clientHeader(clientId: string, clientSecret: string): string {
  const encoded = (text: string): string => new URLSearchParams({ v: text }).toString().slice("v=".length);
  return basicHeader(encoded(clientId), encoded(clientSecret));
}
