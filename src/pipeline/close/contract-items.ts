import type { CompiledCatalog, CompiledContract } from "../../billing/catalog/compiled.ts";
import { minorUnitsOfText } from "../../billing/rating/money.ts";
import { isPeriodPending } from "../../operators/invoice/billing-schedule.ts";
import type { PartitionEngine } from "../partition-engine.ts";
import type { TimedScope } from "./close-scope.ts";
import type { CloseItem } from "./line-part.ts";
import { holdersOf } from "./watermark-items.ts";

/** What the billing of a legal entity's contracts has not done by the end of a scope. */
export interface ContractItems {
  readonly unbilled: readonly CloseItem[];
  readonly unaccounted: readonly CloseItem[];
  readonly late: readonly CloseItem[];
}

/** Goes through the contracts that billing knows. Amounts are those of the drafts, or of what was rated and not invoiced. */
export function contractItems(
  engine: PartitionEngine,
  catalog: CompiledCatalog,
  scope: TimedScope,
): ContractItems {
  const unbilled: CloseItem[] = [];
  const unaccounted: CloseItem[] = [];
  const late: CloseItem[] = [];
  const drafts = lazily(() => draftAmounts(engine, scope));
  const rated = lazily(() => notInvoiced(engine));
  const { graceMs } = catalog.settings;
  for (const row of engine.invoices.book.contracts.entries()) {
    const contract = catalog.contract(row.contract);
    if (contract === undefined || contract.legalEntity.key !== scope.legalEntity) continue;
    const isPending = isPeriodPending(row, contract);
    if (isPending && row.billedUpToMs < contract.endMs) {
      const { startMs, endMs } = contract.periodAt(row.billedUpToMs);
      if (endMs <= scope.toMs)
        unbilled.push({
          id: `${contract.id}/${dayOf(startMs)}`,
          sinceMs: endMs,
          amount: amountOf(contract, drafts().get(contract.id)),
          detail: `billing period ${timeText(startMs)} to ${timeText(endMs)} of account ${contract.account}: ${whyNot(engine, endMs, graceMs)}`,
        });
    }
    const waits = isPending || row.latePeriods.length > 0 || row.deferring.length > 0;
    if (waits && row.monthMs < contract.endMs) {
      const { startMs, endMs } = contract.accountingMonthAt(row.monthMs);
      if (endMs <= scope.toMs)
        unaccounted.push({
          id: `${contract.id}/${dayOf(startMs)}`,
          sinceMs: endMs,
          amount: undefined,
          detail: `accounting month ${timeText(startMs)} to ${timeText(endMs)} of account ${contract.account}: ${whyNot(engine, endMs, graceMs)}`,
        });
    }
    for (const startMs of row.latePeriods) {
      if (startMs >= scope.toMs) continue;
      late.push({
        id: `${contract.id}/${dayOf(startMs)}`,
        sinceMs: contract.fullPeriodAt(startMs).endMs,
        amount: amountOf(contract, rated().get(`${contract.id}\u0000${startMs}`)),
        detail: `usage of the billing period from ${timeText(startMs)} of account ${contract.account}, on the next invoice`,
      });
    }
  }
  return { unbilled, unaccounted, late };
}

/** Why what ended at a time has not been done. */
function whyNot(engine: PartitionEngine, endMs: number, graceMs: number): string {
  const { watermarkMs } = engine;
  const watermark = Number.isFinite(watermarkMs) ? timeText(watermarkMs) : "nowhere yet";
  if (watermarkMs < endMs - 1)
    return `usage of it may still come, the watermark is ${watermark}, held by ${holdersOf(engine, endMs)}`;
  if (watermarkMs < endMs + graceMs - 1)
    return `in grace until ${timeText(endMs + graceMs)}, the watermark is ${watermark}, held by ${holdersOf(engine, endMs + graceMs)}`;
  return "due, done with the next billing run";
}

/** Totals of the drafts whose period ends in the scope, by contract. */
function draftAmounts(engine: PartitionEngine, scope: TimedScope): ReadonlyMap<string, bigint> {
  const amounts = new Map<string, bigint>();
  const waiting = new Set(
    [...engine.invoices.book.frozen(), ...engine.invoices.book.held()].map(({ id }) => id),
  );
  for (const { id, legalEntity, contract, total } of engine.invoices.drafts())
    if (legalEntity === scope.legalEntity && !waiting.has(id)) amounts.set(contract, minorUnitsOfText(total));
  return amounts;
}

/** Usage rated and not invoiced, by contract and start of the billing period. */
function notInvoiced(engine: PartitionEngine): ReadonlyMap<string, bigint> {
  const amounts = new Map<string, bigint>();
  const add = (contract: string, startMs: number, minorUnits: bigint): void => {
    const key = `${contract}\u0000${startMs}`;
    amounts.set(key, (amounts.get(key) ?? 0n) + minorUnits);
  };
  for (const { contract, price, periodStartMs, billed } of engine.rater.pricePeriods())
    if (price !== undefined) add(contract, periodStartMs, billed);
  for (const { contract, startMs, charges } of engine.invoices.book.periods.entries())
    for (const { kind, amount } of charges.values()) if (kind === "usage") add(contract, startMs, -amount);
  return amounts;
}

function amountOf({ currency }: CompiledContract, minorUnits: bigint | undefined): CloseItem["amount"] {
  return minorUnits === undefined ? undefined : { currency, minorUnits };
}

function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Start of a period as part of an id: to the minute, since contracts begin on the grid of cells. */
function dayOf(timeMs: number): string {
  return timeText(timeMs).slice(0, 16);
}
