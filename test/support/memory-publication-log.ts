import { TributaryError } from "../../src/model/errors.ts";
import type { PublicationLog } from "../../src/model/log.ts";

type PublishOptions = Parameters<PublicationLog["publish"]>[2];

export interface StoredPublication extends PublishOptions {
  readonly subject: string;
  readonly sequence: number;
  readonly body: string;
}

/** What the next publications meet: nothing, a refused connection, or a lost acknowledgement. */
export type Trouble = "none" | "not-arrived" | "acknowledgement-lost";

/**
 * A publication log with the broker's semantics: one sequence over all subjects, a known message id is acknowledged
 * with its first sequence (until the window is forgotten), then the expected last subject sequence is compared.
 */
export class MemoryPublicationLog implements PublicationLog {
  readonly stored: StoredPublication[] = [];
  readonly #window = new Map<string, number>();
  trouble: Trouble = "none";
  attempts = 0;

  forgetWindow(): void {
    this.#window.clear();
  }

  last(subject: string): Promise<{ ordinal: number; sequence: number }> {
    if (this.trouble === "not-arrived") return Promise.reject(lost());
    const last = this.stored.findLast((message) => message.subject === subject);
    return Promise.resolve({ ordinal: last?.lastOrdinal ?? 0, sequence: last?.sequence ?? 0 });
  }

  publish(subject: string, body: Uint8Array, options: PublishOptions): Promise<number> {
    this.attempts += 1;
    if (this.trouble === "not-arrived") return Promise.reject(lost());
    let sequence = this.#window.get(options.messageId);
    if (sequence === undefined) {
      const last = this.stored.findLast((message) => message.subject === subject)?.sequence ?? 0;
      if (last !== options.expectedSequence) {
        return Promise.reject(new TributaryError("publication-fenced", `wrong last sequence: ${last}`));
      }
      sequence = (this.stored.at(-1)?.sequence ?? 0) + 1;
      this.stored.push({ ...options, subject, sequence, body: Buffer.from(body).toString("utf8") });
      this.#window.set(options.messageId, sequence);
    }
    return this.trouble === "acknowledgement-lost" ? Promise.reject(lost()) : Promise.resolve(sequence);
  }
}

function lost(): TributaryError {
  return new TributaryError("publish-failed", "no acknowledgement");
}
