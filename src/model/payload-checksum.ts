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
  readonly #words = new Int32Array(EVENT_WORDS);

  begin(low: number, high: number): void {
    this.low = low;
    this.high = high;
  }

  add(word: number): void {
    this.low = mixLow(this.low, word);
    this.high = mixHigh(this.high, word);
  }

  /** The checksum of a property with a name's lanes and three words: of a number or a text. */
  property(nameLow: number, nameHigh: number, head: number, first: number, second: number): void {
    this.low = avalanche(mixLow(mixLow(mixLow(nameLow, head), first), second));
    this.high = avalanche(mixHigh(mixHigh(mixHigh(nameHigh, head), first), second) ^ LANE_DIFFERENCE);
  }

  /** The checksum of an event from the lanes of its account and type, its time, and the sums of its properties' lanes. */
  event(
    accountLow: number,
    accountHigh: number,
    typeLow: number,
    typeHigh: number,
    timeMs: number,
    sumLow: number,
    sumHigh: number,
  ): void {
    const words = this.#words;
    words[0] = accountLow;
    words[1] = accountHigh;
    words[2] = typeLow;
    words[3] = typeHigh;
    words[4] = timeMs | 0;
    words[5] = Math.floor(timeMs / 0x1_0000_0000) | 0;
    words[6] = sumLow;
    words[7] = sumHigh;
    let low = 0;
    let high = 0;
    // mixLow and mixHigh, written out: sixteen calls are more than the compiler takes into one function, and cost twice as much.
    for (let i = 0; i < EVENT_WORDS; i++) {
      const word = words[i]!;
      const lowStep = Math.imul(word, 0xcc9e2d51);
      low ^= Math.imul((lowStep << 15) | (lowStep >>> 17), 0x1b873593);
      low = (Math.imul((low << 13) | (low >>> 19), 5) + 0xe6546b64) | 0;
      const highStep = Math.imul(word, 0x239b961b);
      high ^= Math.imul((highStep << 16) | (highStep >>> 16), 0xab0e9789);
      high = (Math.imul((high << 17) | (high >>> 15), 5) + 0x38b34ae5) | 0;
    }
    this.low = avalanche(low);
    this.high = avalanche(high ^ LANE_DIFFERENCE);
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
    this.high = avalanche(this.high ^ LANE_DIFFERENCE);
  }
}

/** Words that the checksum of an event is made of. */
const EVENT_WORDS = 8;

/** One more word into the high lane keeps the lanes apart even where their states happen to be equal. */
const LANE_DIFFERENCE = 0x5bd1e995;

function mixLow(low: number, word: number): number {
  const step = Math.imul(word, 0xcc9e2d51);
  const mixed = low ^ Math.imul((step << 15) | (step >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function mixHigh(high: number, word: number): number {
  const step = Math.imul(word, 0x239b961b);
  const mixed = high ^ Math.imul((step << 16) | (step >>> 16), 0xab0e9789);
  return (Math.imul((mixed << 17) | (mixed >>> 15), 5) + 0x38b34ae5) | 0;
}

function avalanche(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
