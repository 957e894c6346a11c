import { KEY_WORDS } from "../../src/model/key-segments.ts";

/** Mixes a number so that each bit of the result depends on all of it; different numbers give different results. */
function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Writes the key of a number, like one of a keyed hash: numbers below 2^32 give different keys. */
export function writeKey(number: number, keys: Uint32Array, row: number): void {
  const at = row * KEY_WORDS;
  const first = mix(number);
  keys[at] = first;
  keys[at + 1] = mix(first ^ 0x9e3779b9);
  keys[at + 2] = mix(number ^ 0x7f4a7c15);
  keys[at + 3] = mix(first + 0x1ce4e5b9);
}

/** The checksum of a number's payload, low word. */
export function checksumOf(number: number): number {
  return number >>> 0;
}
