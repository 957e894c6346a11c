import type { LogMessage } from "../model/log.ts";

/** Message bytes handed to the engine in one synchronous slice: keeps the event loop's pauses short. */
const MAX_SLICE_BYTES = 256 * 1024;

/**
 * Where a slice of messages ends that begins at `from`: before a control record applies, and at the byte limit.
 * @param due usage sequence behind which the next record applies
 */
export function sliceEnd(messages: readonly LogMessage[], from: number, due: number): number {
  let bytes = 0;
  let to = from;
  for (; to < messages.length; to++) {
    const message = messages[to];
    if (message === undefined || message.sequence > due) break;
    bytes += message.data.length;
    if (bytes > MAX_SLICE_BYTES && to > from) break;
  }
  return to;
}
