import { z } from "zod";
import { DURATION_UNIT_MS, durationMs as readDuration } from "../../model/duration.ts";
import { canonicalDecimal, DECIMAL_PATTERN } from "../decimal-text.ts";

/**
 * Kinds of fields that the entities are made of. Files are read so that every number arrives as its source text (see
 * read-files.ts), which keeps all digits of decimals. Values are brought to the one canonical form here.
 * A function for each, because a description belongs to a field, not to a kind.
 */

/** Keys are parts of ids, of file names and of metric labels. */
const KEY_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** Names entities that files refer to. */
export const keyField = () =>
  z
    .string()
    .regex(KEY_PATTERN, "must be 1–100 letters, digits, '_', '.' or '-', the first a letter or digit");

const MAX_TEXT = 300;

/** Text of people or of other systems (account and contract ids too): anything without control characters. */
export const textField = () =>
  z
    .string()
    .min(1, "must not be empty")
    .max(MAX_TEXT, `must have at most ${MAX_TEXT} characters`)
    .regex(/^\P{Cc}*$/u, "must not have control characters");

const DECIMAL_MESSAGE =
  "must be a decimal in plain notation, like 12 or 0.0015 (at most 30 digits before and behind the point)";

/** The published schema also allows a JSON number: it is read by its digits. */
const DECIMAL_JSON_SCHEMA: Record<string, unknown> = { type: ["string", "number"] };

/** A decimal ≥ 0. */
export const nonNegativeDecimalField = () =>
  z
    .string()
    // Aborts, so that no later check has to do with a text that is no decimal.
    .regex(DECIMAL_PATTERN, { error: DECIMAL_MESSAGE, abort: true })
    .refine((text) => !canonicalDecimal(text).startsWith("-"), "must not be negative")
    .overwrite(canonicalDecimal)
    .meta(DECIMAL_JSON_SCHEMA);

/** A decimal > 0. */
export const positiveDecimalField = () =>
  nonNegativeDecimalField().refine((text) => canonicalDecimal(text) !== "0", "must be greater than 0");

/** A rate in percent ≥ 0, like 2.9. */
export const percentRateField = () => nonNegativeDecimalField();

/** A share in percent, 0–100. */
export const percentField = () =>
  nonNegativeDecimalField().refine(
    (text) => /^(\d{1,2}(\.\d+)?|100(\.0+)?)$/.test(text),
    "must be at most 100",
  );

/** A whole number. */
export const integerField = (minimum: number, maximum: number) =>
  z
    .preprocess(
      (value) => (typeof value === "string" && /^-?\d{1,9}$/.test(value) ? Number(value) : value),
      z
        .int({ error: (issue) => (issue.input === undefined ? undefined : "must be a whole number") })
        .min(minimum, `must be at least ${minimum}`)
        .max(maximum, `must be at most ${maximum}`),
    )
    .meta({ type: "integer", minimum, maximum });

const UNITS = ["d", "h", "m", "s"] as const;
const DURATION_PATTERN = /^\d{1,7}[dhms]$/;

/** Milliseconds of a duration that the catalog has checked. */
export function durationMs(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined) throw new RangeError(`not a duration: ${text}`);
  return ms;
}

/** The same duration in the largest unit that holds it whole; what is none stays, its fault is found by the pattern. */
function canonicalDuration(text: string): string {
  const ms = readDuration(text);
  if (ms === undefined) return text;
  const unit = ms === 0 ? "s" : (UNITS.find((candidate) => ms % DURATION_UNIT_MS[candidate] === 0) ?? "s");
  return `${ms / DURATION_UNIT_MS[unit]}${unit}`;
}

/** A length of time: a whole number and one of d (24 hours), h, m, s. */
export const durationField = () =>
  z
    .string()
    .regex(DURATION_PATTERN, {
      error: 'must be a whole number and a unit: "35d", "24h", "5m" or "30s"',
      abort: true,
    })
    .overwrite(canonicalDuration);
