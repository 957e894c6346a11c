import type { LogIdentity, LogMessage, LogReader, UsageLog } from "../model/log.ts";

/**
 * A usage log in the partition's numbering: what the stream holds at sequence n is number n + offset. It lets a
 * partition go on behind a stream whose sequences fell back, while its own numbers, which parked events, exceptions and
 * ties of `latest` are ordered by, keep growing.
 */
export function renumberedLog(log: UsageLog, offset: number): UsageLog {
  if (offset === 0) return log;
  const shift = (message: LogMessage): LogMessage => ({ ...message, sequence: message.sequence + offset });
  return {
    name: log.name,
    identity: async () => shiftIdentity(await log.identity(), offset),
    messageAt: async (sequence) => {
      const message = await log.messageAt(sequence - offset);
      return message === undefined ? undefined : shift(message);
    },
    readRange: (first, last) => mapped(log.readRange(first - offset, last - offset), shift),
    openReader: async (first) => new RenumberedReader(await log.openReader(first - offset), offset, shift),
  };
}

export function shiftIdentity(identity: LogIdentity, offset: number): LogIdentity {
  return {
    createdAt: identity.createdAt,
    firstSequence: identity.firstSequence + offset,
    lastSequence: identity.lastSequence + offset,
  };
}

async function* mapped<T>(items: AsyncIterable<T>, map: (item: T) => T): AsyncIterable<T> {
  for await (const item of items) yield map(item);
}

class RenumberedReader implements LogReader {
  readonly #reader: LogReader;
  readonly #offset: number;
  readonly #shift: (message: LogMessage) => LogMessage;

  constructor(reader: LogReader, offset: number, shift: (message: LogMessage) => LogMessage) {
    this.#reader = reader;
    this.#offset = offset;
    this.#shift = shift;
  }

  get ended(): Promise<void> {
    return this.#reader.ended;
  }

  get caughtUp(): boolean {
    return this.#reader.caughtUp;
  }

  get pendingCount(): number {
    return this.#reader.pendingCount;
  }

  start(deliver: (messages: readonly LogMessage[]) => Promise<void>): void {
    this.#reader.start((messages) => deliver(messages.map(this.#shift)));
  }

  stop(): Promise<void> {
    return this.#reader.stop();
  }

  acknowledge(sequence: number): void {
    // The numbers up to the place where the stream was resumed are none of its sequences.
    if (sequence > this.#offset) this.#reader.acknowledge(sequence - this.#offset);
  }
}
