import { PayloadChecksum } from "../../model/payload-checksum.ts";

/** Strings of a batch by index, each with its checksum: a string is hashed once however many rows name it. */
export class Dictionary {
  readonly strings: string[] = [];
  readonly #indices = new Map<string, number>();
  readonly #checksum = new PayloadChecksum();
  #hashes = new Int32Array(32);

  /** Index of a string, which is added where it is new. */
  intern(text: string): number {
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    const index = this.strings.length;
    this.strings.push(text);
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

  /** Both lanes of the checksum of the string at an index. */
  low(index: number): number {
    return this.#hashes[2 * index]!;
  }

  high(index: number): number {
    return this.#hashes[2 * index + 1]!;
  }
}
