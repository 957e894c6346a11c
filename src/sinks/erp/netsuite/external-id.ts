import { createHash } from "node:crypto";
import { MAX_EXTERNAL_ID_CHARACTERS } from "./limits.ts";

/**
 * External ids: letters, digits, "_" and "-" (docs: "Using External IDs"), the same for upper and lower case ("Using Internal IDs, External IDs,
 * and References"), and shared by all integrations of an account, hence the prefix. A key that has anything else, or that would be the same as
 * another one, gets 80 bits of its hash.
 */
const PLAIN_KEY = /^[a-z0-9:-]+$/;
const HASH_DIGITS = 20;

/** What external ids begin with: a connection's prefix, which may have characters that they can't have. */
export function externalIdPrefix(prefix: string): string {
  return prefix.replaceAll(/[^A-Za-z0-9_-]/g, "_");
}

export function externalIdOf(prefix: string, key: string): string {
  const readable = externalIdPrefix(prefix) + key.replaceAll(/[^A-Za-z0-9-]/g, "_");
  if (PLAIN_KEY.test(key) && readable.length <= MAX_EXTERNAL_ID_CHARACTERS) return readable;
  const hash = createHash("sha256").update(key, "utf8").digest("hex").slice(0, HASH_DIGITS);
  return `${readable.slice(0, MAX_EXTERNAL_ID_CHARACTERS - HASH_DIGITS - 1)}_${hash}`;
}
