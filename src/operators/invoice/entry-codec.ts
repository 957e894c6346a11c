import { Packr } from "msgpackr";
import type { JournalEntry, Posting } from "../../billing/ledger/journal-entry.ts";

const packr = new Packr({ useRecords: false });

type PostingRow = [account: Posting["account"], amount: string, product: string, functional?: string];

type EntryRow = [
  kind: JournalEntry["kind"],
  date: string,
  memo: string,
  legalEntity: string,
  currency: string,
  contract: string,
  document: string | null,
  postings: PostingRow[],
  functional?: [currency: string, rate: string | null, rateDate: string | null],
];

/** An entry as a row; amounts are text, as they have no upper limit. What few entries have stands at the end. */
export function encodeEntry(entry: JournalEntry): Uint8Array {
  const { functional } = entry;
  const row: EntryRow = [
    entry.kind,
    entry.date,
    entry.memo,
    entry.legalEntity,
    entry.currency,
    entry.contract,
    entry.document ?? null,
    entry.postings.map((posting): PostingRow => {
      const cells: PostingRow = [posting.account, posting.amount.toString(), posting.product];
      if (posting.functional !== undefined) cells.push(posting.functional.toString());
      return cells;
    }),
  ];
  if (functional !== undefined)
    row.push([functional.currency, functional.rate ?? null, functional.rateDate ?? null]);
  return packr.pack(row);
}

export function decodeEntry(value: Uint8Array): JournalEntry {
  const row: EntryRow = packr.unpack(value);
  const [kind, date, memo, legalEntity, currency, contract, document, postings, functional] = row;
  return {
    kind,
    date,
    memo,
    legalEntity,
    currency,
    contract,
    document: document ?? undefined,
    ...(functional === undefined
      ? {}
      : {
          functional: {
            currency: functional[0],
            rate: functional[1] ?? undefined,
            rateDate: functional[2] ?? undefined,
          },
        }),
    postings: postings.map(([account, amount, product, functionalAmount]) => ({
      account,
      amount: BigInt(amount),
      product,
      ...(functionalAmount === undefined ? {} : { functional: BigInt(functionalAmount) }),
    })),
  };
}
