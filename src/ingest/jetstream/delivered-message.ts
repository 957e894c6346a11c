import type { Msg } from "nats";
import type { LogMessage } from "../../model/log.ts";
import { normaliseContentType } from "./stored-message.ts";

/** A message as a pull delivers it, with what its reply subject says. */
export interface Delivery {
  readonly message: LogMessage;
  /** Messages that the consumer had not delivered yet after this one. */
  readonly pendingCount: number;
  /** Subject that an acknowledgement goes to, as ASCII: few are ever needed as text. */
  readonly reply: Uint8Array;
  /** What the server subtracts from a pull's byte budget: subject, reply, headers and body. */
  readonly budgetBytes: number;
}

/**
 * What the client (2.29.3, frozen) holds before it decodes. Reading bytes there instead of asking for `subject`, `reply`
 * and `headers` halves the cost of a delivery. Where the fields are not found the public ones are used.
 */
interface RawMessage extends Msg {
  readonly _msg: {
    readonly subject: Uint8Array;
    readonly reply?: Uint8Array | null;
    /** Headers and body. */
    readonly size: number;
    /** Length of the header block; -1 where there is none. */
    readonly hdr: number;
  };
  readonly _rdata: Uint8Array;
}

function isRaw(received: Msg): received is RawMessage {
  return "_msg" in received && "_rdata" in received;
}

/** False for a status message (heartbeat, end of a pull), which has no reply subject. */
export function isDelivery(received: Msg): boolean {
  if (isRaw(received)) return (received._msg.reply?.length ?? 0) > 0;
  return received.reply !== undefined && received.reply !== "";
}

const DOT = 46;
const COLON = 58;
const NEW_LINE = 10;
const ZERO = 48;
/** The time in a reply subject is in nanoseconds: the last digits that are below the millisecond. */
const DIGITS_BELOW_MILLISECOND = 6;
const CONTENT_TYPE = "content-type";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const empty = new Uint8Array(0);

/** Reads deliveries of one consumer. */
export class DeliveryParser {
  /**
   * The reply subject is `$JS.ACK.…<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>…`
   * with more tokens in front and behind in newer servers. What is wanted stands behind the two names, in every form.
   */
  readonly #marker: Uint8Array;
  /** Where the marker stood last: the tokens before it hardly ever change. */
  #markerAt = 0;
  /** Reading position in the reply subject. */
  #at = 0;
  // Subjects and content types repeat: the last one's text is used again for equal bytes.
  #subjectBytes: Uint8Array = empty;
  #subject = "";
  #contentTypeBytes: Uint8Array = empty;
  #contentType = "";

  constructor(stream: string, consumer: string) {
    this.#marker = encoder.encode(`.${stream}.${consumer}.`);
  }

  /** Throws RangeError where the reply subject is not that of a delivery of this consumer. */
  parse(received: Msg): Delivery {
    const raw = isRaw(received) ? received : undefined;
    const reply = raw?._msg.reply ?? encoder.encode(received.reply ?? "");
    this.#at = this.#behindMarker(reply);
    this.#number(reply, 0);
    const sequence = this.#number(reply, 0);
    this.#number(reply, 0);
    // Nanoseconds don't fit a float: cut off as digits, the milliseconds are exact.
    const arrivalMs = this.#number(reply, DIGITS_BELOW_MILLISECOND);
    const pendingCount = this.#number(reply, 0);
    const subject = this.#subjectOf(received, raw);
    const contentType = raw === undefined ? contentTypeOf(received) : this.#rawContentTypeOf(raw);
    // The client hands out views into the block that it read from the socket. Node allocates a block per read and the
    // client never writes to one again, so a view stays valid; no copy is needed.
    const data = received.data;
    return {
      message: { sequence, subject, contentType, arrivalMs, data },
      pendingCount,
      reply,
      budgetBytes:
        raw === undefined
          ? subject.length + reply.length + data.length
          : raw._msg.subject.length + reply.length + raw._msg.size,
    };
  }

  #behindMarker(reply: Uint8Array): number {
    if (!this.#markerStandsAt(reply, this.#markerAt)) {
      let at = 0;
      while (at < reply.length && !this.#markerStandsAt(reply, at)) at += 1;
      if (at >= reply.length) throw unreadable(reply);
      this.#markerAt = at;
    }
    return this.#markerAt + this.#marker.length;
  }

  #markerStandsAt(reply: Uint8Array, at: number): boolean {
    const marker = this.#marker;
    for (let i = 0; i < marker.length; i++) if (reply[at + i] !== marker[i]) return false;
    return true;
  }

  /** The number in the token at the reading position, without its last `digitsCut` digits; moves behind the token. */
  #number(reply: Uint8Array, digitsCut: number): number {
    const start = this.#at;
    let end = start;
    while (end < reply.length && reply[end] !== DOT) end += 1;
    let value = 0;
    for (let i = start; i < end - digitsCut; i++) {
      const digit = (reply[i] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) throw unreadable(reply);
      value = value * 10 + digit;
    }
    if (end - digitsCut <= start || value > Number.MAX_SAFE_INTEGER) throw unreadable(reply);
    this.#at = end + 1;
    return value;
  }

  #subjectOf(received: Msg, raw: RawMessage | undefined): string {
    if (raw === undefined) return received.subject;
    const bytes = raw._msg.subject;
    if (!sameBytes(bytes, 0, bytes.length, this.#subjectBytes)) {
      this.#subject = received.subject;
      this.#subjectBytes = bytes.slice();
    }
    return this.#subject;
  }

  #rawContentTypeOf(raw: RawMessage): string {
    const end = raw._msg.hdr;
    if (end <= 0) return "";
    const block = raw._rdata;
    // The first line is the version; each other one is `name: value`.
    let lineAt = lineAfter(block, 0, end);
    while (lineAt < end) {
      const nextAt = lineAfter(block, lineAt, end);
      if (isContentType(block, lineAt)) {
        const valueAt = lineAt + CONTENT_TYPE.length + 1;
        if (!sameBytes(block, valueAt, nextAt, this.#contentTypeBytes)) {
          this.#contentTypeBytes = block.slice(valueAt, nextAt);
          this.#contentType = normaliseContentType(decoder.decode(this.#contentTypeBytes));
        }
        return this.#contentType;
      }
      lineAt = nextAt;
    }
    return "";
  }
}

/** Where the next line begins; `end` behind the last one. */
function lineAfter(block: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && block[i] !== NEW_LINE) i += 1;
  return Math.min(i + 1, end);
}

function isContentType(block: Uint8Array, at: number): boolean {
  if (block[at + CONTENT_TYPE.length] !== COLON) return false;
  // Bit 5 makes a letter lower case and leaves the hyphen as it is.
  for (let i = 0; i < CONTENT_TYPE.length; i++)
    if (((block[at + i] ?? 0) | 32) !== CONTENT_TYPE.charCodeAt(i)) return false;
  return true;
}

function contentTypeOf(received: Msg): string {
  for (const [name, values] of received.headers ?? [])
    if (name.toLowerCase() === CONTENT_TYPE) return normaliseContentType(values[0] ?? "");
  return "";
}

function sameBytes(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

function unreadable(reply: Uint8Array): RangeError {
  return new RangeError(`not a delivery of this consumer: ${decoder.decode(reply)}`);
}
