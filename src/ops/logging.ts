import { pino, type DestinationStream, type Logger } from "pino";
import type { Clock } from "../model/clock.ts";
import { REDACTED, redactRecord, redactText } from "./redaction.ts";

export type { Logger } from "pino";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json`: one object a line. `text`: time, level, message and fields on a line, for people. */
  readonly format: "json" | "text";
  /** A worker logs to standard output; a command to standard error, as its standard output is data. */
  readonly output: "stdout" | "stderr" | DestinationStream;
  /** Name of the worker, a field of every line. */
  readonly worker?: string;
}

const SECRET_BINDINGS = ["password", "secret", "token", "authorization", "credentials", "apiKey", "cookie"];

/**
 * Makes a logger. Fields have fixed names: `code` (a fault's code), `partition`, `worker`, `err` (an error). Values of
 * secret-like keys and credentials in addresses are replaced.
 */
export function createLogger(options: LoggerOptions): Logger {
  // Synchronous: the last lines before the end of a process are those that matter, and lines are few.
  const output =
    typeof options.output === "string"
      ? pino.destination({ fd: options.output === "stdout" ? 1 : 2, sync: true })
      : options.output;
  return pino(
    {
      level: options.level,
      base: options.worker === undefined ? {} : { worker: options.worker },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactRecord(fields),
      },
      // Fields of a child logger don't pass the formatter above.
      redact: { paths: SECRET_BINDINGS, censor: REDACTED },
      // The formatter has made a plain object of an error already.
      serializers: { err: (fields: unknown) => fields },
      hooks: { streamWrite: redactText },
    },
    options.format === "json" ? output : textStream(output),
  );
}

function textStream(output: DestinationStream): DestinationStream {
  return {
    write: (line) => {
      output.write(textOf(line));
    },
  };
}

/** One JSON line as text for people; a line that is none stays as it is. */
function textOf(line: string): string {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof fields !== "object" || fields === null) return line;
  const known = new Map<string, unknown>(Object.entries(fields));
  const head = [
    plain(known.get("time")),
    plain(known.get("level")).toUpperCase().padEnd(5),
    plain(known.get("msg")),
  ];
  for (const key of ["time", "level", "msg"]) known.delete(key);
  const shown = [...known].map(
    ([key, value]) => `${key}=${typeof value === "string" ? quoted(value) : JSON.stringify(value)}`,
  );
  return `${[...head, ...shown].join(" ").trimEnd()}\n`;
}

function plain(value: unknown): string {
  // A message with line breaks would look like several lines.
  return typeof value === "string" ? value.replaceAll(/[\r\n]+/g, " ") : "";
}

function quoted(value: string): string {
  return /^[\w.:/@%+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** Keys that are remembered; beyond it the oldest is forgotten, so that odd keys can't grow the memory. */
const MAX_REPEATED_KEYS = 1_000;

/**
 * Writes the first fault of a key at once and the next one only after `intervalMs`, with the number of those between:
 * a target that is down for an hour says so some times, not a million.
 */
export class RepeatedFaultLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #keys = new Map<string, { writtenMs: number; suppressed: number }>();

  constructor(options: { readonly logger: Logger; readonly clock: Clock; readonly intervalMs: number }) {
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs;
  }

  /** @param key what makes two faults the same, such as target and code */
  write(level: LogLevel, key: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#keys.get(key);
    if (known !== undefined && nowMs - known.writtenMs < this.#intervalMs) {
      known.suppressed++;
      return;
    }
    const suppressed = known?.suppressed ?? 0;
    this.#keys.delete(key);
    this.#keys.set(key, { writtenMs: nowMs, suppressed: 0 });
    const oldest = this.#keys.keys().next();
    if (this.#keys.size > MAX_REPEATED_KEYS && oldest.done !== true) this.#keys.delete(oldest.value);
    this.#logger[level](suppressed === 0 ? fields : { ...fields, suppressed }, message);
  }
}
