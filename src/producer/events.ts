import { isJsonNumber, parseDecimal } from "../model/decimal.ts";
import { TributaryError } from "../model/errors.ts";
import type { NumberedRow } from "../ingest/wire/columnar-encoder.ts";
import {
  MAX_ACCOUNT_LENGTH,
  MAX_PROPERTIES,
  MAX_PROPERTY_NAME_LENGTH,
  MAX_TIME_MS,
  MIN_TIME_MS,
} from "../ingest/wire/limits.ts";

/** One usage event. Its `id` is for people: the producer's numbers say which events were counted. */
export type UsageEvent = NumberedRow;

/** UTF-8 bytes of `source`, and of `id`: with the place that identifies the event elsewhere they fit an identity. */
const MAX_NAME_BYTES = 512;
/** UTF-8 bytes of all texts of an event: a batch of one has to fit a message. */
const MAX_EVENT_BYTES = 64 * 1024;
/** Half of a surrogate pair: it has no UTF-8 form. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Throws `usage-invalid` for an event that a batch can't hold or a worker would reject whatever its catalog: then nothing of
 * it has been taken.
 */
export function checkEvent(event: UsageEvent): void {
  const { id, source, type, account, timeMs, data } = event;
  if (id !== undefined) checkText("id", id, MAX_NAME_BYTES);
  checkText("source", source, MAX_NAME_BYTES);
  checkText("type", type, MAX_EVENT_BYTES);
  checkText("account", account, MAX_EVENT_BYTES);
  if (account.length > MAX_ACCOUNT_LENGTH) throw invalid("account", `is longer than ${MAX_ACCOUNT_LENGTH}`);
  if (source.includes("\u0000")) throw invalid("source", "holds a zero character");
  if (!Number.isInteger(timeMs) || timeMs < MIN_TIME_MS || timeMs > MAX_TIME_MS)
    throw invalid("timeMs", "is no integer of the years 0 to 9999");
  let bytes = Buffer.byteLength(type) + Buffer.byteLength(account);
  let properties = 0;
  for (const name in data) {
    const value = data[name];
    if (++properties > MAX_PROPERTIES) throw invalid("data", `has more than ${MAX_PROPERTIES} properties`);
    if (name.length > MAX_PROPERTY_NAME_LENGTH || LONE_SURROGATE.test(name))
      throw invalid("data", "has a name that is too long or no text");
    if (!isValue(value)) throw invalid(`data.${name}`, "can't be sent");
    bytes += Buffer.byteLength(name) + (typeof value === "string" ? Buffer.byteLength(value) : 8);
  }
  if (bytes > MAX_EVENT_BYTES) throw invalid("event", `is larger than ${MAX_EVENT_BYTES} bytes`);
}

function checkText(name: string, text: unknown, maxBytes: number): void {
  if (
    typeof text !== "string" ||
    text === "" ||
    LONE_SURROGATE.test(text) ||
    Buffer.byteLength(text) > maxBytes
  )
    throw invalid(name, `is no text of 1 to ${maxBytes} bytes`);
}

function isValue(value: unknown): boolean {
  if (typeof value === "boolean") return true;
  if (typeof value === "string") return !LONE_SURROGATE.test(value);
  if (typeof value === "number") return Number.isFinite(value) && parseDecimal(String(value)) !== undefined;
  if (typeof value === "bigint") return parseDecimal(String(value)) !== undefined;
  const text = typeof value === "object" && value !== null && "decimal" in value ? value.decimal : undefined;
  return typeof text === "string" && isJsonNumber(text) && parseDecimal(text) !== undefined;
}

function invalid(name: string, fault: string): TributaryError {
  return new TributaryError("usage-invalid", `The event can't be sent: its ${name} ${fault}.`);
}
