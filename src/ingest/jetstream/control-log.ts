import type { ControlLog, LogIdentity, LogMessage } from "../../model/log.ts";
import type { BrokerConnection } from "./connection.ts";
import { DEFAULT_APPEND_DEADLINE_MS, FencedAppend } from "./fenced-append.ts";
import { controlStream, controlSubject } from "./names.ts";
import { StreamReader } from "./stream-reader.ts";

export interface ControlLogOptions {
  /** How long an append may take before its outcome is given up on. */
  readonly appendDeadlineMs?: number;
}

/** The control log of a partition. */
export function openControlLog(
  connection: BrokerConnection,
  partition: number,
  options: ControlLogOptions = {},
): ControlLog {
  return new JetStreamControlLog(
    connection,
    partition,
    options.appendDeadlineMs ?? DEFAULT_APPEND_DEADLINE_MS,
  );
}

class JetStreamControlLog implements ControlLog {
  readonly name: string;
  readonly #reader: StreamReader;
  readonly #appends: FencedAppend;

  constructor(connection: BrokerConnection, partition: number, deadlineMs: number) {
    this.name = controlStream(partition);
    this.#reader = new StreamReader(connection, this.name);
    this.#appends = new FencedAppend({
      stream: this.#reader,
      subject: controlSubject(partition),
      deadlineMs,
      moved: "control-log-moved",
      unknown: "control-append-unknown",
    });
  }

  async identity(): Promise<LogIdentity> {
    return await this.#reader.identity();
  }

  async messageAt(sequence: number): Promise<LogMessage | undefined> {
    return await this.#reader.messageAt(sequence);
  }

  async readFrom(firstSequence: number): Promise<readonly LogMessage[]> {
    const { lastSequence } = await this.#reader.identity();
    const messages: LogMessage[] = [];
    for await (const message of this.#reader.readRange(firstSequence, lastSequence)) messages.push(message);
    return messages;
  }

  async append(data: Uint8Array, expectedLastSequence: number): Promise<number> {
    return await this.#appends.append(data, expectedLastSequence);
  }
}
