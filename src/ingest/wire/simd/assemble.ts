/**
 * Instructions of WebAssembly as bytes, and modules of them (WebAssembly Core Specification 2.0, "Binary Format"). So what is
 * executed is written here, with names, and needs no compiler of its own.
 */

/** Bytes of instructions. */
export type Code = readonly number[];

/** Unsigned integer in LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

/** Signed 32-bit integer in LEB128. */
function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    if ((rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0)) return [...bytes, low];
    bytes.push(low | 128);
  }
}

const VECTOR = 0xfd;
/** Of the types and blocks of the binary format. */
const I32 = 0x7f;
const V128 = 0x7b;
const NO_RESULT = 0x40;
/** "\0asm", version 1. */
const HEADER: Code = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const simple =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), opcode];
const vector =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), VECTOR, ...unsigned(opcode)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const number = (value: number): Code => [0x41, ...signed(value)];
export const add = simple(0x6a);
export const subtract = simple(0x6b);
export const and = simple(0x71);
export const or = simple(0x72);
export const shiftLeft = simple(0x74);
export const shiftRight = simple(0x76);
export const differs = simple(0x47);
export const isBelow = simple(0x49);
export const load = (address: Code, offset: number): Code => [...address, 0x28, 0, ...unsigned(offset)];

export const addEach = vector(0xae);
export const multiplyEach = vector(0xb5);
export const shiftEachLeft = vector(0xab);
export const shiftEachRight = vector(0xad);
export const andBits = vector(0x4e);
export const orBits = vector(0x50);
export const xorBits = vector(0x51);
/** The same word in all four lanes. */
export const spread = vector(0x11);
export const floorFloats = vector(0x75);
export const multiplyFloats = vector(0xf2);
export const subtractFloats = vector(0xf1);
/** Two floats as words in the low lanes, signed or not. */
export const floatsToSigned = vector(0xfc);
export const floatsToUnsigned = vector(0xfd);

export const loadVector = (address: Code, offset: number): Code => [
  ...address,
  VECTOR,
  0,
  0,
  ...unsigned(offset),
];
export const storeVector = (address: Code, value: Code, offset: number): Code => [
  ...address,
  ...value,
  VECTOR,
  0x0b,
  0,
  ...unsigned(offset),
];
/** Four words from four addresses. */
export const gather = (addresses: readonly Code[], offset: number): Code => [
  // An instruction takes its address from below the vector: so the last one is pushed first.
  ...addresses.toReversed().flat(),
  VECTOR,
  0x5c,
  0,
  ...unsigned(offset),
  ...[1, 2, 3].flatMap((lane) => [VECTOR, 0x56, 0, ...unsigned(offset), lane]),
];
/** Bytes of two vectors by their places, 0 … 15 in the first and 16 … 31 in the second. */
export const shuffle = (first: Code, second: Code, places: readonly number[]): Code => [
  ...first,
  ...second,
  VECTOR,
  0x0d,
  ...places,
];
/** Words of two vectors, 0 … 3 in the first and 4 … 7 in the second. */
export const shuffleWords = (first: Code, second: Code, words: readonly number[]): Code =>
  shuffle(
    first,
    second,
    words.flatMap((word) => [word * 4, word * 4 + 1, word * 4 + 2, word * 4 + 3]),
  );
/** The same 64-bit float twice. */
export function floats(value: number): Code {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return [VECTOR, 0x0c, ...bytes, ...bytes];
}
/** Each lane rotated to the left. */
export const rotateEach = (local: number, bits: number): Code =>
  orBits(shiftEachLeft(get(local), number(bits)), shiftEachRight(get(local), number(32 - bits)));
/** Each lane rotated to the left by whole bytes. */
export const rotateBytes = (local: number, bytes: number): Code =>
  shuffle(
    get(local),
    get(local),
    [0, 4, 8, 12].flatMap((lane) => [0, 1, 2, 3].map((byte) => lane + ((byte + 4 - bytes) % 4))),
  );

/** Repeats `body` while `condition` is not 0. */
export const repeatWhile = (condition: Code, body: Code): Code => [
  0x02,
  NO_RESULT,
  0x03,
  NO_RESULT,
  ...condition,
  0x45,
  0x0d,
  1,
  ...body,
  0x0c,
  0,
  0x0b,
  0x0b,
];
/** Ends the function with a result where `condition` is not 0. */
export const returnWhere = (condition: Code, result: Code): Code => [
  ...condition,
  0x04,
  NO_RESULT,
  ...result,
  0x0f,
  0x0b,
];

export interface AssembledFunction {
  readonly name: string;
  /** Parameters, all of them i32; they are the first locals. The result is an i32 too. */
  readonly parameters: number;
  /** Locals behind the parameters: i32 first, then vectors. */
  readonly integers: number;
  readonly vectors: number;
  readonly code: Code;
}

/** A module of functions and a memory of its own, exported as "memory". */
export function assemble(functions: readonly AssembledFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const section = (id: number, entries: readonly Code[]): Code => {
    const content = [...unsigned(entries.length), ...entries.flat()];
    return [id, ...unsigned(content.length), ...content];
  };
  const named = (name: string, kind: number, index: number): Code => [
    name.length,
    ...Array.from(name, (character) => character.charCodeAt(0)),
    kind,
    index,
  ];
  const types = functions.map(({ parameters }) => [
    0x60,
    parameters,
    ...Array.from({ length: parameters }, () => I32),
    1,
    I32,
  ]);
  const bodies = functions.map(({ integers, vectors, code }) => {
    const body = [2, ...unsigned(integers), I32, ...unsigned(vectors), V128, ...code, 0x0b];
    return [...unsigned(body.length), ...body];
  });
  return Uint8Array.from([
    ...HEADER,
    ...section(1, types),
    ...section(
      3,
      functions.map((_, index) => [index]),
    ),
    ...section(5, [[1, ...unsigned(pages), ...unsigned(pages)]]),
    ...section(7, [named("memory", 2, 0), ...functions.map(({ name }, index) => named(name, 0, index))]),
    ...section(10, bodies),
  ]);
}
