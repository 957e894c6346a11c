import type { JournalEntry, LedgerAccount } from "./journal-entry.ts";

/** Balance of an account: minor units, debits positive. */
export interface AccountBalance {
  readonly legalEntity: string;
  readonly currency: string;
  readonly account: LedgerAccount;
  readonly debits: bigint;
  readonly credits: bigint;
}

/** Adds entries up by legal entity, currency and account. */
export class TrialBalance {
  readonly #balances = new Map<string, { -readonly [Key in keyof AccountBalance]: AccountBalance[Key] }>();

  add(entry: Pick<JournalEntry, "legalEntity" | "currency" | "postings">): void {
    const { legalEntity, currency } = entry;
    for (const { account, amount } of entry.postings) {
      const key = `${legalEntity}\u0000${currency}\u0000${account}`;
      let balance = this.#balances.get(key);
      if (balance === undefined) {
        balance = { legalEntity, currency, account, debits: 0n, credits: 0n };
        this.#balances.set(key, balance);
      }
      if (amount > 0n) balance.debits += amount;
      else balance.credits -= amount;
    }
  }

  /** By legal entity, currency and account. */
  balances(): readonly AccountBalance[] {
    return [...this.#balances].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, balance]) => balance);
  }

  /** Debits and credits by legal entity and currency: equal, or the ledger is broken. */
  totals(): readonly Omit<AccountBalance, "account">[] {
    const totals = new Map<
      string,
      { legalEntity: string; currency: string; debits: bigint; credits: bigint }
    >();
    for (const { legalEntity, currency, debits, credits } of this.balances()) {
      const key = `${legalEntity}\u0000${currency}`;
      const total = totals.get(key);
      if (total === undefined) totals.set(key, { legalEntity, currency, debits, credits });
      else {
        total.debits += debits;
        total.credits += credits;
      }
    }
    return [...totals.values()];
  }
}
