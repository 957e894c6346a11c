import type { CompiledContract, CompiledPrice } from "../../billing/catalog/compiled.ts";
import { NO_USAGE } from "../../billing/invoices/period-charges.ts";
import type { BilledContract } from "./billing-rows.ts";

/** By the list of prices that contracts of one plan share. */
const chargesWithoutUsage = new WeakMap<readonly CompiledPrice[], boolean>();

/**
 * Whether a contract may owe something, or have credits to be booked, in a period without usage. The others are billed for
 * periods with usage alone: of a million contracts that sleep nothing is kept.
 */
export function owesWithoutUsage(contract: CompiledContract): boolean {
  const { flatPrices, commitments, grants, usagePrices, currencyExponent } = contract;
  if (flatPrices.length > 0 || commitments.length > 0 || grants.length > 0) return true;
  let charges = chargesWithoutUsage.get(usagePrices);
  if (charges === undefined) {
    const figures = { ...NO_USAGE, periodEnded: true };
    charges = usagePrices.some((price) => price.chargeInMinorUnits(0n, 1n, currencyExponent, figures) !== 0n);
    chargesWithoutUsage.set(usagePrices, charges);
  }
  return charges;
}

/** Whether a billing period of the contract waits for its end. */
export function isPeriodPending(row: BilledContract, contract: CompiledContract): boolean {
  if (row.billedUpToMs >= contract.endMs) return false;
  return row.chargedMs >= row.billedUpToMs || owesWithoutUsage(contract);
}

/**
 * When the period that waits for its end is billed: its grace behind it. Where its accounting month ends meanwhile (the
 * contract's day ends before the legal entity's), not before that month is accounted for: usage that is invoiced in the next
 * month is revenue of the one before. Later by less than the grace.
 */
export function periodDueMs(row: BilledContract, contract: CompiledContract, graceMs: number): number {
  const { endMs } = contract.periodAt(row.billedUpToMs);
  const dueMs = endMs + graceMs;
  const monthEndMs = contract.accountingMonthAt(endMs - 1).endMs;
  return monthEndMs <= dueMs ? monthEndMs + graceMs : dueMs;
}

/** When something is to be done next for a contract: milliseconds since 1970, Infinity for never again. */
export function nextDueMs(row: BilledContract, contract: CompiledContract, graceMs: number): number {
  const isPending = isPeriodPending(row, contract);
  let dueMs = row.lateDueMs ?? Infinity;
  if (!row.started) dueMs = Math.min(dueMs, contract.startMs);
  if (isPending) dueMs = Math.min(dueMs, periodDueMs(row, contract, graceMs));
  if (row.monthMs < contract.endMs && (isPending || row.latePeriods.length > 0 || row.deferring.length > 0))
    dueMs = Math.min(dueMs, contract.accountingMonthAt(row.monthMs).endMs + graceMs);
  return dueMs;
}
