/**
 * Random words of a numbered event: SplitMix (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014: a counter with a step of the golden ratio, then a finalizer) with the 32-bit finalizer of MurmurHash3
 * (Austin Appleby, public domain). Nothing is carried from one event to the next, so that any event can be drawn again
 * at any time: a duplicate needs no memory of what it repeats.
 */

const GOLDEN_RATIO = 0x9e3779b9;
/** How many words there are. */
export const TWO_32 = 2 ** 32;

/** The finalizer: a bijection of 32-bit words, each bit of the result depends on all of the argument. */
export function mix32(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Where the words of event `number` (an integer, 0 … 2^53) start. Different numbers below 2^32 start at different
 * places.
 */
export function drawStart(seed: number, number: number): number {
  const low = mix32((number | 0) ^ seed);
  return number < TWO_32 ? low : mix32(low ^ mix32(Math.floor(number / TWO_32)));
}

/** Word `draw` of an event: an integer from 0 to 2^32 − 1. */
export function drawWord(start: number, draw: number): number {
  return mix32(start + Math.imul(draw + 1, GOLDEN_RATIO));
}

/** Maps a word to 0 … bound − 1; uneven by less than bound / 2^32. */
export function below(word: number, bound: number): number {
  return Math.floor((word / TWO_32) * bound);
}
