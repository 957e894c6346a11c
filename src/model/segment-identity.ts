import { TributaryError } from "./errors.ts";
import type { SegmentIdentity } from "./key-segments.ts";

/** Spaces of a checkpoint: a generation's key records that are in no segment yet, and the segments that it has. */
export const KEY_SPACES = "keys/";
export const SEGMENT_SPACES = "segments/";

const VALUE_BYTES = 12;

/** The value of a row that names a segment; the row's key is the segment's number. */
export function packSegment({ count, checksum }: SegmentIdentity): Uint8Array {
  const bytes = new Uint8Array(VALUE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, count);
  view.setUint32(8, checksum);
  return bytes;
}

/** Throws `state-corrupt` where the value is none that `packSegment` made. */
export function unpackSegment(number: number, value: Uint8Array): SegmentIdentity {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const count = value.length === VALUE_BYTES ? view.getFloat64(0) : 0;
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new TributaryError(
      "state-corrupt",
      `The row that names segment ${number} of keys is not readable.`,
    );
  }
  return { number, count, checksum: view.getUint32(8) };
}
