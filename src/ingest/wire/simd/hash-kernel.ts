import {
  add,
  addEach,
  andBits,
  type AssembledFunction,
  type Code,
  differs,
  gather,
  get,
  isBelow,
  load,
  loadVector,
  number,
  or,
  orBits,
  repeatWhile,
  returnWhere,
  rotateBytes,
  rotateEach,
  set,
  shiftEachLeft,
  shiftLeft,
  shuffleWords,
  spread,
  storeVector,
  subtract,
  xorBits,
} from "./assemble.ts";
import { Ids, Keys, Starts, State, Tail } from "./layout.ts";

// Parameters.
const ROW = 0;
const END = 1;
const TAIL_BYTES = 2;
const PREFIX_LENGTH = 3;
// Integers.
const AT = [4, 5, 6, 7] as const;
const LENGTH = 8;
const LEFT = 9;
// Vectors: the states of both instances, the word under way, and what is written.
const FIRST = [10, 11, 12, 13] as const;
const SECOND = [14, 15, 16, 17] as const;
const WORD = 18;
const OUT = [19, 20, 21, 22] as const;
const HALF = [23, 24, 25, 26] as const;
const INTEGERS = 6;
const VECTORS = 17;

type Instance = readonly [number, number, number, number];

/** A round of HalfSipHash on four rows at once (src/model/hash.ts has it for one). */
function round([v0, v1, v2, v3]: Instance): Code {
  return [
    ...set(v0, addEach(get(v0), get(v1))),
    ...set(v1, xorBits(rotateEach(v1, 5), get(v0))),
    ...set(v0, rotateBytes(v0, 2)),
    ...set(v2, addEach(get(v2), get(v3))),
    ...set(v3, xorBits(rotateBytes(v3, 1), get(v2))),
    ...set(v0, addEach(get(v0), get(v3))),
    ...set(v3, xorBits(rotateEach(v3, 7), get(v0))),
    ...set(v2, addEach(get(v2), get(v1))),
    ...set(v1, xorBits(rotateEach(v1, 13), get(v2))),
    ...set(v2, rotateBytes(v2, 2)),
  ];
}

/** Both instances take `WORD`. */
const takeWord: Code = [FIRST, SECOND].flatMap((instance) => [
  ...set(instance[3], xorBits(get(instance[3]), get(WORD))),
  ...round(instance),
  ...set(instance[0], xorBits(get(instance[0]), get(WORD))),
]);

/** Three rounds of each, side by side. */
const finalRounds: Code = [1, 2, 3].flatMap(() => [...round(FIRST), ...round(SECOND)]);

const mixInto = (local: number, constant: number): Code =>
  set(local, xorBits(get(local), spread(number(constant))));
const addresses = AT.map(get);
const advance = (bytes: Code): Code => AT.flatMap((at) => set(at, add(get(at), bytes)));

/** Length of an id by where it begins. */
const startOf = (row: number): Code =>
  load(add(number(Starts), shiftLeft(add(get(ROW), number(row)), number(2))), 0);
const isOtherLength = (row: number): Code => differs(subtract(startOf(row + 1), startOf(row)), get(LENGTH));
/** Ids of four bytes at least fill the word that the source's tail has begun. */
const LEAST_LENGTH = 4;

const hashFour: Code = [
  ...AT.flatMap((at, row) => set(at, add(startOf(row), number(Ids)))),
  ...[FIRST, SECOND].flatMap((instance, which) =>
    instance.flatMap((local, word) => set(local, loadVector(number(State), (which * 4 + word) * 16))),
  ),
  // The first word begins with the source's tail; what follows is read from where that ends.
  ...set(
    WORD,
    orBits(
      loadVector(number(Tail), 0),
      shiftEachLeft(gather(addresses, 0), shiftLeft(get(TAIL_BYTES), number(3))),
    ),
  ),
  ...takeWord,
  ...advance(subtract(number(4), get(TAIL_BYTES))),
  ...set(LEFT, subtract(add(get(TAIL_BYTES), get(LENGTH)), number(4))),
  ...repeatWhile(isBelow(number(3), get(LEFT)), [
    ...set(WORD, gather(addresses, 0)),
    ...takeWord,
    ...advance(number(4)),
    ...set(LEFT, subtract(get(LEFT), number(4))),
  ]),
  // The last one: what is left of the id, and the length of all.
  ...set(
    WORD,
    orBits(
      andBits(
        gather(addresses, 0),
        spread(subtract(shiftLeft(number(1), shiftLeft(get(LEFT), number(3))), number(1))),
      ),
      spread(shiftLeft(add(get(PREFIX_LENGTH), get(LENGTH)), number(24))),
    ),
  ),
  ...takeWord,
  ...mixInto(FIRST[2], 0xee),
  ...mixInto(SECOND[2], 0xee),
  ...finalRounds,
  ...set(OUT[0], xorBits(get(FIRST[1]), get(FIRST[3]))),
  ...set(OUT[2], xorBits(get(SECOND[1]), get(SECOND[3]))),
  ...mixInto(FIRST[1], 0xdd),
  ...mixInto(SECOND[1], 0xdd),
  ...finalRounds,
  ...set(OUT[1], xorBits(get(FIRST[1]), get(FIRST[3]))),
  ...set(OUT[3], xorBits(get(SECOND[1]), get(SECOND[3]))),
];

/** From a vector a word to a vector a row. */
const transposed: Code = [
  ...set(HALF[0], shuffleWords(get(OUT[0]), get(OUT[1]), [0, 4, 1, 5])),
  ...set(HALF[1], shuffleWords(get(OUT[0]), get(OUT[1]), [2, 6, 3, 7])),
  ...set(HALF[2], shuffleWords(get(OUT[2]), get(OUT[3]), [0, 4, 1, 5])),
  ...set(HALF[3], shuffleWords(get(OUT[2]), get(OUT[3]), [2, 6, 3, 7])),
];
const keyAddress = shiftLeft(get(ROW), number(4));
const stored: Code = [0, 1, 2, 3].flatMap((row) => {
  const pair = row < 2 ? 0 : 1;
  const words = row % 2 === 0 ? [0, 1, 4, 5] : [2, 3, 6, 7];
  return storeVector(keyAddress, shuffleWords(get(HALF[pair]), get(HALF[pair + 2]!), words), Keys + row * 16);
});

/**
 * `hashIds(row, end, tailBytes, prefixLength)`: keys of the rows [row, end), four at a time; returns the first row of the first
 * four whose ids are not equally long, or are shorter than four bytes; `end` where there are none.
 */
export const hashIds: AssembledFunction = {
  name: "hashIds",
  parameters: 4,
  integers: INTEGERS,
  vectors: VECTORS,
  code: [
    ...repeatWhile(isBelow(get(ROW), get(END)), [
      ...set(LENGTH, subtract(startOf(1), startOf(0))),
      ...returnWhere(
        or(
          or(isOtherLength(1), isOtherLength(2)),
          or(isOtherLength(3), isBelow(get(LENGTH), number(LEAST_LENGTH))),
        ),
        get(ROW),
      ),
      ...hashFour,
      ...transposed,
      ...stored,
      ...set(ROW, add(get(ROW), number(4))),
    ]),
    ...get(ROW),
  ],
};
