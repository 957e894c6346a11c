import { Buffer } from "node:buffer";

/** The strings of an array in a message, by where their UTF-8 bytes stand: none is made before it is asked for. */
export class TextList {
  readonly bytes: Uint8Array;
  /** Text i is `bytes[starts[i], ends[i])`. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;

  /** @param starts and `ends`: as many as there are strings, to be filled */
  constructor(bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array) {
    this.bytes = bytes;
    this.starts = starts;
    this.ends = ends;
  }

  get count(): number {
    return this.starts.length;
  }

  text(at: number): string {
    return utf8Text(this.bytes, this.starts[at]!, this.ends[at]!);
  }
}

/** A string of UTF-8 bytes that are known to be sound. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}
