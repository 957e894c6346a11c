import type { CloseScope } from "../../model/control.ts";
import type { LegalEntity } from "../../billing/catalog/legal-entity.ts";
import { startOfLocalDay } from "../../billing/zone-days.ts";

/** A scope with the moments of its bounds in the legal entity's time zone. */
export interface TimedScope extends CloseScope {
  readonly timeZone: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether a text is a calendar day that exists, YYYY-MM-DD. */
export function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The days of a month, "2026-03"; undefined where it is none. */
export function monthDays(month: string): { readonly from: string; readonly to: string } | undefined {
  const from = `${month}-01`;
  if (!isCalendarDay(from)) return undefined;
  const [year = 0, number = 0] = month.split("-").map(Number);
  return { from, to: new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 10) };
}

export function timedScope(
  entity: Pick<LegalEntity, "key" | "time_zone">,
  from: string,
  to: string,
): TimedScope {
  const startOf = (day: string): number => {
    const [year = 0, month = 0, date = 0] = day.split("-").map(Number);
    return startOfLocalDay(entity.time_zone, year, month, date);
  };
  return {
    legalEntity: entity.key,
    from,
    to,
    timeZone: entity.time_zone,
    fromMs: startOf(from),
    toMs: startOf(to),
  };
}
