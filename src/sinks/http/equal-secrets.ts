import { createHash, timingSafeEqual } from "node:crypto";

/** Compares in a time that does not depend on where the texts differ, nor on how long the secret is. */
export function isEqualSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
