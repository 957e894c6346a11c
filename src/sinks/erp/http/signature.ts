import { createHmac } from "node:crypto";
import { MAX_SECRET_BYTES, MIN_SECRET_BYTES } from "./limits.ts";

const PREFIX = "whsec_";

/** The bytes of a secret as Standard Webhooks writes it (`whsec_` and base64); undefined where it is none. */
export function secretBytes(text: string): Uint8Array | undefined {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded) || encoded.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  return bytes.length < MIN_SECRET_BYTES || bytes.length > MAX_SECRET_BYTES ? undefined : bytes;
}

/**
 * Headers of a webhook (Standard Webhooks 1.0): a signature a secret, so that a receiver that knows only the old or the new one of two takes
 * it while they are changed.
 * @param timestampSeconds when it is sent; receivers refuse what is more than five minutes off
 */
export function signatureHeaders(
  id: string,
  timestampSeconds: number,
  body: string,
  secrets: readonly Uint8Array[],
): Readonly<Record<string, string>> {
  const signed = `${id}.${timestampSeconds}.${body}`;
  const signatures = secrets.map(
    (secret) => `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`,
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": signatures.join(" "),
  };
}
