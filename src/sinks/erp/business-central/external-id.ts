import { createHash } from "node:crypto";
import { MAX_EXTERNAL_ID_CHARACTERS, MAX_JOURNAL_CODE_CHARACTERS, MAX_NUMBER_CHARACTERS } from "./limits.ts";

/**
 * What documents are found by. All are codes: Business Central writes them in upper case, so keys that differ in case alone must not meet. A key that has
 * anything but small letters and digits, or is too long, gets a part of its hash.
 */
const PLAIN_TEXT = /^[a-z0-9:_-]+$/;
/** The alphabet of RFC 4648: 5 bits a character. */
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** 80 bits: among ten million documents two meet with a probability below 1 in 10 thousand millions. */
const HASH_CHARACTERS = 16;
/** Numbers of 20 characters have room for no more of the prefix. */
const MAX_SHORT_PREFIX_CHARACTERS = 6;
/** Stands before a hash, and in no text that is plain. */
const HASH_MARK = ".";

/** What external document numbers begin with. */
export function externalIdPrefix(prefix: string): string {
  return prefix.toUpperCase();
}

/** What numbers of customers and journals begin with. */
export function numberPrefix(prefix: string): string {
  const upper = prefix.toUpperCase();
  return upper.length <= MAX_SHORT_PREFIX_CHARACTERS
    ? upper
    : `${upper.slice(0, MAX_SHORT_PREFIX_CHARACTERS - 1)}-`;
}

/** External document number of an invoice or credit memo: readable, or the end of the key (its number) and the hash of all of it. */
export function externalDocumentNumber(prefix: string, key: string): string {
  const start = externalIdPrefix(prefix);
  if (PLAIN_TEXT.test(key) && start.length + key.length <= MAX_EXTERNAL_ID_CHARACTERS)
    return start + key.toUpperCase();
  // A prefix has 20 characters at most, which leaves 14 of them: 70 bits.
  const room = MAX_EXTERNAL_ID_CHARACTERS - start.length;
  const hash = hashOf(key, Math.min(HASH_CHARACTERS, room - HASH_MARK.length));
  const tail = tailOf(key, Math.max(0, room - HASH_MARK.length - hash.length));
  return start + tail.toUpperCase() + HASH_MARK + hash;
}

/** The last parts of a key that fit, in characters that are plain; the end of its last part where not even that fits. */
function tailOf(key: string, maxCharacters: number): string {
  const parts = key.replaceAll(/[^A-Za-z0-9:_-]/g, "-").split(":");
  let tail = parts.pop() ?? "";
  if (tail.length > maxCharacters) return maxCharacters === 0 ? "" : tail.slice(-maxCharacters);
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (part.length + 1 + tail.length > maxCharacters) break;
    tail = `${part}-${tail}`;
  }
  return tail;
}

/** Number of a customer: the same for all legal entities, since a company knows a customer once. */
export function customerNumber(prefix: string, customer: string): string {
  const start = numberPrefix(prefix);
  return PLAIN_TEXT.test(customer) && start.length + customer.length <= MAX_NUMBER_CHARACTERS
    ? start + customer.toUpperCase()
    : hashedNumber(start, customer);
}

/** Document number of a journal's lines and ledger entries. */
export function journalNumber(prefix: string, key: string): string {
  return hashedNumber(numberPrefix(prefix), `${prefix}\u0000${key}`);
}

/** Name of the batch that holds a journal's lines until they are posted: one a journal. */
export function journalCode(prefix: string, key: string): string {
  return hashOf(`${prefix}\u0000${key}`, MAX_JOURNAL_CODE_CHARACTERS);
}

function hashedNumber(start: string, text: string): string {
  return start + HASH_MARK + hashOf(text, MAX_NUMBER_CHARACTERS - start.length - HASH_MARK.length);
}

function hashOf(text: string, characters: number): string {
  let bits = BigInt(`0x${createHash("sha256").update(text, "utf8").digest("hex")}`);
  let hash = "";
  for (; hash.length < characters; bits >>= 5n) hash += BASE32.charAt(Number(bits & 31n));
  return hash;
}

/** A code as Business Central keeps it. */
export function codeOf(text: string): string {
  return text.trim().toUpperCase();
}
