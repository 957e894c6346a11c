import type { LogMessage } from "../../model/log.ts";

const decoder = new TextDecoder();

export interface Run {
  readonly messages: readonly LogMessage[];
  /** Where the acknowledgement of the last message goes. */
  readonly lastReply: string;
}

/** Received messages that are not delivered yet, taken out in runs of bounded size. */
export class RunQueue {
  #messages: LogMessage[] = [];
  #replies: Uint8Array[] = [];
  /** Messages before this place are taken. */
  #start = 0;
  readonly #maxMessages: number;
  readonly #maxBytes: number;

  constructor(limits: { readonly maxMessages: number; readonly maxBytes: number }) {
    this.#maxMessages = limits.maxMessages;
    this.#maxBytes = limits.maxBytes;
  }

  get length(): number {
    return this.#messages.length - this.#start;
  }

  push(message: LogMessage, reply: Uint8Array): void {
    this.#messages.push(message);
    this.#replies.push(reply);
  }

  /** The next run: as many messages as the limits allow, at least one where there is one. */
  take(): Run {
    const end = this.#endOfRun();
    const lastReply = decoder.decode(this.#replies[end - 1]);
    const whole = this.#start === 0 && end === this.#messages.length;
    const messages = whole ? this.#messages : this.#messages.slice(this.#start, end);
    if (end === this.#messages.length) this.clear();
    else this.#leave(end);
    return { messages, lastReply };
  }

  /** Lets go of what is taken when that is the larger part: under a backlog the queue never runs empty. */
  #leave(end: number): void {
    this.#start = end;
    if (end * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(end);
    this.#replies = this.#replies.slice(end);
    this.#start = 0;
  }

  clear(): void {
    this.#messages = [];
    this.#replies = [];
    this.#start = 0;
  }

  #endOfRun(): number {
    const last = Math.min(this.#messages.length, this.#start + this.#maxMessages);
    let end = this.#start;
    let bytes = 0;
    while (end < last) {
      bytes += this.#messages[end]?.data.length ?? 0;
      if (bytes > this.#maxBytes && end > this.#start) break;
      end += 1;
    }
    return end;
  }
}
