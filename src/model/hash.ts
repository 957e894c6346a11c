/**
 * The identity of an event as 128 bits: two HalfSipHash instances of 64 bits each over the same bytes. HalfSipHash is
 * a keyed function of 32-bit additions, rotations and xors (Aumasson and Bernstein), so that whoever chooses event ids
 * but does not know the key can't construct two ids with one hash, and that a plain loop computes it without BigInt.
 */

/** Rounds a message word and at the end. HalfSipHash-1-3 for keys; the published vectors are those of 2-4. */
export interface SipRounds {
  readonly compression: number;
  readonly finalization: number;
}

const KEY_ROUNDS: SipRounds = { compression: 1, finalization: 3 };

/**
 * Folded into the second instance's key, so that the two instances differ even under a hexadecimal key whose halves
 * are equal (the words are the first 64 bits of the fraction of π, here only as constants without a hidden purpose).
 */
const SECOND_KEY_MIX = [0x243f6a88, 0x85a308d3] as const;

/** One HalfSipHash instance with 64 bits of output that can remember its state behind a fixed prefix. */
export class HalfSipHash {
  readonly #rounds: SipRounds;
  readonly #key0: number;
  readonly #key1: number;
  // State behind the prefix: four words, and up to three bytes that don't fill a word yet.
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;
  #tail = 0;
  #tailBytes = 0;
  #prefixLength = 0;

  /** `key0` and `key1` are the little-endian words of the 8-byte key. */
  constructor(key0: number, key1: number, rounds: SipRounds) {
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
    this.#rounds = rounds;
    this.reset();
  }

  /** Forgets the prefix. */
  reset(): void {
    this.#v0 = this.#key0;
    this.#v1 = this.#key1 ^ 0xee;
    this.#v2 = 0x6c796765 ^ this.#key0;
    this.#v3 = 0x74656462 ^ this.#key1;
    this.#tail = 0;
    this.#tailBytes = 0;
    this.#prefixLength = 0;
  }

  /** Bytes of the prefix that don't fill a word, the first in the low byte. */
  get tail(): number {
    return this.#tail;
  }

  get prefixLength(): number {
    return this.#prefixLength;
  }

  /** Copies the four words of state behind the prefix's full words. */
  copyState(target: Int32Array, offset: number): void {
    target[offset] = this.#v0;
    target[offset + 1] = this.#v1;
    target[offset + 2] = this.#v2;
    target[offset + 3] = this.#v3;
  }

  /** Appends bytes to the prefix that every following digest starts with. */
  append(bytes: Uint8Array, start: number, end: number): void {
    for (let position = start; position < end; position++) this.appendByte(bytes[position]!);
  }

