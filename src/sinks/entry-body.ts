import { TributaryError } from "../model/errors.ts";
import type { OutboxEntry } from "../model/outputs.ts";

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The members of an outbox entry's body; what is not as the channel's type says is an `internal-fault`. */
export class EntryBody {
  readonly members: Readonly<Record<string, unknown>>;
  readonly #place: string;

  constructor({ channel, ordinal, body }: OutboxEntry) {
    this.#place = `entry ${ordinal} of channel ${channel}`;
    const members: unknown = JSON.parse(body);
    if (!isRecord(members)) throw this.#fault("the body is not an object");
    this.members = members;
  }

  text(name: string): string {
    const value = this.members[name];
    if (typeof value !== "string") throw this.#fault(`${name} is not text`);
    return value;
  }

  /** The text, or "" where it is null. */
  textOrEmpty(name: string): string {
    return this.members[name] === null ? "" : this.text(name);
  }

  integer(name: string): number {
    const value = this.members[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      throw this.#fault(`${name} is not a whole number`);
    }
    return value;
  }

  #fault(what: string): TributaryError {
    return new TributaryError("internal-fault", `In ${this.#place} ${what}.`);
  }
}
