import { Buffer } from "node:buffer";
import { MAX_PRODUCER_BYTES } from "../../model/numbered-batch.ts";

/** Half of a surrogate pair: it has no UTF-8 form. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a producer may be called so: 1 to 128 bytes of UTF-8 without U+0000. */
export function isProducerName(name: string): boolean {
  return (
    name !== "" &&
    !name.includes("\u0000") &&
    !LONE_SURROGATE.test(name) &&
    Buffer.byteLength(name) <= MAX_PRODUCER_BYTES
  );
}