  appendByte(byte: number): void {
    this.#prefixLength++;
    this.#tail |= byte << (this.#tailBytes * 8);
    if (++this.#tailBytes < 4) return;
    this.#absorb(this.#tail);
    this.#tail = 0;
    this.#tailBytes = 0;
  }

  #absorb(word: number): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3 ^ word;
    for (let round = 0; round < this.#rounds.compression; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.#v0 = v0 ^ word;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }

  /** Hash of the prefix and then `bytes[start, end)`: two words at `out[outOffset]`. */
  digest(bytes: Uint8Array, start: number, end: number, out: Uint32Array, outOffset: number): void {
    const compression = this.#rounds.compression;
    const finalization = this.#rounds.finalization;
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    let tail = this.#tail;
    let tailBits = this.#tailBytes * 8;
    let position = start;
    let remaining = this.#tailBytes + (end - start);
    // Input words first, then the two finalizations, so that the round stands in the code once.
    let phase = 0;
    for (;;) {
      let word = 0;
      let rounds = finalization;
      if (phase === 0) {
        rounds = compression;
        if (end - position >= 4) {
          word =
            bytes[position]! |
            (bytes[position + 1]! << 8) |
            (bytes[position + 2]! << 16) |
            (bytes[position + 3]! << 24);
          position += 4;
          if (tailBits !== 0) {
            const carried = word >>> (32 - tailBits);
            word = tail | (word << tailBits);
            tail = carried;
          }
        } else {
          word = tail;
          for (; position < end && tailBits < 32; tailBits += 8) word |= bytes[position++]! << tailBits;
          tail = 0;
          tailBits = 0;
        }
        if (remaining < 4) word |= (this.#prefixLength + (end - start)) << 24;
      }
      v3 ^= word;
      for (let round = 0; round < rounds; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
      if (phase === 0) {
        if (remaining < 4) {
          v2 ^= 0xee;
          phase = 1;
        }
        remaining -= 4;
      } else if (phase === 1) {
        out[outOffset] = v1 ^ v3;
        v1 ^= 0xdd;
        phase = 2;
      } else {
        out[outOffset + 1] = v1 ^ v3;
        return;
      }
    }
  }
}

/** Hexadecimal digits of a hash key: 16 bytes, two HalfSipHash keys of 8. */
const KEY_PATTERN = /^[0-9a-f]{32}$/i;

/**
 * 128-bit keyed hashes of (source, id). The identity's bytes are the source in UTF-8, a 0 byte, the id in UTF-8; a
 * source never holds a 0 byte, so that two identities never share their bytes. Nothing is allocated by a hash.
 *
 * Both instances go through the bytes in one loop: their rounds don't depend on each other, so the processor works on
 * them side by side. The state behind a source is kept, so that only ids are hashed event by event.
 */
export class KeyHasher {
  readonly #first: HalfSipHash;
  readonly #second: HalfSipHash;
  /** State of both instances behind the source: four words each. */
  readonly #state = new Int32Array(8);
  /** Bytes of the source that don't fill a word yet, the first in the low byte. */
  #tail = 0;
  #tailBits = 0;
  #prefixLength = 0;

  /**
   * `hexKey`: 32 hexadecimal digits (16 bytes). The first instance takes bytes 0–7 as its key, the second bytes 8–15
   * xor a constant. Throws RangeError for anything else.
   */
  constructor(hexKey: string) {
    if (!KEY_PATTERN.test(hexKey)) throw new RangeError("a hash key has 32 hexadecimal digits");
    const words = [0, 8, 16, 24].map((at) => littleEndianWord(hexKey.slice(at, at + 8)));
    this.#first = new HalfSipHash(words[0]!, words[1]!, KEY_ROUNDS);
    this.#second = new HalfSipHash(words[2]! ^ SECOND_KEY_MIX[0], words[3]! ^ SECOND_KEY_MIX[1], KEY_ROUNDS);
    this.#takeState();
  }

  /** Sets the source that `hashId` puts before every id, from here to the next call. */
  setSource(bytes: Uint8Array, start: number, end: number): void {
    this.#setSource(this.#first, bytes, start, end);
    this.#setSource(this.#second, bytes, start, end);
    this.#takeState();
  }

  #setSource(instance: HalfSipHash, bytes: Uint8Array, start: number, end: number): void {
    instance.reset();
    instance.append(bytes, start, end);
    instance.appendByte(0);
  }

  #takeState(): void {
    this.#first.copyState(this.#state, 0);
    this.#second.copyState(this.#state, 4);
    this.#tail = this.#first.tail;
    this.#prefixLength = this.#first.prefixLength;
    this.#tailBits = (this.#prefixLength & 3) * 8;
  }

  /**
   * For who hashes ids of the source that was set four at a time: each of the eight words of state four times to `state`, the bytes
   * of the source that fill no word yet four times to `tail`. Returns how many these are, and the source's length with its 0 byte.
   */
  spread(state: Int32Array, tail: Int32Array): { readonly tailBytes: number; readonly prefixLength: number } {
    for (let at = 0; at < 8 * 4; at++) state[at] = this.#state[at >> 2]!;
    tail.fill(this.#tail);
    return { tailBytes: this.#prefixLength & 3, prefixLength: this.#prefixLength };
  }

  /** Hash of (the source that was set, the id in `bytes[start, end)`): four words at `out[outOffset]`. */
  hashId(bytes: Uint8Array, start: number, end: number, out: Uint32Array, outOffset: number): void {
    const state = this.#state;
    let a0 = state[0]!;
    let a1 = state[1]!;
    let a2 = state[2]!;
    let a3 = state[3]!;
    let b0 = state[4]!;
    let b1 = state[5]!;
    let b2 = state[6]!;
    let b3 = state[7]!;
    let tail = this.#tail;
    const tailBits = this.#tailBits;
    const length = this.#prefixLength + (end - start);
    let position = start;
    let bits = tailBits;
    // All full words, then one with the rest and the length.
    for (let left = (length >>> 2) - (this.#prefixLength >>> 2); left >= 0; left--) {
      let word: number;
      if (end - position >= 4) {
        word =
          bytes[position]! |
          (bytes[position + 1]! << 8) |
          (bytes[position + 2]! << 16) |
          (bytes[position + 3]! << 24);
        position += 4;
        if (tailBits !== 0) {
          const carried = word >>> (32 - tailBits);
          word = tail | (word << tailBits);
          tail = carried;
        }
      } else {
        word = tail;
        tail = 0;
        // Up to three bytes carried and three left: they may fill a word and begin the last one.
        for (; position < end && bits < 32; bits += 8) word |= bytes[position++]! << bits;
        bits = 0;
      }
      if (left === 0) word |= length << 24;
      a3 ^= word;
      b3 ^= word;
      a0 = (a0 + a1) | 0;
      b0 = (b0 + b1) | 0;
      a1 = ((a1 << 5) | (a1 >>> 27)) ^ a0;
      b1 = ((b1 << 5) | (b1 >>> 27)) ^ b0;
      a0 = (a0 << 16) | (a0 >>> 16);
      b0 = (b0 << 16) | (b0 >>> 16);
      a2 = (a2 + a3) | 0;
      b2 = (b2 + b3) | 0;
      a3 = ((a3 << 8) | (a3 >>> 24)) ^ a2;
      b3 = ((b3 << 8) | (b3 >>> 24)) ^ b2;
      a0 = (a0 + a3) | 0;
      b0 = (b0 + b3) | 0;
      a3 = ((a3 << 7) | (a3 >>> 25)) ^ a0;
      b3 = ((b3 << 7) | (b3 >>> 25)) ^ b0;
      a2 = (a2 + a1) | 0;
      b2 = (b2 + b1) | 0;
      a1 = ((a1 << 13) | (a1 >>> 19)) ^ a2;
      b1 = ((b1 << 13) | (b1 >>> 19)) ^ b2;
      a2 = (a2 << 16) | (a2 >>> 16);
      b2 = (b2 << 16) | (b2 >>> 16);
      a0 ^= word;
      b0 ^= word;
    }
    a2 ^= 0xee;
    b2 ^= 0xee;
    for (let round = 1; ; round++) {
      a0 = (a0 + a1) | 0;
      b0 = (b0 + b1) | 0;
      a1 = ((a1 << 5) | (a1 >>> 27)) ^ a0;
      b1 = ((b1 << 5) | (b1 >>> 27)) ^ b0;
      a0 = (a0 << 16) | (a0 >>> 16);
      b0 = (b0 << 16) | (b0 >>> 16);
      a2 = (a2 + a3) | 0;
      b2 = (b2 + b3) | 0;
      a3 = ((a3 << 8) | (a3 >>> 24)) ^ a2;
      b3 = ((b3 << 8) | (b3 >>> 24)) ^ b2;
      a0 = (a0 + a3) | 0;
      b0 = (b0 + b3) | 0;
      a3 = ((a3 << 7) | (a3 >>> 25)) ^ a0;
      b3 = ((b3 << 7) | (b3 >>> 25)) ^ b0;
      a2 = (a2 + a1) | 0;
      b2 = (b2 + b1) | 0;
      a1 = ((a1 << 13) | (a1 >>> 19)) ^ a2;
      b1 = ((b1 << 13) | (b1 >>> 19)) ^ b2;
      a2 = (a2 << 16) | (a2 >>> 16);
      b2 = (b2 << 16) | (b2 >>> 16);
      if (round === KEY_ROUNDS.finalization) {
        out[outOffset] = a1 ^ a3;
        out[outOffset + 2] = b1 ^ b3;
        a1 ^= 0xdd;
        b1 ^= 0xdd;
      } else if (round === 2 * KEY_ROUNDS.finalization) break;
    }
    out[outOffset + 1] = a1 ^ a3;
    out[outOffset + 3] = b1 ^ b3;
  }

  /** Hash of one (source, id), both in UTF-8: four words at `out[outOffset]`. The source stays set. */
  hashIdentity(source: Uint8Array, id: Uint8Array, out: Uint32Array, outOffset: number): void {
    this.setSource(source, 0, source.length);
    this.hashId(id, 0, id.length, out, outOffset);
  }

  /** Hash of whole identity bytes (source, 0, id): four words at `out[outOffset]`. Forgets the source that was set. */
  hash(bytes: Uint8Array, start: number, end: number, out: Uint32Array, outOffset: number): void {
    this.#first.reset();
    this.#second.reset();
    this.#takeState();
    this.hashId(bytes, start, end, out, outOffset);
  }
}

function littleEndianWord(hex: string): number {
  let word = 0;
  for (let byte = 0; byte < 4; byte++)
    word |= Number.parseInt(hex.slice(byte * 2, byte * 2 + 2), 16) << (byte * 8);
  return word;
}
