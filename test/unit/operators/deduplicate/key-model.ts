import { KeyVerdict } from "../../../../src/operators/deduplicate/key-table.ts";

interface ModelKey {
  readonly checksum: string;
  readonly generationEndMs: number;
  readonly sequence: number;
  readonly index: number;
}

/** Deduplication by a Map of strings. */
export class KeyModel {
  readonly #keys = new Map<string, ModelKey>();
  readonly #horizonMs: number;

  constructor(horizonMs: number) {
    this.#horizonMs = horizonMs;
  }

  get size(): number {
    return this.#keys.size;
  }

  take(
    words: Uint32Array,
    checksumLow: number,
    checksumHigh: number,
    arrivalMs: number,
    sequence: number,
    index: number,
  ): KeyVerdict {
    for (const [key, { generationEndMs }] of this.#keys) {
      if (generationEndMs + this.#horizonMs <= arrivalMs) this.#keys.delete(key);
    }
    const checksum = `${checksumLow},${checksumHigh}`;
    const known = this.#keys.get(words.join());
    if (known !== undefined) {
      return known.checksum === checksum ? KeyVerdict.samePayload : KeyVerdict.otherPayload;
    }
    const lengthMs = this.#horizonMs / 4;
    const generationEndMs = (Math.floor(arrivalMs / lengthMs) + 1) * lengthMs;
    this.#keys.set(words.join(), { checksum, generationEndMs, sequence, index });
    return KeyVerdict.new;
  }

  firstOf(words: Uint32Array): { sequence: number; index: number } | undefined {
    const known = this.#keys.get(words.join());
    return known === undefined ? undefined : { sequence: known.sequence, index: known.index };
  }
}

/** Writes a key that is like that of a keyed hash: four words, each a mix of the number; different for each number. */
export function scrambledKey(number: number, words: Uint32Array, offset: number): void {
  for (let place = 0; place < 4; place += 1) {
    let mixed = Math.imul(number ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
    words[offset + place] = mixed ^ (mixed >>> 16);
  }
}
