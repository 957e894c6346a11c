import type { LineFigures } from "../../model/control.ts";
import type { PartitionStore } from "../../model/store.ts";
import { TrialBalance } from "../../billing/ledger/balances.ts";
import type { LedgerAccount } from "../../billing/ledger/journal-entry.ts";
import { minorUnitsOfText } from "../../billing/rating/money.ts";
import type { SignedOffPeriod } from "../../operators/close/closed-periods.ts";
import { storedDocuments, storedEntries } from "../../operators/invoice/billing-book.ts";
import { isBilledHere } from "../../operators/rate/rate-operator.ts";
import { checkPartition } from "../balance.ts";
import type { ReportSource } from "../partition-report.ts";
import { CLOSE_LINE_NAMES, type CloseLineName } from "./close-lines.ts";
import type { TimedScope } from "./close-scope.ts";
import { contractItems } from "./contract-items.ts";
import { undeliveredItems, waitingItems } from "./document-items.ts";
import { exceptionItems, parkedItems, rejectedItems } from "./event-items.ts";
import { journalItems, postingItems } from "./posting-items.ts";
import { unratedItems } from "./unrated-items.ts";
import { FiguresSum, linePart, type CloseItem, type LinePart } from "./line-part.ts";
import { watermarkItems } from "./watermark-items.ts";

/** A partition at one checkpoint, with what was delivered of it. */
export interface CloseSource extends ReportSource {
  readonly store: ReportSource["store"] & Pick<PartitionStore, "outboxAfter" | "deliveredOrdinal">;
  /** Name of the target that has to have every document. */
  readonly documentTarget: string;
}

/** Postings to an account in the scope, and its balance at the scope's end (debits positive). Minor units as text. */
export interface AccountPart {
  readonly account: LedgerAccount;
  readonly currency: string;
  readonly debits: string;
  readonly credits: string;
  readonly balance: string;
}

/** One partition's part of a close report: nothing in it depends on when it is made, only on the state. */
export interface PartitionClose {
  readonly partition: number;
  readonly usageSequence: number;
  readonly controlSequence: number;
  readonly watermark: string | null;
  /** See `BillingBook.place`. */
  readonly place: { readonly documents: number; readonly entries: number; readonly waiting: number };
  /** The sign-off that closed the scope's last day; null where it is open. */
  readonly signedOff: Pick<SignedOffPeriod, "from" | "to" | "actor" | "decidedAt" | "override"> | null;
  readonly lines: readonly LinePart[];
  /** Final documents issued in the scope. */
  readonly documents: LineFigures;
  /** Usage that is rated and not invoiced, of any time. */
  readonly unbilled: LineFigures;
  readonly accounts: readonly AccountPart[];
}

/** @param listedItems how many items of each line are listed, the oldest first; all of them count */
export function partitionClose(source: CloseSource, scope: TimedScope, listedItems: number): PartitionClose {
  const { partition, engine, store } = source;
  const { usageSequence, controlSequence } = engine.position;
  const items = itemsOf(source, scope);
  const { watermarkMs } = engine;
  return {
    partition,
    usageSequence,
    controlSequence,
    watermark: Number.isFinite(watermarkMs) ? new Date(watermarkMs).toISOString() : null,
    place: engine.invoices.book.place,
    signedOff: signOffOf(source, scope),
    lines: CLOSE_LINE_NAMES.map((line) =>
      linePart(line, items[line], scope, engine.explanations, listedItems),
    ),
    documents: finalDocuments(store, scope),
    unbilled: unbilledUsage(source, scope),
    accounts: accountParts(store, scope),
  };
}

function signOffOf({ engine }: CloseSource, scope: TimedScope): PartitionClose["signedOff"] {
  const found = engine.invoices.book.closed.signOffOf(scope);
  if (found === undefined) return null;
  const { from, to, actor, decidedAt, override } = found;
  return { from, to, actor, decidedAt, override };
}

