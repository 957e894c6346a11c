import { PayloadChecksum } from "../../model/payload-checksum.ts";
import { ByteIndex } from "./byte-index.ts";
import type { TextList } from "./text-list.ts";

/** Size at which a dictionary is full: the decoder begins another one with the next run. */
export interface DictionaryLimits {
  readonly strings: number;
  /** UTF-16 units in all strings. */
  readonly units: number;
}

/** Room for the accounts of a large partition; with the longest accounts, 128 MB. */
const DEFAULT_LIMITS: DictionaryLimits = { strings: 2 ** 21, units: 2 ** 26 };

/** Strings by index, each with its checksum: a string is hashed once however many rows name it. */
export class Dictionary {
  readonly strings: string[] = [];
  readonly #indices = new Map<string, number>();
  /** Finds what came in a columnar batch before by its bytes. */
  readonly #byBytes = new ByteIndex();
  #numbers = new Uint32Array(0);
  readonly #checksum = new PayloadChecksum();
  #hashes = new Int32Array(32);
  readonly #limits: DictionaryLimits;
  #units = 0;

  constructor(limits: DictionaryLimits) {
    this.#limits = limits;
  }

  /** True where it has become so large that another one should take its place. */
  get isFull(): boolean {
    return this.strings.length >= this.#limits.strings || this.#units >= this.#limits.units;
  }

  /** Index of a string, which is added where it is new. */
  intern(text: string): number {
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    const index = this.strings.length;
    this.strings.push(text);
    this.#units += text.length;
    this.#indices.set(text, index);
    if (this.#hashes.length < 2 * index + 2) {
      const grown = new Int32Array(this.#hashes.length * 2);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#checksum.begin(0, 0);
    this.#checksum.addText(text);
    this.#checksum.end();
    this.#hashes[2 * index] = this.#checksum.low;
    this.#hashes[2 * index + 1] = this.#checksum.high;
    return index;
  }

  /** Indices of the strings of a message, those that are new added; good until the next call. */
  internAll(texts: TextList): Uint32Array {
    if (this.#numbers.length < texts.count) this.#numbers = new Uint32Array(texts.count * 2);
    this.#byBytes.findAll(texts, this.#numbers, (at) => this.intern(texts.text(at)));
    return this.#numbers;
  }

  /** Copies the lanes of the strings at `indices[from, from + count)` to the begin of two columns. */
  copyLanes(indices: Uint32Array, from: number, count: number, low: Int32Array, high: Int32Array): void {
    const hashes = this.#hashes;
    for (let row = 0; row < count; row++) {
      const at = 2 * indices[from + row]!;
      low[row] = hashes[at]!;
      high[row] = hashes[at + 1]!;
    }
  }

  /** Both lanes of the checksum of the string at an index. */
  low(index: number): number {
    return this.#hashes[2 * index]!;
  }

  high(index: number): number {
    return this.#hashes[2 * index + 1]!;
  }
}

/** The dictionaries of a decoder's batches. */
export class Dictionaries {
  readonly #limits: DictionaryLimits;
  accounts: Dictionary;
  types: Dictionary;
  regions: Dictionary;
  texts: Dictionary;

  constructor(limits: DictionaryLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
    this.accounts = new Dictionary(limits);
    this.types = new Dictionary(limits);
    this.regions = new Dictionary(limits);
    this.texts = new Dictionary(limits);
  }

  /** Begins a dictionary anew that has grown to its limit: only between runs, since indices change their meaning. */
  renewWhereFull(): void {
    if (this.accounts.isFull) this.accounts = new Dictionary(this.#limits);
    if (this.types.isFull) this.types = new Dictionary(this.#limits);
    if (this.regions.isFull) this.regions = new Dictionary(this.#limits);
    if (this.texts.isFull) this.texts = new Dictionary(this.#limits);
  }
}
