/** First moment of a date (YYYY-MM-DD) in UTC, milliseconds since 1970; undefined where it is none. */
export function startOfDate(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const timeMs = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(timeMs) || new Date(timeMs).toISOString().slice(0, 10) !== text ? undefined : timeMs;
}
