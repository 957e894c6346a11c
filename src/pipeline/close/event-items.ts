import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import type { ExceptionRecord } from "../../model/outputs.ts";
import type { ReportSource } from "../partition-report.ts";
import type { TimedScope } from "./close-scope.ts";
import type { CloseItem } from "./line-part.ts";

/** Stages whose exceptions have a line of their own: conflicts, and documents that are held. */
const OTHER_LINES: ReadonlySet<string> = new Set(["deduplicate", "tax"]);
const HOUR_MS = 3_600_000;

/** Parked events that concern a scope. */
export function* parkedItems({ engine, store }: ReportSource, scope: TimedScope): Generator<CloseItem> {
  for (const { sequence, index, reason, account, type, arrivalMs, event } of store.parked()) {
    const timeMs = eventTimeOf(event) ?? arrivalMs;
    if (!concerns(engine.catalog, scope, account, timeMs, arrivalMs)) continue;
    yield {
      id: `${sequence}/${index}`,
      sinceMs: arrivalMs,
      amount: undefined,
      detail: `${reason}: ${type} of account ${account}`,
    };
  }
}

/** Exceptions that concern a scope: conflicting events, or all others. */
export function* exceptionItems(
  { engine, store }: ReportSource,
  scope: TimedScope,
  which: "conflicting" | "others",
): Generator<CloseItem> {
  for (const record of store.exceptions()) {
    if (which === "conflicting" ? record.stage !== "deduplicate" : OTHER_LINES.has(record.stage)) continue;
    const { account, timeMs } = knownOf(record);
    if (!concerns(engine.catalog, scope, account, timeMs, record.sinceMs)) continue;
    yield {
      id: record.id,
      sinceMs: record.sinceMs,
      amount: undefined,
      detail: `${record.stage}: ${record.reason}${account === undefined ? "" : ` of account ${account}`}`,
    };
  }
}

/** What was rejected, by reason; an hour that the scope has a part of counts. */
export function rejectedItems({ engine }: ReportSource, { fromMs, toMs }: TimedScope): CloseItem[] {
  const items = new Map<string, { sinceMs: number; count: number; stage: string; reason: string }>();
  for (const { hourMs, stage, reason, count } of engine.rejections.entries()) {
    if (hourMs >= toMs || hourMs + HOUR_MS <= fromMs) continue;
    const id = `${stage}/${reason}`;
    const known = items.get(id);
    if (known === undefined) items.set(id, { sinceMs: hourMs, count, stage, reason });
    else {
      known.count += count;
      known.sinceMs = Math.min(known.sinceMs, hourMs);
    }
  }
  return [...items].map(([id, { sinceMs, count, stage, reason }]) => ({
    id,
    sinceMs,
    amount: undefined,
    count,
    detail: `${stage}: ${reason}`,
  }));
}

/**
 * Whether an event of a time before the scope's end happened or arrived in the scope or later, and is the legal entity's; of
 * one that nobody's contract covers it can't be told whose it is, so it concerns all.
 */
function concerns(
  catalog: CompiledCatalog | undefined,
  { legalEntity, fromMs, toMs }: TimedScope,
  account: string | undefined,
  timeMs: number,
  arrivalMs: number,
): boolean {
  if (timeMs >= toMs || Math.max(timeMs, arrivalMs) < fromMs) return false;
  const contract = account === undefined ? undefined : catalog?.contractAt(account, timeMs);
  return contract === undefined || contract.legalEntity.key === legalEntity;
}

/** Account and event time of an exception, as far as it says them. */
function knownOf({ details, sinceMs }: ExceptionRecord): {
  readonly account: string | undefined;
  readonly timeMs: number;
} {
  const known: unknown = JSON.parse(details);
  if (typeof known !== "object" || known === null) return { account: undefined, timeMs: sinceMs };
  const account: unknown = Reflect.get(known, "account");
  const secondEvent: unknown = Reflect.get(known, "secondEvent");
  return {
    account: typeof account === "string" ? account : undefined,
    timeMs: (typeof secondEvent === "string" ? eventTimeOf(secondEvent) : undefined) ?? sinceMs,
  };
}

/** The `time` of an event's text; undefined where it has none that can be read. */
function eventTimeOf(text: string): number | undefined {
  const event: unknown = JSON.parse(text);
  const time: unknown = typeof event === "object" && event !== null ? Reflect.get(event, "time") : undefined;
  const timeMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
