import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { headers } from "nats";
import { type ErrorCode, TributaryError } from "../../model/errors.ts";
import {
  describe,
  isMessageNotFound,
  isUnavailable,
  isRefusal,
  isWrongLastSequence,
  refusalCode,
} from "./broker-errors.ts";
import { APPEND_ID_HEADER, CONTENT_TYPE_HEADER } from "./names.ts";
import { headerOf } from "./stored-message.ts";
import type { StreamReader } from "./stream-reader.ts";

/** One attempt's answer is waited for so long. */
const ATTEMPT_TIMEOUT_MS = 2000;
/** For so long an append is tried and looked for: a broker's restart or a change of leader fits in. */
export const DEFAULT_APPEND_DEADLINE_MS = 15_000;
const RETRY_WAIT_MS = 100;

export interface FencedAppendOptions {
  readonly stream: StreamReader;
  readonly subject: string;
  /** How long an append may take before its outcome is given up on. */
  readonly deadlineMs: number;
  /** Another writer has appended; nothing of ours was. */
  readonly moved: ErrorCode;
  /** It can't be known whether it was appended. */
  readonly unknown: ErrorCode;
}

/** Appends to a stream of one subject that has one writer at a time: each append names the message before it. */
export class FencedAppend {
  readonly #options: FencedAppendOptions;

  constructor(options: FencedAppendOptions) {
    this.#options = options;
  }

  /**
   * An attempt without an answer is repeated with the same expected sequence: the broker stores at most one of them,
   * and a refusal says that the place is taken, by us or by another. So the outcome is known as soon as the broker
   * answers again.
   */
  async append(data: Uint8Array, expectedLastSequence: number): Promise<number> {
    const appendId = randomUUID();
    const deadline = performance.now() + this.#options.deadlineMs;
    let uncertain: unknown;
    let refusal: unknown;
    do {
      try {
        return await this.#attempt(data, expectedLastSequence, appendId);
      } catch (error) {
        if (isWrongLastSequence(error)) {
          const found = await this.#whoAppended(expectedLastSequence, appendId);
          if (found === "ours") return expectedLastSequence + 1;
          if (found === "another's") throw this.#moved(expectedLastSequence);
          // Refused, yet nobody's record is there: another append is in flight in the cluster. Look again.
        } else if (isRefusal(error)) {
          // The broker said no for another reason (no space, too large): this attempt stored nothing.
          refusal = error;
          if (uncertain === undefined) break;
        } else if (isUnavailable(error)) refusal = error;
        else uncertain = error;
      }
      await delay(RETRY_WAIT_MS);
    } while (performance.now() < deadline);
    const found =
      uncertain === undefined ? "nobody's" : await this.#whoAppended(expectedLastSequence, appendId);
    if (found === "ours") return expectedLastSequence + 1;
    if (found === "another's") throw this.#moved(expectedLastSequence);
    if (uncertain === undefined)
      throw new TributaryError(
        refusalCode(refusal),
        `${this.#options.stream.name} took no record: ${describe(refusal)}`,
        {
          cause: refusal,
          details: { log: this.#options.stream.name, expectedLastSequence },
        },
      );
    throw new TributaryError(
      this.#options.unknown,
      `no answer to an append to ${this.#options.stream.name} within ${this.#options.deadlineMs} ms: ${describe(uncertain)}`,
      { cause: uncertain, details: { log: this.#options.stream.name, expectedLastSequence } },
    );
  }

  async #attempt(data: Uint8Array, expectedLastSequence: number, appendId: string): Promise<number> {
    const recordHeaders = headers();
    recordHeaders.set(CONTENT_TYPE_HEADER, "application/json");
    recordHeaders.set(APPEND_ID_HEADER, appendId);
    const ack = await this.#options.stream.connection.jetstream.publish(this.#options.subject, data, {
      headers: recordHeaders,
      expect: { lastSequence: expectedLastSequence, streamName: this.#options.stream.name },
      timeout: ATTEMPT_TIMEOUT_MS,
    });
    return ack.seq;
  }

  /** Whose record stands behind the expected last one. A broker that can't be asked leaves it open. */
  async #whoAppended(
    expectedLastSequence: number,
    appendId: string,
  ): Promise<"ours" | "another's" | "nobody's" | "unknown"> {
    try {
      const { lastSequence } = await this.#options.stream.identity();
      if (lastSequence === expectedLastSequence) return "nobody's";
      // Shorter than we know it: the log was cut or made anew, which is not our doing.
      if (lastSequence < expectedLastSequence) return "another's";
      const place = { seq: expectedLastSequence + 1 };
      const stored = await this.#options.stream.connection.manager.streams.getMessage(
        this.#options.stream.name,
        place,
      );
      return headerOf(stored, APPEND_ID_HEADER) === appendId ? "ours" : "another's";
    } catch (error) {
      return isMessageNotFound(error) ? "another's" : "unknown";
    }
  }

  #moved(expectedLastSequence: number): TributaryError {
    return new TributaryError(
      this.#options.moved,
      `another writer has written to ${this.#options.stream.name}`,
      {
        details: { log: this.#options.stream.name, expectedLastSequence },
      },
    );
  }
}
