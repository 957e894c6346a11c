import {
  add,
  addEach,
  type AssembledFunction,
  type Code,
  floats,
  floatsToSigned,
  floatsToUnsigned,
  floorFloats,
  get,
  isBelow,
  loadVector,
  multiplyEach,
  multiplyFloats,
  number,
  repeatWhile,
  rotateBytes,
  rotateEach,
  set,
  shiftEachRight,
  shiftLeft,
  shuffleWords,
  spread,
  storeVector,
  subtractFloats,
  xorBits,
} from "./assemble.ts";
import { AccountHigh, AccountLow, Checksums, Sums, Times, TypeHigh, TypeLow } from "./layout.ts";

// Parameter, integer, vectors.
const END = 0;
const ROW = 1;
const LOW = 2;
const HIGH = 3;
const STEP = 4;
const WORD = 5;
const TIME_LOW = 6;
const TIME_HIGH = 7;
const FLOAT = 8;
const WHOLE = 9;
const VECTORS = 8;

const TWO_32 = 2 ** 32;

/** A step of one lane of the checksum on four rows at once (`mixLow` and `mixHigh` of src/model/payload-checksum.ts). */
const mixLow: Code = [
  ...set(STEP, multiplyEach(get(WORD), spread(number(0xcc9e2d51)))),
  ...set(LOW, xorBits(get(LOW), multiplyEach(rotateEach(STEP, 15), spread(number(0x1b873593))))),
  ...set(LOW, addEach(multiplyEach(rotateEach(LOW, 13), spread(number(5))), spread(number(0xe6546b64)))),
];
const mixHigh: Code = [
  ...set(STEP, multiplyEach(get(WORD), spread(number(0x239b961b)))),
  ...set(HIGH, xorBits(get(HIGH), multiplyEach(rotateBytes(STEP, 2), spread(number(0xab0e9789))))),
  ...set(HIGH, addEach(multiplyEach(rotateEach(HIGH, 17), spread(number(5))), spread(number(0x38b34ae5)))),
];
const mix = (word: Code): Code => [...set(WORD, word), ...mixLow, ...mixHigh];

const avalanche = (local: number): Code => [
  ...set(
    local,
    multiplyEach(xorBits(get(local), shiftEachRight(get(local), number(16))), spread(number(0x85ebca6b))),
  ),
  ...set(
    local,
    multiplyEach(xorBits(get(local), shiftEachRight(get(local), number(13))), spread(number(0xc2b2ae35))),
  ),
  ...set(local, xorBits(get(local), shiftEachRight(get(local), number(16)))),
];

const wordAt = shiftLeft(get(ROW), number(2));
const pairAt = shiftLeft(get(ROW), number(3));

/** Low and high words of two times, in the low lanes. */
const splitTimes = (offset: number, low: number, high: number): Code => [
  ...set(FLOAT, loadVector(pairAt, Times + offset)),
  ...set(WHOLE, floorFloats(multiplyFloats(get(FLOAT), floats(1 / TWO_32)))),
  ...set(high, floatsToSigned(get(WHOLE))),
  ...set(low, floatsToUnsigned(subtractFloats(get(FLOAT), multiplyFloats(get(WHOLE), floats(TWO_32))))),
];

const sums = (words: readonly number[]): Code =>
  shuffleWords(loadVector(pairAt, Sums), loadVector(pairAt, Sums + 16), words);

/** `checkEvents(end)`: checksums of the rows [0, end) and up to three behind them; returns 0. */
export const checkEvents: AssembledFunction = {
  name: "checkEvents",
  parameters: 1,
  integers: 1,
  vectors: VECTORS,
  code: [
    ...repeatWhile(isBelow(get(ROW), get(END)), [
      ...splitTimes(0, TIME_LOW, TIME_HIGH),
      ...splitTimes(16, LOW, HIGH),
      ...set(TIME_LOW, shuffleWords(get(TIME_LOW), get(LOW), [0, 1, 4, 5])),
      ...set(TIME_HIGH, shuffleWords(get(TIME_HIGH), get(HIGH), [0, 1, 4, 5])),
      ...set(LOW, spread(number(0))),
      ...set(HIGH, spread(number(0))),
      ...mix(loadVector(wordAt, AccountLow)),
      ...mix(loadVector(wordAt, AccountHigh)),
      ...mix(loadVector(wordAt, TypeLow)),
      ...mix(loadVector(wordAt, TypeHigh)),
      ...mix(get(TIME_LOW)),
      ...mix(get(TIME_HIGH)),
      ...mix(sums([0, 2, 4, 6])),
      ...mix(sums([1, 3, 5, 7])),
      ...avalanche(LOW),
      ...set(HIGH, xorBits(get(HIGH), spread(number(0x5bd1e995)))),
      ...avalanche(HIGH),
      ...storeVector(pairAt, shuffleWords(get(LOW), get(HIGH), [0, 4, 1, 5]), Checksums),
      ...storeVector(pairAt, shuffleWords(get(LOW), get(HIGH), [2, 6, 3, 7]), Checksums + 16),
      ...set(ROW, add(get(ROW), number(4))),
    ]),
    ...number(0),
  ],
};
