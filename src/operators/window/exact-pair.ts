import { TributaryError } from "../../model/errors.ts";

/**
 * Exact integers as a pair of doubles: value = high × 2^52 + low with 0 ≤ low < 2^52. The form of a value is unique,
 * so equal states have equal bytes. Exact for |value| ≤ 2^104.
 */

/** The base of a pair: a sum of two low parts stays below 2^53, where doubles still hold every integer. */
export const PAIR_BASE = 2 ** 52;
const PAIR_BITS = 52n;

/** Largest magnitude of a high part. Leaves one bit, so that adding two pairs can be checked after the fact. */
export const MAX_PAIR_HIGH = 2 ** 52;

/**
 * Largest magnitude of a single value: 2^80 (24 digits). A cell holds 2^104, so 16 million such values add up in one
 * cell, and a level held for an hour in milliseconds (2^22) fits as well.
 */
export const MAX_VALUE = 2n ** 80n;

/** Whether a cell takes the value; `enrich` rejects the event as `value-out-of-range` where not. */
export function fitsCell(value: bigint): boolean {
  return value <= MAX_VALUE && value >= -MAX_VALUE;
}

/** Throws `internal-fault` for a value that a cell does not take. */
export function requireFit(value: bigint): void {
  if (!fitsCell(value)) {
    throw new TributaryError("internal-fault", "A value is beyond what a cell can hold.", {
      details: { value: value.toString() },
    });
  }
}

/** High part of an integer in number form, |value| ≤ 2^52; the caller has turned −0 into 0. */
export function highOf(value: number): number {
  // Adding 0 turns the −0 that a floor can give into 0: bytes must not depend on it.
  return Math.floor(value / PAIR_BASE) + 0;
}

export function lowOf(value: number, high: number): number {
  return value - high * PAIR_BASE;
}

export function highOfLarge(value: bigint): number {
  return Number(value >> PAIR_BITS);
}

export function lowOfLarge(value: bigint): number {
  return Number(BigInt.asUintN(52, value));
}

export function joinPair(high: number, low: number): bigint {
  return (BigInt(high) << PAIR_BITS) + BigInt(low);
}

/** The fault of a value that is no integer. */
export function notExact(value: number): TributaryError {
  return new TributaryError("internal-fault", "A value is not an exact integer.", { details: { value } });
}