function itemsOf(source: CloseSource, scope: TimedScope): Record<CloseLineName, Iterable<CloseItem>> {
  const { engine, store, documentTarget } = source;
  const { catalog } = engine;
  const { book } = engine.invoices;
  const contracts = catalog === undefined ? undefined : contractItems(engine, catalog, scope);
  return {
    "watermark-behind": watermarkItems(engine, scope),
    "usage-unrated": unratedItems(engine, scope),
    "periods-unbilled": contracts?.unbilled ?? [],
    "months-unaccounted": contracts?.unaccounted ?? [],
    "documents-held": catalog === undefined ? [] : waitingItems(book.held(), catalog, scope),
    "documents-frozen": catalog === undefined ? [] : waitingItems(book.frozen(), catalog, scope),
    "late-usage": contracts?.late ?? [],
    "events-parked": parkedItems(source, scope),
    "events-conflicting": exceptionItems(source, scope, "conflicting"),
    "events-rejected": rejectedItems(source, scope),
    exceptions: exceptionItems(source, scope, "others"),
    gaps: gapItems(source, scope),
    deliveries: undeliveredItems(store, documentTarget, scope),
    "postings-parked": postingItems(engine, scope, "postings-parked"),
    "postings-open": postingItems(engine, scope, "postings-open"),
    "postings-unknown": postingItems(engine, scope, "postings-unknown"),
    "postings-held": postingItems(engine, scope, "postings-held"),
    "postings-rejected": postingItems(engine, scope, "postings-rejected"),
    "postings-conflict": postingItems(engine, scope, "postings-conflict"),
    "postings-cancelled": postingItems(engine, scope, "postings-cancelled"),
    "journals-pending": journalItems(engine, scope),
    checks: checkPartition(source).flatMap(({ check, of, left, right, balanced }): CloseItem[] =>
      balanced
        ? []
        : [
            {
              id: `${check}/${of}`,
              sinceMs: undefined,
              amount: undefined,
              detail: `${check} ${of}: ${left}, ${right}`,
            },
          ],
    ),
  };
}

/** Of messages that are gone it can't be told when they were sent: a gap concerns what was open when it was accepted. */
function gapItems({ engine }: CloseSource, { fromMs }: TimedScope): CloseItem[] {
  return engine.gaps
    .filter(({ decidedAt, lostMessages }) => lostMessages > 0 && Date.parse(decidedAt) >= fromMs)
    .map(({ resumeAt, lostMessages, actor, reason, decidedAt }) => ({
      id: `before ${resumeAt}`,
      sinceMs: Date.parse(decidedAt),
      amount: undefined,
      count: lostMessages,
      detail: `messages given up by ${actor}: ${reason}`,
    }));
}

function finalDocuments(store: CloseSource["store"], { legalEntity, from, to }: TimedScope): LineFigures {
  const sum = new FiguresSum();
  for (const { legalEntity: entity, issueDate, currency, total } of storedDocuments(store))
    if (entity === legalEntity && issueDate >= from && issueDate < to)
      sum.add(1, { currency, minorUnits: minorUnitsOfText(total) });
  return sum.figures();
}

function unbilledUsage({ engine }: CloseSource, { legalEntity }: TimedScope): LineFigures {
  const { catalog, rater, invoices } = engine;
  const sum = new FiguresSum();
  if (catalog === undefined) return sum.figures();
  const add = (contractId: string, minorUnits: bigint, count: number): void => {
    const contract = catalog.contract(contractId);
    if (contract?.legalEntity.key === legalEntity)
      sum.add(count, { currency: contract.currency, minorUnits });
  };
  for (const period of rater.pricePeriods())
    if (isBilledHere(catalog, period)) add(period.contract, period.billed, 0);
  for (const { contract, charges } of invoices.book.periods.entries())
    for (const { kind, amount } of charges.values()) if (kind === "usage") add(contract, -amount, 0);
  return sum.figures();
}

function accountParts(store: CloseSource["store"], { legalEntity, from, to }: TimedScope): AccountPart[] {
  const inScope = new TrialBalance();
  const untilEnd = new TrialBalance();
  for (const entry of storedEntries(store)) {
    if (entry.legalEntity !== legalEntity || entry.date >= to) continue;
    untilEnd.add(entry);
    if (entry.date >= from) inScope.add(entry);
  }
  const posted = new Map(inScope.balances().map((row) => [`${row.currency} ${row.account}`, row]));
  return untilEnd.balances().map(({ account, currency, debits, credits }) => {
    const row = posted.get(`${currency} ${account}`);
    return {
      account,
      currency,
      debits: String(row?.debits ?? 0n),
      credits: String(row?.credits ?? 0n),
      balance: String(debits - credits),
    };
  });
}
