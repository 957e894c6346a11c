import type { StoredMsg } from "nats";
import type { LogMessage } from "../../model/log.ts";
import { CONTENT_TYPE_HEADER } from "./names.ts";

/** Messages as the stream API returns them. Read from the stream's leader, never from a follower that may lag. */

/** A stored message as the log port shows it. */
export function fromStored(message: StoredMsg): LogMessage {
  return {
    sequence: message.seq,
    subject: message.subject,
    contentType: normaliseContentType(headerOf(message, CONTENT_TYPE_HEADER)),
    arrivalMs: timestampMs(message.timestamp),
    data: message.data,
  };
}

/** A header's value whatever the case of its name; "" where absent. */
export function headerOf(message: StoredMsg, name: string): string {
  const wanted = name.toLowerCase();
  for (const [key, values] of message.header) if (key.toLowerCase() === wanted) return values[0] ?? "";
  return "";
}

/** Lower case, without parameters and blanks around it. */
export function normaliseContentType(value: string): string {
  const parameters = value.indexOf(";");
  return (parameters < 0 ? value : value.slice(0, parameters)).trim().toLowerCase();
}

/**
 * Milliseconds since the epoch of an RFC 3339 time with up to nine fractional digits, cut off below the
 * millisecond: the same figure as that of a delivery of the message, because the outcome depends on it.
 */
export function timestampMs(timestamp: string): number {
  const match = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(timestamp);
  const wholeSeconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(wholeSeconds)) throw new RangeError(`not a timestamp: ${timestamp}`);
  return wholeSeconds + Number((match?.[2] ?? "").slice(0, 3).padEnd(3, "0"));
}
