import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import { TributaryError } from "../../model/errors.ts";
import { addPosting, type AccountBalance, type MutableBalance } from "../../billing/ledger/balances.ts";
import type { JournalEntry, LedgerAccount } from "../../billing/ledger/journal-entry.ts";
import { KeyedRows, type RowCodec } from "../rate/keyed-rows.ts";

const packr = new Packr({ useRecords: false });
type Row = [
  legalEntity: string,
  currency: string,
  account: LedgerAccount,
  debits: string,
  credits: string,
  functional?: [currency: string, debits: string, credits: string],
];

const codec: RowCodec<MutableBalance> = {
  keyOf: ({ legalEntity, currency, account }) => `${legalEntity}\u0000${currency}\u0000${account}`,
  encode({ legalEntity, currency, account, debits, credits, functional }) {
    const row: Row = [legalEntity, currency, account, debits.toString(), credits.toString()];
    if (functional !== undefined)
      row.push([functional.currency, functional.debits.toString(), functional.credits.toString()]);
    return packr.pack(row);
  },
  decode(value) {
    const row: Row = packr.unpack(value);
    const [legalEntity, currency, account, debits, credits, functional] = row;
    return {
      legalEntity,
      currency,
      account,
      debits: BigInt(debits),
      credits: BigInt(credits),
      functional:
        functional === undefined
          ? undefined
          : { currency: functional[0], debits: BigInt(functional[1]), credits: BigInt(functional[2]) },
    };
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

  add({ legalEntity, currency, functional, postings }: JournalEntry): void {
    for (const posting of postings) {
      const { account } = posting;
      const fresh = { legalEntity, currency, account, debits: 0n, credits: 0n, functional: undefined };
      const number = this.#rows.numberOf(codec.keyOf(fresh)) ?? this.#rows.add(fresh);
      addPosting(this.#rows.change(number), posting, functional);
    }
  }

  /** What is to be paid, minor units. */
  receivable(legalEntity: string, currency: string): bigint {
    const number = this.#rows.numberOf(`${legalEntity}\u0000${currency}\u0000receivable`);
    if (number === undefined) return 0n;
    const { debits, credits } = this.#rows.at(number);
    return debits - credits;
  }

  balances(): Iterable<Readonly<AccountBalance>> {
    return this.#rows.entries();
  }

  #requireBalance(): void {
    const differences = new Map<string, bigint>();
    const add = (key: string, sides: { readonly debits: bigint; readonly credits: bigint }): void => {
      differences.set(key, (differences.get(key) ?? 0n) + sides.debits - sides.credits);
    };
    for (const balance of this.#rows.entries()) {
      const { legalEntity, currency, functional } = balance;
      add(`${legalEntity} ${currency}`, balance);
      if (functional !== undefined) add(`${legalEntity} ${currency} in ${functional.currency}`, functional);
    }
    for (const [books, difference] of differences) {
      if (difference === 0n) continue;
      throw new TributaryError("books-unbalanced", `The subledger of ${books} does not balance.`, {
        details: { books, difference: difference.toString() },
      });
    }
  }
}
