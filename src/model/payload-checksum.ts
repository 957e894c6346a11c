/**
 * 64-bit checksum of an event's canonical payload, as two 32-bit lanes. It tells a repeated event with the same
 * payload from one with another; it is not keyed, because making two payloads look equal gains nothing: of two events
 * with one (source, id) only the first counts either way.
 *
 * Both lanes take the same words with the steps of MurmurHash3 (x86) under different constants:
 *
 *     text      begin(0, 0), UTF-16 units two a word (the first in the low half), the length, end
 *     property  begin(checksum of its name), kind | scale << 8, then for a
 *                 number       low word, high word (floor(coefficient / 2^32))
 *                 largeNumber  words of the coefficient in two's complement, lowest first, then its sign (0 or −1)
 *                 text, opaque both lanes of the checksum of the text
 *               end
 *     event     begin(0, 0), checksum of account, checksum of type, time (low word, high word),
 *               lane-wise sum of the checksums of all properties that are not missing, end
 *
 * The sum makes the result independent of the order of properties.
 */
export class PayloadChecksum {
  low = 0;
  high = 0;

  begin(low: number, high: number): void {
    this.low = low;
    this.high = high;
  }

  add(word: number): void {
    let step = Math.imul(word, 0xcc9e2d51);
    step = (step << 15) | (step >>> 17);
    const low = this.low ^ Math.imul(step, 0x1b873593);
    this.low = (Math.imul((low << 13) | (low >>> 19), 5) + 0xe6546b64) | 0;
    step = Math.imul(word, 0x239b961b);
    step = (step << 16) | (step >>> 16);
    const high = this.high ^ Math.imul(step, 0xab0e9789);
    this.high = (Math.imul((high << 17) | (high >>> 15), 5) + 0x38b34ae5) | 0;
  }

  /** An integer of up to 53 bits as two words. */
  addInteger(value: number): void {
    this.add(value | 0);
    this.add(Math.floor(value / 0x1_0000_0000) | 0);
  }

  /** An integer of any size: its words from the lowest until only the sign is left, then the sign (0 or −1). */
  addLargeInteger(value: bigint): void {
    let rest = value;
    do {
      this.add(Number(BigInt.asIntN(32, rest)));
      rest >>= 32n;
    } while (rest !== 0n && rest !== -1n);
    this.add(Number(rest));
  }

  addText(text: string): void {
    const length = text.length;
    let at = 0;
    for (; at + 1 < length; at += 2) this.add(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
    if (at < length) this.add(text.charCodeAt(at));
    this.add(length);
  }

  end(): void {
    this.low = avalanche(this.low);
    // One more word into the high lane keeps the lanes apart even where their states happen to be equal.
    this.high = avalanche(this.high ^ 0x5bd1e995);
  }
}

function avalanche(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
