import { z } from "zod";
import { ErpFault } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import { FINANCIALS, parsed, readAll } from "./resources.ts";

/** Numbers of applications, each of which has periods of its own. */
export const GENERAL_LEDGER = "101";
export const RECEIVABLES = "222";

const periodSchema = z.looseObject({
  PeriodNameId: z.string(),
  ClosingStatus: z.string(),
  StartDate: z.string(),
  EndDate: z.string(),
  AdjustmentPeriodFlag: z.union([z.string(), z.boolean()]).nullish(),
});

export type Period = z.output<typeof periodSchema>;

/** Open, and future enterable. */
const ENTERABLE: ReadonlySet<string> = new Set(["O", "F"]);
const ID = /^\d{1,18}$/;

/** Periods of a ledger as an application has them. */
export async function readPeriods(
  client: OracleClient,
  application: string,
  ledgerId: string,
  signal: AbortSignal,
): Promise<readonly Period[]> {
  if (!ID.test(ledgerId))
    throw new ErpFault("mapping", `a ledger's id has only digits: ${ledgerId.slice(0, 50)}`, {
      code: "mapping-unusable",
    });
  const items = await readAll(client, {
    operation: "read-periods",
    path: `${FINANCIALS}/accountingPeriodStatusLOV`,
    q: `ApplicationId=${application} and LedgerId=${ledgerId}`,
    parameters: { orderBy: "StartDate:asc" },
    signal,
  });
  return items.map((item) => parsed(periodSchema, item, "period"));
}

/** Throws ErpFault `period-closed` where nothing can be booked on a day (YYYY-MM-DD), and `mapping` for a ledger without periods. */
export async function checkPeriod(
  client: OracleClient,
  application: string,
  ledgerId: string,
  date: string,
  signal: AbortSignal,
): Promise<void> {
  const periods = await readPeriods(client, application, ledgerId, signal);
  if (periods.length === 0)
    throw new ErpFault("mapping", `Oracle shows no periods of a ledger ${ledgerId}`, {
      code: "mapping-unusable",
    });
  const isAdjustment = ({ AdjustmentPeriodFlag: flag }: Period): boolean => flag === true || flag === "Y";
  const day = (text: string): string => text.slice(0, "YYYY-MM-DD".length);
  const ofDay = periods.filter(
    (period) => !isAdjustment(period) && day(period.StartDate) <= date && date <= day(period.EndDate),
  );
  if (ofDay.some(({ ClosingStatus }) => ENTERABLE.has(ClosingStatus))) return;
  const [period] = ofDay;
  throw new ErpFault(
    "period-closed",
    period === undefined
      ? `Oracle has no period of ${date}`
      : `Oracle's period ${period.PeriodNameId} is not open (${period.ClosingStatus})`,
    { code: period === undefined ? "period-missing" : `closing-status-${period.ClosingStatus}` },
  );
}
