import { createHash } from "node:crypto";
import { REFERENCE_CHARACTERS } from "./limits.ts";

/**
 * External ids of all kinds are references of 16 characters, which SAP keeps in upper case: what a document is found by (DocumentReferenceID), and a
 * business partner (BusinessPartnerIDByExtSystem, 20 characters). The first four tell a connection's from all others, the other twelve are 60
 * bits of a hash of prefix and key. Two keys of a connection with the same one would be found as one document that differs: a conflict, never a wrong
 * posting.
 */

const MARK_CHARACTERS = 4;
/** A prefix that is a mark as it stands: the same for upper and lower case, hence of lower case only. */
const PLAIN_PREFIX = /^[a-z0-9-]{4}$/;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** What external ids of a connection begin with: always four characters, so that no connection's is the beginning of another's. */
export function externalIdPrefix(prefix: string): string {
  if (PLAIN_PREFIX.test(prefix)) return prefix.toUpperCase();
  const readable = prefix
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, "")
    .slice(0, 2);
  return readable + hashText(`prefix\u0000${prefix}`, MARK_CHARACTERS - readable.length);
}

export function externalIdOf(prefix: string, key: string): string {
  const mark = externalIdPrefix(prefix);
  return mark + hashText(`key\u0000${prefix}\u0000${key}`, REFERENCE_CHARACTERS - mark.length);
}

/** The first `characters` of a hash in base 32 (RFC 4648), five bits each. */
function hashText(text: string, characters: number): string {
  const digest = createHash("sha256").update(text, "utf8").digest();
  let bits = BigInt(`0x${digest.toString("hex")}`) >> BigInt(digest.length * 8 - characters * 5);
  let result = "";
  for (let place = 0; place < characters; place++) {
    result = BASE32.charAt(Number(bits & 31n)) + result;
    bits >>= 5n;
  }
  return result;
}
