/** A 128-bit key as a text of eight UTF-16 units, to look it up by. */
export function keyText(words: Uint32Array, offset = 0): string {
  const [a = 0, b = 0, c = 0, d = 0] = words.subarray(offset, offset + 4);
  return String.fromCharCode(
    a & 0xffff,
    a >>> 16,
    b & 0xffff,
    b >>> 16,
    c & 0xffff,
    c >>> 16,
    d & 0xffff,
    d >>> 16,
  );
}

/** The 16 bytes of a key, as key records and outcome records have them. */
export function keyBytes(words: Uint32Array, offset = 0): Uint8Array {
  return new Uint8Array(words.slice(offset, offset + 4).buffer);
}

/** The key of its 16 bytes. */
export function keyWords(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}
