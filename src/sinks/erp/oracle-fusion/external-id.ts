import { createHash } from "node:crypto";
import {
  GROUP_ID_HASH_DIGITS,
  MAX_EXTERNAL_ID_CHARACTERS,
  MAX_TRANSACTION_NUMBER_CHARACTERS,
} from "./limits.ts";

/**
 * External ids stand in `CrossReference` of transactions, in the original system's reference of customers and at the beginning of a journal batch's
 * name. They have no quotes, blanks or "%", since questions and names are made of them. A key that has such characters, or is too long, gets 80 bits
 * of its hash.
 */
const PLAIN_KEY = /^[A-Za-z0-9:.-]+$/;
const HASH_DIGITS = 20;

function hashOf(key: string): string {
  return createHash("sha256").update(key, "utf8").digest("hex");
}

/** What external ids begin with: a connection's prefix, which may have characters that they can't have. */
export function externalIdPrefix(prefix: string): string {
  return prefix.replaceAll(/[^A-Za-z0-9:.-]/g, "_");
}

export function externalIdOf(prefix: string, key: string): string {
  const readable = externalIdPrefix(prefix) + key.replaceAll(/[^A-Za-z0-9:.-]/g, "_");
  if (PLAIN_KEY.test(key) && readable.length <= MAX_EXTERNAL_ID_CHARACTERS) return readable;
  const hash = hashOf(key).slice(0, HASH_DIGITS);
  return `${readable.slice(0, MAX_EXTERNAL_ID_CHARACTERS - HASH_DIGITS - 1)}_${hash}`;
}

/** A transaction's number where it can't be our own: 80 bits of the hash of prefix and key. */
export function derivedNumberOf(prefix: string, key: string): string {
  return hashOf(prefix + key)
    .slice(0, MAX_TRANSACTION_NUMBER_CHARACTERS)
    .toUpperCase();
}

/** GROUP_ID of a journal's lines: the same for the same journal, at most 15 digits, never 0. */
export function groupIdOf(externalId: string): string {
  const number = BigInt(`0x${hashOf(externalId).slice(0, GROUP_ID_HASH_DIGITS)}`);
  return String(number === 0n ? 1n : number);
}
