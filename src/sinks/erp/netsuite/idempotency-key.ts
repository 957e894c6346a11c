import { createHash } from "node:crypto";

/** Namespace of this adapter's keys: a UUID of its own, made once. */
const NAMESPACE = "6f0c2f8e-5d0b-4c53-9a3e-2b7f4a1d9c60";

/** UUID of version 5 (RFC 9562 §5.5): the same parts give the same key. */
export function idempotencyKey(parts: readonly string[]): string {
  const namespace = Buffer.from(NAMESPACE.replaceAll("-", ""), "hex");
  const digest = createHash("sha1").update(namespace).update(JSON.stringify(parts), "utf8").digest();
  const bytes = digest.subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
