import type { StateRow } from "../../model/store.ts";
import type { LedgerTotals } from "../invoice/ledger-totals.ts";
import { POSTING_SPACES, sinceCodec } from "../posting/posting-book.ts";
import { type Posting, postingCodec } from "../posting/posting-row.ts";
import type { AccountShare } from "./account-share.ts";
import { keptEntries, keptRows, type RowSource } from "./kept-rows.ts";

const POSTED_SINCE = "posted-since";

/**
 * What is in ERPs, or on its way: documents go with their account. Journals are sums over accounts and stay, with the entries
 * that none has taken up. Customers are known to each partition that has documents of them, so all know them.
 */
export function* splitPostings(
  source: RowSource,
  share: AccountShare,
  totals: LedgerTotals,
): Generator<StateRow> {
  const keeps = ({ kind, account }: Posting): boolean => {
    if (kind === "customer") return true;
    return kind === "journal" ? share.isFormer : share.ownsAccount(account);
  };
  const contents = new Set<number>();
  /** Minor units of the documents that a connection has or is to have. */
  const amounts = new Map<string, bigint>();
  yield* keptEntries(source, "postings", postingCodec, keeps, (_from, _to, posting) => {
    contents.add(posting.content);
    if (posting.amount === undefined) return;
    const of = sinceCodec.keyOf({ ...posting, receivable: 0n, leftOut: 0n });
    amounts.set(of, (amounts.get(of) ?? 0n) + posting.amount);
  });
  yield* keptRows(source, POSTING_SPACES.contents, (key) => contents.has(key));
  for (const { key, value } of source.rows(POSTED_SINCE)) {
    const since = sinceCodec.decode(value);
    // What the connection is not to have: what came before it, and what it left out. The part's own, by its own figures.
    const open = totals.receivable(since.legalEntity, since.currency);
    const notPosted = open - (amounts.get(sinceCodec.keyOf(since)) ?? 0n);
    const leftOut = share.isFormer ? since.leftOut : 0n;
    const row = sinceCodec.encode({ ...since, receivable: notPosted - leftOut, leftOut });
    yield { space: POSTED_SINCE, key, value: row };
  }
}
