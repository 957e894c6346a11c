/**
 * Which partition an account lives in: fnv1a32(token) mod P, the function of nats-server's own
 * `{{partition(P,1)}}` subject mapping, over the account encoded to a subject-safe token.
 */

/** Partition count when none is configured. P is part of the data's identity: a restart can't change it, `tributary repartition` can. */
export const DEFAULT_PARTITION_COUNT = 16;
/** An upper bound that keeps stream and file counts sane on one cluster. */
export const MAX_PARTITION_COUNT = 1024;

const encoder = new TextEncoder();

/**
 * Encodes an account to a token that may stand in a NATS subject: bytes of its UTF-8 form; A-Z a-z 0-9 _ - stay,
 * every other byte becomes %XX in upper-case hexadecimal. Reversible, and the form that everyone hashes.
 */
export function accountToken(account: string): string {
  let token = "";
  for (const byte of encoder.encode(account)) {
    const plain =
      (byte >= 48 && byte <= 57) ||
      (byte >= 65 && byte <= 90) ||
      (byte >= 97 && byte <= 122) ||
      byte === 95 ||
      byte === 45;
    token += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}

/** FNV-1a, 32 bit, over the token's bytes (a token is ASCII). */
export function fnv1a32(token: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < token.length; i++) {
    hash ^= token.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** The partition of an account, 0 … partitionCount − 1. */
export function partitionOf(account: string, partitionCount: number): number {
  return fnv1a32(accountToken(account)) % partitionCount;
}
