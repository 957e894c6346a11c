import type { LogMessage } from "../model/log.ts";

/** Message bytes handed to the engine in one synchronous slice, at most: some 5 ms. */
const MAX_SLICE_BYTES = 256 * 1024;

/**
 * End (exclusive) of the slice that begins at an index: at the byte limit, and before a control record applies.
 * @param share of the largest slice's bytes, above 0
 * @param appliesAfter usage sequence behind which the next control record applies; undefined where none waits
 */
export function sliceEnd(
  messages: readonly LogMessage[],
  from: number,
  share: number,
  appliesAfter: number | undefined,
): number {
  let bytes = 0;
  let to = from;
  for (; to < messages.length; to++) {
    const message = messages[to];
    if (message === undefined || message.sequence > (appliesAfter ?? Infinity)) break;
    bytes += message.data.length;
    if (bytes > MAX_SLICE_BYTES * share && to > from) break;
  }
  return to;
}
