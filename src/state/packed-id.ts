import type { Channel } from "../model/outputs.ts";
import { TributaryError } from "../model/errors.ts";

/**
 * A rowid holds a group (space or channel) in its upper bits and a number (key or ordinal) in the lower 40. The
 * packing is done in SQL, where integers have 64 bits.
 */
export const NUMBER_BITS = 40;
/** 1.1e12: a partition that gives out a million a second reaches it after 12 days of doing nothing else. */
export const NUMBER_MAX = 2 ** NUMBER_BITS - 1;

/** SQL of the rowid of two placeholders (group, number). */
export const PACK = `((? << ${NUMBER_BITS}) | ?)`;
/** SQL of the number in rowid `id`. */
export const NUMBER_OF_ID = `(id & ${NUMBER_MAX})`;

/**
 * Groups of the outbox. The channel that is written most has the highest: its entries then go to the right end of
 * the tree, where SQLite appends without splitting pages. Stored: never renumber.
 */
export const CHANNEL_GROUPS: Readonly<Record<Channel, number>> = {
  alert: 0,
  "dead-letter": 1,
  reroute: 2,
  rated: 3,
  // Added when stored groups could no longer be renumbered; documents are few and leave soon.
  document: 4,
  command: 5,
};

/** Throws `internal-fault` for a number that a rowid can't hold. */
export function assertPackable(number: number, what: string): void {
  if (!Number.isSafeInteger(number) || number < 0 || number > NUMBER_MAX) {
    throw new TributaryError(
      "internal-fault",
      `${what} must be an integer from 0 to ${NUMBER_MAX}: ${number}.`,
    );
  }
}
