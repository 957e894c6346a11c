import type { CreditSource, GrantTerms } from "./grant-terms.ts";

/** How much of a grant one source used: what is needed to undo it. */
export interface SourceBurn extends CreditSource {
  /** In the grant's present term. */
  current: bigint;
  /** In terms that are over: given back, it is gone at once. */
  earlier: bigint;
}

/** `pending`: not effective yet; `expired` and `voided`: never again. */
export type GrantPhase = "pending" | "active" | "expired" | "voided";

export interface GrantState {
  readonly terms: GrantTerms;
  phase: GrantPhase;
  balance: bigint;
  /** Of the terms, or later after a rollover. */
  expiresMs: number | undefined;
  nextRecurrenceMs: number | undefined;
  /** The one rollover at expiry has taken place. */
  isExtended: boolean;
  /** In the order of first use. */
  readonly burns: SourceBurn[];
}

/** Use that found no credits. */
export interface SourceOverage extends CreditSource {
  amount: bigint;
}

/** All of a credit ledger but its entries, which are appended elsewhere and not read again. */
export interface CreditLedgerState {
  /** Names the ledger: an account and a unit. */
  readonly id: string;
  /** Whether use that found no credits waits for the next grant (`carry`) or is charged otherwise (`charge`). */
  readonly shortfall: "carry" | "charge";
  /** Time of the last operation. */
  timeMs: number;
  /** Ordinal of the last entry; 0 at the beginning. */
  ordinal: number;
  /** In the order in which they were added. */
  readonly grants: GrantState[];
  /** In the order of first use; those that are 0 are left out. */
  readonly overages: SourceOverage[];
}

/** Burn order: priority, then the earliest expiry, then the earliest creation, then the id (so that no two are equal). */
export function burnOrder(
  a: Pick<GrantState, "terms" | "expiresMs">,
  b: Pick<GrantState, "terms" | "expiresMs">,
): number {
  return (
    order(a.terms.priority ?? Infinity, b.terms.priority ?? Infinity) ||
    order(a.expiresMs ?? Infinity, b.expiresMs ?? Infinity) ||
    order(a.terms.createdMs, b.terms.createdMs) ||
    order(a.terms.id, b.terms.id)
  );
}

function order<Value extends number | string>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
