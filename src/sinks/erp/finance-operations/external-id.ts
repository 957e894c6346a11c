import { createHash } from "node:crypto";
import { MAX_EXTERNAL_ID_CHARACTERS } from "./limits.ts";

/**
 * External ids have 20 characters, so a key is told by a hash: what stays of the connection's prefix, then 70 bits or more in base 32. Letters are
 * small, since the database compares them without case.
 */
const LONGEST_PREFIX = 6;
/** What is left of a prefix that is too long, or has characters that ids don't have: its beginning and 15 bits of its hash. */
const KEPT_OF_PREFIX = 3;
const PLAIN_PREFIX = /^[a-z0-9-]*$/;
const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";

/** What external ids begin with. */
export function externalIdPrefix(prefix: string): string {
  if (prefix.length <= LONGEST_PREFIX && PLAIN_PREFIX.test(prefix)) return prefix;
  const plain = prefix.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const kept = plain.slice(0, KEPT_OF_PREFIX);
  return kept + hashDigits(prefix, LONGEST_PREFIX - kept.length);
}

/** @param prefix the connection's own, not shortened */
export function externalIdOf(prefix: string, key: string): string {
  const start = externalIdPrefix(prefix);
  return start + hashDigits(key, MAX_EXTERNAL_ID_CHARACTERS - start.length);
}

function hashDigits(text: string, length: number): string {
  const hash = createHash("sha256").update(text, "utf8").digest();
  return Array.from({ length }, (_, index) => DIGITS[fiveBits(hash, index * 5)]).join("");
}

/** The five bits of a hash that begin at an offset. */
function fiveBits(hash: Buffer, offset: number): number {
  const byte = Math.floor(offset / 8);
  const two = ((hash[byte] ?? 0) << 8) | (hash[byte + 1] ?? 0);
  return (two >> (11 - (offset % 8))) & 31;
}
