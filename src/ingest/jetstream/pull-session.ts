import { createInbox, nanos } from "nats";
import type { Msg, NatsConnection, Subscription } from "nats";
import { messageOf } from "../../model/errors.ts";
import { DeliveryParser, isDelivery } from "./delivered-message.ts";
import type { Delivery } from "./delivered-message.ts";

/** Two pulls in flight: the broker fills one while the other's messages are processed. */
const PULLS_IN_FLIGHT = 2;
/** Messages of a pull when none are configured; with small ones this, not the bytes, bounds what is held in memory. */
export const DEFAULT_PULL_MESSAGES = 10_000;
/**
 * Bytes that a pull asks for, unless messages are large. Few, since what waits to be processed for longer than some tenths of a second outlives V8's young
 * generation, and then its memory is only freed by marking the whole heap: with megabytes for each partition, that was every second. It is some milliseconds
 * of work, and the other pull is under way meanwhile.
 */
const USUAL_PULL_BYTES = 128 * 1024;
/** A pull has room for so many of the largest messages that came so far. */
const LARGE_MESSAGES = 2;
/** A pull that stays unfilled is answered and asked again after this time, so that none is lost for ever. */
const PULL_EXPIRES_MS = 30_000;
/** The broker gives a sign of life for each unfilled pull in this interval … */
const HEARTBEAT_MS = 2000;
/** … and a pull without any for so long is taken for lost. */
export const HEARTBEATS_MISSED_MS = 3 * HEARTBEAT_MS;

/** Why a session can't go on; a new one on a new consumer may. */
export type SessionEnd =
  | { readonly kind: "consumer-deleted" }
  | { readonly kind: "message-above-budget" }
  | { readonly kind: "interrupted"; readonly reason: string };

export interface PullSessionOptions {
  readonly client: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  /** Most bytes of a pull, at least the size of the largest message and its subjects; asked for where the next message needs more than usual. */
  readonly pullBytes: number;
  /** Message budget of one pull. */
  readonly pullMessages: number;
  /** Called for each message in the order of delivery. */
  readonly receive: (delivery: Delivery) => void;
  /** Called once; nothing is received afterwards. */
  readonly end: (end: SessionEnd) => void;
}

/** One pull at a time: an own inbox tells its messages and its status from those of the other. */
interface Slot {
  readonly inbox: string;
  subscription: Subscription | undefined;
  /** Number of the present pull: last token of its reply subject. */
  pull: number;
  outstanding: boolean;
  askedBytes: number;
  remainingMessages: number;
  remainingBytes: number;
  /** Last sequence that any pull of this slot brought. */
  lastSequence: number;
  lastSignMs: number;
}

/**
 * Pulls from one incarnation of a consumer. `consume()` and `fetch()` of the client are not used: the first takes a
 * budget of messages or bytes but not both, the second skips what is above its bytes without a word.
 */
export class PullSession {
  readonly #options: PullSessionOptions;
  readonly #parser: DeliveryParser;
  readonly #nextSubject: string;
  readonly #slots: readonly Slot[];
  #ended = false;
  #processedUpTo = 0;
  #largestBytes = 0;

