import { createHmac, timingSafeEqual } from "node:crypto";

/** Signatures of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, in base64, as `v1,<signature>`. */

export interface SignedMessage {
  readonly id: string;
  /** Seconds since the epoch, as the header has it. */
  readonly timestamp: string;
  readonly body: string;
}

const SECRET_PREFIX = "whsec_";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** The specification wants secrets of 24 to 64 bytes. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/** The key that a secret stands for: base64 behind `whsec_`. Throws RangeError. */
export function keyOf(secret: string): Buffer {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : "";
  const key = Buffer.from(encoded, "base64");
  if (!BASE64.test(encoded) || key.length < MIN_SECRET_BYTES || key.length > MAX_SECRET_BYTES)
    throw new RangeError("a secret is whsec_ and 24 to 64 bytes in base64");
  return key;
}

export function signatureOf(message: SignedMessage, key: Buffer): string {
  const { id, timestamp, body } = message;
  return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
}

/** How many of the header's signatures are right: several stand in it, separated by spaces, while a secret changes. */
export function countRight(header: string, message: SignedMessage, keys: readonly Buffer[]): number {
  const right = keys.map((key) => Buffer.from(`v1,${signatureOf(message, key)}`));
  return header
    .split(" ")
    .map((part) => Buffer.from(part))
    .filter((given) => right.some((each) => each.length === given.length && timingSafeEqual(each, given)))
    .length;
}
