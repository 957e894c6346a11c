import type { EntryFunctional, JournalEntry, LedgerAccount, Posting } from "./journal-entry.ts";

/** Debits and credits in minor units. */
export interface BalanceSides {
  readonly debits: bigint;
  readonly credits: bigint;
}

/** The same in the functional currency of the legal entity. */
export interface FunctionalBalance extends BalanceSides {
  readonly currency: string;
}

/** Balance of an account: minor units, debits positive. */
export interface AccountBalance extends BalanceSides {
  readonly legalEntity: string;
  readonly currency: string;
  readonly account: LedgerAccount;
  /** Undefined where the entries are in the functional currency themselves, or there is none. */
  readonly functional: FunctionalBalance | undefined;
}

export type MutableBalance = { -readonly [Key in keyof AccountBalance]: AccountBalance[Key] };

/** Adds a posting of an entry to the balance of its account. */
export function addPosting(
  balance: Pick<MutableBalance, "debits" | "credits" | "functional">,
  { amount, functional }: Pick<Posting, "amount" | "functional">,
  entry: EntryFunctional | undefined,
): void {
  if (amount > 0n) balance.debits += amount;
  else balance.credits -= amount;
  if (entry === undefined || functional === undefined) return;
  const { debits, credits } = balance.functional ?? { debits: 0n, credits: 0n };
  balance.functional =
    functional > 0n
      ? { currency: entry.currency, debits: debits + functional, credits }
      : { currency: entry.currency, debits, credits: credits - functional };
}

/** Adds entries up by legal entity, currency and account. */
export class TrialBalance {
  readonly #balances = new Map<string, MutableBalance>();

  add(entry: Pick<JournalEntry, "legalEntity" | "currency" | "postings" | "functional">): void {
    const { legalEntity, currency } = entry;
    for (const posting of entry.postings) {
      const { account } = posting;
      const key = `${legalEntity}\u0000${currency}\u0000${account}`;
      let balance = this.#balances.get(key);
      if (balance === undefined) {
        balance = { legalEntity, currency, account, debits: 0n, credits: 0n, functional: undefined };
        this.#balances.set(key, balance);
      }
      addPosting(balance, posting, entry.functional);
    }
  }

  /** By legal entity, currency and account. */
  balances(): readonly AccountBalance[] {
    return [...this.#balances].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, balance]) => balance);
  }

  /** Debits and credits by legal entity and currency: equal in both currencies, or the ledger is broken. */
  totals(): readonly Omit<AccountBalance, "account">[] {
    return totalsOf(this.balances());
  }
}

/** Debits and credits of all accounts, by legal entity and currency. */
export function totalsOf(balances: readonly AccountBalance[]): readonly Omit<AccountBalance, "account">[] {
  const totals = new Map<string, Omit<MutableBalance, "account">>();
  for (const { legalEntity, currency, debits, credits, functional } of balances) {
    const key = `${legalEntity}\u0000${currency}`;
    const total = totals.get(key);
    if (total === undefined) totals.set(key, { legalEntity, currency, debits, credits, functional });
    else {
      total.debits += debits;
      total.credits += credits;
      total.functional = addFunctional(total.functional, functional);
    }
  }
  return [...totals.values()];
}

function addFunctional(
  a: FunctionalBalance | undefined,
  b: FunctionalBalance | undefined,
): FunctionalBalance | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { currency: a.currency, debits: a.debits + b.debits, credits: a.credits + b.credits };
}
