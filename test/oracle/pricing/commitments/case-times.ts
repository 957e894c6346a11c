import { DateTime, Duration } from "luxon";
import type { Recurrence, RecurrenceUnit } from "../../../../src/billing/recurrence.ts";

/** The moment that times of grant cases are told from. */
const ORIGIN = DateTime.utc(2024, 1, 1);

const OFFSET = /^(-?P[0-9YMWDTHS]+)(?:([+-]\d+)s)?$/;

/** A moment of a grant case: "P1DT1H", "-PT1H", "P1D-1s" from the origin, or an RFC 3339 time or date. */
export function caseTimeMs(text: string): number {
  const match = OFFSET.exec(text);
  const time =
    match === null
      ? DateTime.fromISO(text, { zone: "utc" })
      : ORIGIN.plus(Duration.fromISO(match[1] ?? "")).plus({ seconds: Number(match[2] ?? "0") });
  if (!time.isValid) throw new RangeError(`not a time: ${text}`);
  return time.toMillis();
}

const UNITS: readonly (readonly [RecurrenceUnit, "days" | "weeks" | "months" | "years"])[] = [
  ["day", "days"],
  ["week", "weeks"],
  ["month", "months"],
  ["year", "years"],
];

/** "P7D anchored P3D" */
export function caseRecurrence(text: string): Recurrence {
  const [interval = "", anchor] = text.split(" anchored ");
  const parts = Duration.fromISO(interval).toObject();
  const unit = UNITS.find(([, name]) => parts[name] !== undefined);
  if (unit === undefined || Object.keys(parts).length !== 1) throw new RangeError(`not an interval: ${text}`);
  const count = parts[unit[1]] ?? 1;
  return { unit: unit[0], count, anchorMs: caseTimeMs(anchor ?? "P0D"), timeZone: "UTC" };
}
