import type { CompiledContract, ContractGrant } from "../../billing/catalog/compiled.ts";
import { CreditLedger } from "../../billing/credits/credit-ledger.ts";
import type { CreditAct } from "../../billing/invoices/billing-document.ts";
import type { BillingBook } from "./billing-book.ts";
import type { ContractAccounts } from "./contract-accounts.ts";

/** Unit of credits that are an amount of the contract's currency. */
const CURRENCY_UNIT = "currency";

/**
 * The prepaid credits of a contract in the books. They are used when invoices are made, at the last moment of the billing
 * period, by the grants that are there at that moment.
 */
export class ContractCredits {
  readonly #book: BillingBook;
  readonly #accounts: ContractAccounts;

  constructor(book: BillingBook, accounts: ContractAccounts) {
    this.#book = book;
    this.#accounts = accounts;
  }

  /**
   * Works with the contract's credits in its currency, as they are at a time: grants that are due are booked first.
   * `undefined` is given where the contract has none.
   */
  use(
    contract: CompiledContract,
    atMs: number,
    work: (ledger: CreditLedger | undefined) => void = () => undefined,
  ): void {
    if (grantsOf(contract).length === 0) {
      work(undefined);
      return;
    }
    const entries = this.#book.withCredits(ledgerId(contract), contract.startMs, (ledger) => {
      bookGrants(ledger, grantsOf(contract), atMs);
      work(ledger);
    });
    this.#accounts.bookCredits(contract, entries);
  }

  /** The credits as they would be at a time: a copy, whose use changes nothing. */
  preview(contract: CompiledContract, atMs: number): CreditLedger | undefined {
    if (grantsOf(contract).length === 0) return undefined;
    const id = ledgerId(contract);
    const ledger = this.#book.creditsCopy(id) ?? CreditLedger.open(id, contract.startMs, "charge");
    bookGrants(ledger, grantsOf(contract), atMs);
    return ledger;
  }

  /** Whether the contract has credits that pay its documents. */
  hasGrants(contract: CompiledContract): boolean {
    return grantsOf(contract).length > 0;
  }

  /** Books what has become of the credits by a time. */
  advance(contract: CompiledContract, atMs: number): void {
    this.#inOrder(contract, { kind: "advance", atMs });
  }

  /** A billing period has ended and is paid: balances that roll over then are brought within their bounds. */
  endPeriod(contract: CompiledContract, periodEndMs: number): void {
    if (
      contract.grants.some(({ meter, terms }) => meter === undefined && terms.rollover?.at === "period_end")
    )
      this.#inOrder(contract, { kind: "end-period", atMs: periodEndMs });
  }

  /** Does now what waited for a document that has used its credits. */
  perform(contract: CompiledContract, acts: readonly CreditAct[]): void {
    for (const { kind, atMs } of acts)
      if (kind === "advance") this.use(contract, atMs);
      else this.use(contract, atMs - 1, (ledger) => ledger?.endPeriod(atMs));
  }

  /**
   * The time of credits never goes back. While a document is held that may use credits of an earlier time, what comes
   * behind it waits for it: else they would have expired by the time at which its tax is known.
   */
  #inOrder(contract: CompiledContract, act: CreditAct): void {
    const last = this.hasGrants(contract) ? this.#book.unpaidOf(contract.id).at(-1) : undefined;
    if (last?.hold === undefined) {
      this.perform(contract, [act]);
      return;
    }
    const { hold } = last;
    this.#book.freeze({ ...last, hold: { ...hold, creditActs: [...hold.creditActs, act] } });
  }
}

function ledgerId(contract: CompiledContract): string {
  return `${contract.id}/${CURRENCY_UNIT}`;
}

function grantsOf(contract: CompiledContract): readonly ContractGrant[] {
  return contract.grants.filter(({ meter }) => meter === undefined);
}

/** Books what has become of the grants of a ledger by a time. */
export function bookGrants(ledger: CreditLedger, grants: readonly ContractGrant[], atMs: number): void {
  const known = new Set(ledger.state.grants.map(({ terms }) => terms.id));
  for (const { terms } of grants) if (!known.has(terms.id)) ledger.addGrant(terms, ledger.state.timeMs);
  for (const { terms, voidedMs } of grants)
    if (voidedMs !== undefined && voidedMs <= atMs) ledger.voidGrant(terms.id, voidedMs);
  ledger.advance(atMs);
}
