import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import type { ExceptionRecord } from "../../model/outputs.ts";
import type { ReportSource } from "../partition-report.ts";
import type { TimedScope } from "./close-scope.ts";
import type { CloseItem } from "./line-part.ts";

/** Of stage `tax`: what concerns a document that is final already. The others, and those of stage `posting`, are of documents that have their own line. */
const OF_FINAL_DOCUMENTS = "tax-commit-refused";
const HOUR_MS = 3_600_000;

/** Parked events that concern a scope. */
export function* parkedItems({ engine, store }: ReportSource, scope: TimedScope): Generator<CloseItem> {
  for (const { sequence, index, reason, account, type, arrivalMs, event } of store.parked()) {
    const timeMs = eventTimeOf(event) ?? arrivalMs;
    if (!concerns(engine.catalog, scope, { account }, timeMs, arrivalMs)) continue;
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
    if (lineOf(record) !== which) continue;
    const { account, document, timeMs } = knownOf(record);
    // The id of a document is that of its contract and a number.
    const contract = document === undefined ? undefined : document.slice(0, document.lastIndexOf(":"));
    if (!concerns(engine.catalog, scope, { account, contract }, timeMs, record.sinceMs)) continue;
    yield {
      id: record.id,
      sinceMs: record.sinceMs,
      amount: undefined,
      detail: `${record.stage}: ${record.reason}${account === undefined ? "" : ` of account ${account}`}${document === undefined ? "" : ` of document ${document}`}`,
    };
  }
}

function lineOf({
  stage,
  reason,
}: ExceptionRecord): "conflicting" | "others" | "documents-held" | "postings-parked" {
  if (stage === "deduplicate") return "conflicting";
  if (stage === "posting") return "postings-parked";
  return stage === "tax" && reason !== OF_FINAL_DOCUMENTS ? "documents-held" : "others";
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
  whose: { readonly account: string | undefined; readonly contract?: string | undefined },
  timeMs: number,
  arrivalMs: number,
): boolean {
  if (timeMs >= toMs || Math.max(timeMs, arrivalMs) < fromMs) return false;
  const { account } = whose;
  const contract =
    whose.contract !== undefined
      ? catalog?.contract(whose.contract)
      : account === undefined
        ? undefined
        : catalog?.contractAt(account, timeMs);
  return contract === undefined || contract.legalEntity.key === legalEntity;
}

/** Account, document and event time of an exception, as far as it says them. */
function knownOf({ details, sinceMs }: ExceptionRecord): {
  readonly account: string | undefined;
  readonly document: string | undefined;
  readonly timeMs: number;
} {
  const known: unknown = JSON.parse(details);
  if (typeof known !== "object" || known === null)
    return { account: undefined, document: undefined, timeMs: sinceMs };
  const account: unknown = Reflect.get(known, "account");
  const document: unknown = Reflect.get(known, "document");
  const secondEvent: unknown = Reflect.get(known, "secondEvent");
  return {
    account: typeof account === "string" ? account : undefined,
    document: typeof document === "string" ? document : undefined,
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
