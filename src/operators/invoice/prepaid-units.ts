import type { CompiledContract, CompiledPrice, ContractGrant } from "../../billing/catalog/compiled.ts";
import { CreditLedger } from "../../billing/credits/credit-ledger.ts";
import { prepaidChargeKey, usageChargeKey } from "../../billing/invoices/period-charges.ts";
import type { InvoiceLine } from "../../billing/invoices/invoice-lines.ts";
import { scaledInteger } from "../../billing/decimal-text.ts";
import type { BillingBook } from "./billing-book.ts";
import { billedPeriodKey } from "./billing-rows.ts";
import { bookGrants } from "./contract-credits.ts";

/** Lets prepaid units pay for usage; the calls of one payer follow one another, as if they were made at once. */
export interface UnitPayer {
  /**
   * Units of a period's usage that are prepaid: those that were before, and of what has come since as many as are left; where
   * usage has become less than what was prepaid, the rest is given back.
   * @param quantity of the period so far, an integer at the meter's scale
   */
  unitsPaid(price: CompiledPrice, periodStartMs: number, quantity: bigint, scale: number): bigint;
}

/**
 * Prepaid units of meters: grants of a quantity. They are used when a period is billed, at the same moment as credits of the
 * currency, and take their units out of what is charged.
 */
export class PrepaidUnits {
  readonly #book: BillingBook;

  constructor(book: BillingBook) {
    this.#book = book;
  }

  /** Uses units, by the grants that are there at a time; `undefined` where the contract has none. */
  payer(contract: CompiledContract, atMs: number): UnitPayer | undefined {
    return this.#payer(contract, atMs, (id, work) => {
      this.#book.withCredits(id, contract.startMs, work);
    });
  }

  /** Tells what units would pay, on copies: changes nothing. */
  trial(contract: CompiledContract, atMs: number): UnitPayer | undefined {
    const copies = new Map<string, CreditLedger>();
    return this.#payer(contract, atMs, (id, work) => {
      const copy =
        copies.get(id) ?? this.#book.creditsCopy(id) ?? CreditLedger.open(id, contract.startMs, "charge");
      copies.set(id, copy);
      work(copy);
    });
  }

  /**
   * Gives back what units have paid of a voided document, so that they can pay again.
   * @param lines of the document, negated
   */
  giveBack(
    contract: CompiledContract,
    lines: readonly InvoiceLine[],
    scaleOf: (meter: string) => number,
  ): void {
    for (const { kind, product, meter = "", quantity = "0" } of lines) {
      if (kind !== "prepaid") continue;
      const units = -scaledInteger(quantity, scaleOf(meter));
      const source = { product, meter };
      // Their time does not go on by it: periods that are still to be billed use them at their own ends.
      this.#book.withCredits(ledgerId(contract, meter), contract.startMs, (ledger) => {
        if (units > 0n) ledger.giveBack(source, 0n, units, contract.startMs);
        else ledger.burn(source, -units, contract.startMs);
      });
    }
  }

  /** A billing period has ended and is paid: balances that roll over then are brought within their bounds. */
  endPeriod(contract: CompiledContract, periodEndMs: number): void {
    for (const [meter, grants] of grantsByMeter(contract))
      this.#book.withCredits(ledgerId(contract, meter), contract.startMs, (ledger) => {
        bookGrants(ledger, grants, periodEndMs - 1);
        if (grants.some(({ terms }) => terms.rollover?.at === "period_end")) ledger.endPeriod(periodEndMs);
      });
  }

  #payer(
    contract: CompiledContract,
    atMs: number,
    withLedger: (id: string, work: (ledger: CreditLedger) => void) => void,
  ): UnitPayer | undefined {
    const grants = grantsByMeter(contract);
    if (grants.size === 0) return undefined;
    return {
      unitsPaid: (price, periodStartMs, quantity, scale) => {
        const meter = price.meter ?? "";
        const ofMeter = grants.get(meter);
        if (ofMeter === undefined) return 0n;
        const before = this.#invoiced(contract, price, periodStartMs, scale);
        const source = { product: price.product, meter };
        let units = before.paid;
        withLedger(ledgerId(contract, meter), (ledger) => {
          bookGrants(ledger, ofMeter, atMs);
          // Usage that was invoiced in money stays so: units pay for what has come since.
          const added = quantity - larger(before.quantity, before.paid);
          const surplus = before.paid - larger(quantity, 0n);
          if (added > 0n) {
            const available = ledger.balanceFor(source);
            units += ledger.burn(source, added < available ? added : available, atMs).burned;
          } else if (surplus > 0n) {
            ledger.restore(source, surplus, atMs);
            units -= surplus;
          }
        });
        return units;
      },
    };
  }

  /** What was invoiced of a price's usage in a period, and how much of it was prepaid. */
  #invoiced(
    contract: CompiledContract,
    price: CompiledPrice,
    periodStartMs: number,
    scale: number,
  ): { readonly quantity: bigint; readonly paid: bigint } {
    const number = this.#book.periods.numberOf(billedPeriodKey(contract.id, periodStartMs));
    const charges = number === undefined ? undefined : this.#book.periods.at(number).charges;
    const unitsOf = (key: string): bigint => scaledInteger(charges?.get(key)?.quantity ?? "0", scale);
    return { quantity: unitsOf(usageChargeKey(price)), paid: unitsOf(prepaidChargeKey(price)) };
  }
}

function ledgerId(contract: CompiledContract, meter: string): string {
  return `${contract.id}/meter/${meter}`;
}

function grantsByMeter(contract: CompiledContract): ReadonlyMap<string, readonly ContractGrant[]> {
  const found = new Map<string, ContractGrant[]>();
  for (const grant of contract.grants) {
    if (grant.meter === undefined) continue;
    const known = found.get(grant.meter);
    if (known === undefined) found.set(grant.meter, [grant]);
    else known.push(grant);
  }
  return found;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
