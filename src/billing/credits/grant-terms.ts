import type { Recurrence } from "../recurrence.ts";

/** What credits were used for, and what they may be used for. */
export interface CreditSource {
  readonly product: string;
  readonly meter: string;
}

/** What becomes of a balance where one term of the grant ends and another begins. */
export interface Rollover {
  /** `recurrence`: when the grant recurs; `period_end`: at each close of a billing period; `expiry`: once, at its expiry. */
  readonly at: "recurrence" | "period_end" | "expiry";
  /** Least balance that goes on; less is filled up to it. */
  readonly minimum: bigint;
  /** Greatest balance that goes on; more expires. At least the minimum. */
  readonly maximum: bigint;
  /** How much longer the grant lives, in milliseconds: for `expiry` only, else 0. */
  readonly extensionMs: number;
}

/**
 * A prepaid grant. Amounts are integers of the ledger's unit (minor units of a currency, or a meter's last place); times
 * are milliseconds since 1970.
 */
export interface GrantTerms {
  readonly id: string;
  readonly amount: bigint;
  /** What is left of the first term, where the grant was used elsewhere before; else undefined. */
  readonly openingAmount: bigint | undefined;
  /** Lower ones are used first; undefined ones last. */
  readonly priority: number | undefined;
  readonly createdMs: number;
  /** Usage at this moment is the first that it pays. */
  readonly effectiveMs: number;
  /** Usage at this moment is the first that it pays no more; undefined: never. */
  readonly expiresMs: number | undefined;
  /** Products it pays for; none: all. */
  readonly products: readonly string[];
  /** Meters it pays for; none: all. */
  readonly meters: readonly string[];
  readonly recurrence: Recurrence | undefined;
  readonly rollover: Rollover | undefined;
}

/** Whether a grant pays for a use. */
export function covers(terms: Pick<GrantTerms, "products" | "meters">, source: CreditSource): boolean {
  return (
    (terms.products.length === 0 || terms.products.includes(source.product)) &&
    (terms.meters.length === 0 || terms.meters.includes(source.meter))
  );
}