  constructor(options: PullSessionOptions) {
    this.#options = options;
    this.#parser = new DeliveryParser(options.stream, options.consumer);
    this.#nextSubject = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.consumer}`;
    this.#slots = Array.from({ length: PULLS_IN_FLIGHT }, () => ({
      inbox: createInbox(),
      subscription: undefined,
      pull: 0,
      outstanding: false,
      askedBytes: 0,
      remainingMessages: 0,
      remainingBytes: 0,
      lastSequence: 0,
      lastSignMs: 0,
    }));
  }

  start(): void {
    for (const [i, slot] of this.#slots.entries()) {
      slot.subscription = this.#options.client.subscribe(`${slot.inbox}.*`, {
        // An exception out of a callback would end the client's reader without a sound.
        callback: (error, message) => {
          try {
            if (error !== null) this.#end({ kind: "interrupted", reason: error.message });
            else this.#take(slot, message);
          } catch (fault) {
            this.#end({ kind: "interrupted", reason: messageOf(fault) });
          }
        },
      });
      // The broker serves waiting pulls in turn. A first one of half the size keeps the two from ending together.
      this.#ask(slot, this.#usualBytes, i === 0 ? 0.5 : 1);
    }
  }

  /** True while the broker holds a pull that it can answer with the next message at once. */
  get outstanding(): boolean {
    return !this.#ended && this.#slots.some((slot) => slot.outstanding);
  }

  /** Asks again for each pull that has ended and whose messages are all processed. */
  processed(upTo: number): void {
    this.#processedUpTo = upTo;
    for (const slot of this.#slots)
      if (!this.#ended && !slot.outstanding && slot.lastSequence <= upTo) this.#ask(slot, this.#usualBytes);
  }

  /** True where a pull is outstanding and the broker has been silent about it for too long. */
  isSilent(nowMs: number): boolean {
    return (
      !this.#ended &&
      this.#slots.some((slot) => slot.outstanding && nowMs - slot.lastSignMs > HEARTBEATS_MISSED_MS)
    );
  }

  close(): void {
    this.#ended = true;
    for (const slot of this.#slots) {
      slot.outstanding = false;
      try {
        slot.subscription?.unsubscribe();
      } catch {
        // The connection is closed: so is the subscription.
      }
    }
  }

  #end(end: SessionEnd): void {
    if (this.#ended) return;
    this.close();
    this.#options.end(end);
  }

  get #usualBytes(): number {
    const wanted = Math.max(USUAL_PULL_BYTES, LARGE_MESSAGES * this.#largestBytes);
    return Math.min(wanted, this.#options.pullBytes);
  }

  #ask(slot: Slot, bytes: number, share = 1): void {
    slot.pull += 1;
    slot.outstanding = true;
    slot.askedBytes = Math.floor(bytes * share);
    slot.remainingBytes = slot.askedBytes;
    slot.remainingMessages = Math.floor(this.#options.pullMessages * share);
    slot.lastSignMs = performance.now();
    const request = JSON.stringify({
      batch: slot.remainingMessages,
      max_bytes: slot.askedBytes,
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    });
    try {
      this.#options.client.publish(this.#nextSubject, request, { reply: `${slot.inbox}.${slot.pull}` });
    } catch (error) {
      this.#end({ kind: "interrupted", reason: messageOf(error) });
    }
  }

  #take(slot: Slot, message: Msg): void {
    if (this.#ended) return;
    slot.lastSignMs = performance.now();
    if (!isDelivery(message)) {
      this.#takeStatus(slot, message);
      return;
    }
    const delivery = this.#parser.parse(message);
    slot.lastSequence = Math.max(slot.lastSequence, delivery.message.sequence);
    slot.remainingMessages -= 1;
    slot.remainingBytes -= delivery.budgetBytes;
    if (delivery.budgetBytes > this.#largestBytes) this.#largestBytes = delivery.budgetBytes;
    // The broker says nothing when a pull is filled exactly.
    if (slot.remainingMessages <= 0 || slot.remainingBytes <= 0) slot.outstanding = false;
    this.#options.receive(delivery);
  }

  #takeStatus(slot: Slot, message: Msg): void {
    const code = message.headers?.code ?? 0;
    const description = message.headers?.description.toLowerCase() ?? "";
    if (code === 100) return;
    // Word of a pull that has been filled and replaced since.
    if (message.subject !== `${slot.inbox}.${slot.pull}`) return;
    if (code === 409 && description.includes("consumer deleted")) {
      this.#end({ kind: "consumer-deleted" });
      return;
    }
    const exceedsBytes =
      code === 409 && description.includes("maxbytes") && description.includes("message size");
    const nothingCame = slot.remainingBytes === slot.askedBytes;
    if (exceedsBytes && nothingCame && slot.askedBytes === this.#options.pullBytes) {
      this.#end({ kind: "message-above-budget" });
      return;
    }
    // 404: nothing there. 408: expired. 409: the next message is above what is left of the budget, or completed.
    if (code === 404 || code === 408 || exceedsBytes || description.includes("batch completed")) {
      slot.outstanding = false;
      this.#onPullEnded(slot, exceedsBytes && nothingCame ? this.#options.pullBytes : this.#usualBytes);
      return;
    }
    this.#end({ kind: "interrupted", reason: `${code} ${message.headers?.description ?? ""}`.trim() });
  }

  /** A pull that brought nothing, or whose messages are processed already, has no run that would ask again. */
  #onPullEnded(slot: Slot, bytes: number): void {
    if (slot.lastSequence <= this.#processedUpTo) this.#ask(slot, bytes);
  }
}
