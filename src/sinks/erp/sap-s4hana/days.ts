/** Calendar days (YYYY-MM-DD) and the forms that SAP's OData of version 2 has for them. No clock is read. */

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function isCalendarDay(text: string): boolean {
  const ms = DAY.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && dayOf(ms) === text;
}

/** Days from one day to another; negative where that is before it. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

export function dayBefore(date: string): string {
  return dayOf(Date.parse(`${date}T00:00:00Z`) - DAY_MS);
}

/** The day of a value of type Edm.DateTime, "/Date(1782777600000)/"; null for null; undefined for what is none. */
export function dayOfDateTime(value: unknown): string | null | undefined {
  if (value === null) return null;
  const [, ms] = /^\/Date\((-?\d{1,15})(?:\+\d{4})?\)\/$/.exec(typeof value === "string" ? value : "") ?? [];
  return ms === undefined ? undefined : dayOf(Number(ms));
}

/** A day in a question. */
export function dateTimeLiteral(date: string): string {
  return `datetime'${date}T00:00:00'`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, "YYYY-MM-DD".length);
}
