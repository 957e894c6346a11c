import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import { TributaryError } from "../../model/errors.ts";
import type { AccountBalance } from "../../billing/ledger/balances.ts";
import type { JournalEntry, LedgerAccount } from "../../billing/ledger/journal-entry.ts";
import { KeyedRows, type RowCodec } from "../rate/keyed-rows.ts";

type MutableBalance = { -readonly [Key in keyof AccountBalance]: AccountBalance[Key] };

const packr = new Packr({ useRecords: false });
type Row = [legalEntity: string, currency: string, account: LedgerAccount, debits: string, credits: string];

const codec: RowCodec<MutableBalance> = {
  keyOf: ({ legalEntity, currency, account }) => `${legalEntity}\u0000${currency}\u0000${account}`,
  encode({ legalEntity, currency, account, debits, credits }) {
    const row: Row = [legalEntity, currency, account, debits.toString(), credits.toString()];
    return packr.pack(row);
  },
  decode(value) {
    const row: Row = packr.unpack(value);
    const [legalEntity, currency, account, debits, credits] = row;
    return { legalEntity, currency, account, debits: BigInt(debits), credits: BigInt(credits) };
  },
};

/** Running balances of the subledger's accounts: what the trial balance of its entries comes to. */
export class LedgerTotals implements CheckpointParticipant {
  readonly #rows = new KeyedRows("ledger-balances", codec);

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.#rows.restore(store);
  }

  /** Throws `books-unbalanced` where debits and credits differ: nothing is committed then. */
  collectChanges(rows: StateRow[]): void {
    this.#requireBalance();
    this.#rows.collectChanges(rows);
  }

  add({ legalEntity, currency, postings }: JournalEntry): void {
    for (const { account, amount } of postings) {
      const fresh = { legalEntity, currency, account, debits: 0n, credits: 0n };
      const number = this.#rows.numberOf(codec.keyOf(fresh)) ?? this.#rows.add(fresh);
      const balance = this.#rows.change(number);
      if (amount > 0n) balance.debits += amount;
      else balance.credits -= amount;
    }
  }

  balances(): Iterable<Readonly<AccountBalance>> {
    return this.#rows.entries();
  }

  #requireBalance(): void {
    const differences = new Map<string, bigint>();
    for (const { legalEntity, currency, debits, credits } of this.#rows.entries()) {
      const key = `${legalEntity} ${currency}`;
      differences.set(key, (differences.get(key) ?? 0n) + debits - credits);
    }
    for (const [books, difference] of differences) {
      if (difference === 0n) continue;
      throw new TributaryError("books-unbalanced", `The subledger of ${books} does not balance.`, {
        details: { books, difference: difference.toString() },
      });
    }
  }
}
