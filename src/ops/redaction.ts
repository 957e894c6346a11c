/** Keeps secrets out of logs whatever is logged. */

export const REDACTED = "[redacted]";
const SECRET_KEY =
  /passw|secret|token|authorization|credential|cookie|api[-_]?key|license[-_]?key|private[-_]?key|hash[-_]?key|client[-_]?state/i;
/** User and password in an address. */
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi;
/** Deeper values are cut off: a log line is no place for a tree. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

/** Takes user and password out of the addresses in a text. */
export function redactText(text: string): string {
  return text.includes("://") ? text.replaceAll(URL_CREDENTIALS, `$1${REDACTED}@`) : text;
}

/** A copy of plain data without the values of secret-like keys; errors become plain objects. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "[deep]";
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redact(item, depth + 1));
  return redactRecord(value, depth);
}

/** As `redact`, for an object that stays one. */
export function redactRecord(value: object, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ITEMS)
      .map(([key, item]) => [
        key,
        SECRET_KEY.test(key) && item !== undefined ? REDACTED : redact(item, depth + 1),
      ]),
  );
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = Reflect.get(error, "code");
  const details: unknown = Reflect.get(error, "details");
  return {
    type: error.name,
    ...(typeof code === "string" && { code }),
    message: error.message,
    stack: error.stack,
    ...(details !== undefined && { details: redact(details, depth + 1) }),
    ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
  };
}
