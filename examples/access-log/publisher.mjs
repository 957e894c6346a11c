// @ts-check
import { headers } from "nats";

/** Messages under way without their acknowledgement: enough to hide the round trip, few enough for the server. */
const WINDOW = 256;
const ACK_TIMEOUT_MS = 5_000;
/** A repetition is safe: the broker knows the message id for minutes, and Tributary the event's id for weeks. */
const ATTEMPTS = 3;

/**
 * Publishes usage messages and counts every acknowledgement: only what JetStream has acknowledged is stored.
 */
export class Publisher {
  /** @type {import("nats").JetStreamClient} */
  #jetstream;
  /** @type {Set<Promise<void>>} */
  #underWay = new Set();
  /** @type {Error | undefined} */
  #fault;
  acknowledged = 0;

  /** @param {import("nats").JetStreamClient} jetstream */
  constructor(jetstream) {
    this.#jetstream = jetstream;
  }

  /**
   * Resolves when the message is on its way and there is room for another.
   * @param {{ subject: string, contentType: string, body: string, messageId: string }} message
   * @throws {Error} when this or an earlier message was not acknowledged
   */
  async publish(message) {
    const publication = this.#attempt(message).catch((error) => {
      this.#fault ??= new Error(`${message.subject}: ${error instanceof Error ? error.message : error}`);
    });
    this.#underWay.add(publication);
    void publication.finally(() => this.#underWay.delete(publication));
    if (this.#underWay.size >= WINDOW) await Promise.race(this.#underWay);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Resolves when everything is acknowledged. */
  async drain() {
    await Promise.all(this.#underWay);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** @param {{ subject: string, contentType: string, body: string, messageId: string }} message */
  async #attempt({ subject, contentType, body, messageId }) {
    const messageHeaders = headers();
    messageHeaders.set("Content-Type", contentType);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#jetstream.publish(subject, body, {
          headers: messageHeaders,
          msgID: messageId,
          timeout: ACK_TIMEOUT_MS,
        });
        this.acknowledged++;
        return;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }
}
