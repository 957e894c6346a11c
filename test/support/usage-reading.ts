import type { BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { connectBroker } from "../../src/ingest/jetstream/connection.ts";
import { publishAll } from "../../src/ingest/jetstream/producer.ts";
import type { OutgoingMessage } from "../../src/ingest/jetstream/producer.ts";
import { usageSubject } from "../../src/ingest/jetstream/names.ts";
import type { LogMessage, LogReader } from "../../src/model/log.ts";
import { waitUntil } from "./wait-until.ts";

/** A connection for a test; `name` shows in the server's log. */
export async function testConnection(url: string, name = "test"): Promise<BrokerConnection> {
  return await connectBroker({ servers: [url], name });
}

const encoder = new TextEncoder();
export const textOf = (message: LogMessage): string => new TextDecoder().decode(message.data);

/** Numbered messages: number n has the text `n:` and is padded to `bytes`. */
export function* numbered(
  partition: number,
  from: number,
  to: number,
  bytes = 150,
): Generator<OutgoingMessage> {
  for (let n = from; n <= to; n++)
    yield {
      subject: usageSubject(partition, n % 2 === 0 ? "eu" : "us"),
      data: encoder.encode(`${n}:`.padEnd(bytes, "x")),
      contentType: "application/cloudevents+json; charset=UTF-8",
    };
}

export async function publishNumbered(
  connection: BrokerConnection,
  partition: number,
  from: number,
  to: number,
  bytes = 150,
): Promise<void> {
  await publishAll(connection, numbered(partition, from, to, bytes));
}

/** Starts a reader and checks, as each run comes, that it continues the one before. */
export class Reading {
  readonly reader: LogReader;
  count = 0;
  runs = 0;
  largestRun = 0;
  first: number | undefined;
  last = 0;
  readonly faults: string[] = [];
  readonly fault: Promise<unknown>;
  ended = false;

  constructor(
    reader: LogReader,
    options: { readonly eachRun?: (messages: readonly LogMessage[]) => Promise<void> } = {},
  ) {
    this.reader = reader;
    this.fault = this.#awaitEnd();
    reader.start(async (messages) => {
      this.runs += 1;
      this.largestRun = Math.max(this.largestRun, messages.length);
      for (const message of messages) {
        this.first ??= message.sequence;
        if (this.count > 0 && message.sequence !== this.last + 1)
          this.faults.push(`${message.sequence} after ${this.last}`);
        if (!textOf(message).startsWith(`${message.sequence}:`))
          this.faults.push(`${message.sequence} holds ${textOf(message).slice(0, 20)}`);
        this.last = message.sequence;
        this.count += 1;
      }
      await options.eachRun?.(messages);
    });
  }

  async #awaitEnd(): Promise<unknown> {
    try {
      await this.reader.ended;
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.ended = true;
    }
  }

  async upTo(sequence: number, deadlineMs = 60_000): Promise<void> {
    await waitUntil(`reading up to ${sequence}`, () => this.last >= sequence || this.ended, deadlineMs);
  }
}
