// @ts-check

const HOUR_MS = 3_600_000;
/**
 * The log spans 83 hours. Ending so long behind a month's turn it has 15 hours of the month before, and time for the grace of
 * a day and for what comes late: the month is billed while usage of the next one goes on.
 */
const BEHIND_TURN_MS = 68 * HOUR_MS;

/**
 * Where the demo's log is moved to: the last turn of a month in UTC lies in it. Its oldest event is less than 35 days old, which
 * is what catalogs allow unless they say otherwise.
 * @param {Date} now
 * @returns {{ end: string, month: string }} time of the last request, RFC 3339, and the month that ends in the log, YYYY-MM
 */
export function logTime(now) {
  const year = now.getUTCFullYear();
  const thisTurnMs = Date.UTC(year, now.getUTCMonth(), 1);
  const turnMs =
    thisTurnMs + BEHIND_TURN_MS <= now.getTime() ? thisTurnMs : Date.UTC(year, now.getUTCMonth() - 1, 1);
  return {
    end: new Date(turnMs + BEHIND_TURN_MS).toISOString(),
    month: new Date(turnMs - 1).toISOString().slice(0, 7),
  };
}
