import { MAX_COMPACT_LENGTH, type TextIndex } from "./text-index.ts";

/**
 * Texts of a `TextIndex` as bytes: their number as a 32-bit word, then a word a text with its characters × 2, plus 1 where a character has
 * two bytes, then the characters of one text after the other: Latin-1, or UTF-16 where a text has others. Little-endian.
 */
const WORD_BYTES = 4;
const WIDE = 1;
const WIDE_BYTES = 2;

/** Texts [first, end) of an index. */
export function packTexts(texts: TextIndex, first: number, end: number): Uint8Array {
  const count = end - first;
  const head = (1 + count) * WORD_BYTES;
  let length = head;
  for (let number = first; number < end; number++) length += bytesOf(texts, number);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, count, true);
  let at = head;
  for (let number = first; number < end; number++) {
    const characters = texts.lengthOf(number);
    const isWide = !texts.isCompact(number);
    view.setUint32((1 + number - first) * WORD_BYTES, characters * 2 + (isWide ? WIDE : 0), true);
    if (!isWide) texts.copyTo(number, bytes, at);
    else {
      const text = texts.textOf(number);
      for (let i = 0; i < characters; i++) view.setUint16(at + i * WIDE_BYTES, text.charCodeAt(i), true);
    }
    at += bytesOf(texts, number);
  }
  return bytes;
}

/** Adds the texts of `packTexts`, none of which is in the index; false, and some of them added, where the bytes are not those of texts. */
export function addTexts(texts: TextIndex, bytes: Uint8Array): boolean {
  const { length } = bytes;
  if (length < WORD_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const count = view.getUint32(0, true);
  let at = (1 + count) * WORD_BYTES;
  for (let i = 0; i < count && at <= length; i++) {
    const word = view.getUint32((1 + i) * WORD_BYTES, true);
    const characters = word >>> 1;
    const isWide = (word & WIDE) !== 0;
    const end = at + characters * (isWide ? WIDE_BYTES : 1);
    if (end > length || (!isWide && characters > MAX_COMPACT_LENGTH)) return false;
    if (isWide) {
      let text = "";
      for (; at < end; at += WIDE_BYTES) text += String.fromCharCode(view.getUint16(at, true));
      texts.add(text);
    } else texts.addBytes(bytes, at, characters);
    at = end;
  }
  return at === length;
}

function bytesOf(texts: TextIndex, number: number): number {
  return texts.lengthOf(number) * (texts.isCompact(number) ? 1 : WIDE_BYTES);
}
