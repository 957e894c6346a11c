import type { PaymentRecord, PostingRecord, StrayRecord, TransitionRecord } from "../../model/posting.ts";
import type { PostingLog } from "../../model/posting-log.ts";
import { EMPTY_HASH, readRecords } from "../../sinks/posting/posting-chain.ts";

/** A document as the last record about it says. */
export interface PostedRow {
  readonly transition: TransitionRecord;
  readonly payment: PaymentRecord | undefined;
}

/** What a connection's log of postings says, from its first record on. */
export interface PostingLogView {
  /** By key, in the order in which they were first named. */
  readonly documents: ReadonlyMap<string, PostedRow>;
  readonly strays: readonly StrayRecord[];
  readonly records: number;
}

/** Every record of the log, its chain of hashes checked. Throws `posting-log-corrupt` where one was changed or taken out. */
export async function* postingRecords(log: PostingLog): AsyncIterable<PostingRecord> {
  let previous = EMPTY_HASH;
  for await (const page of log.readFrom(1))
    for (const message of page) {
      const { records, lastHash } = readRecords(message, previous);
      previous = lastHash;
      yield* records;
    }
}

export async function viewPostings(log: PostingLog): Promise<PostingLogView> {
  const documents = new Map<string, PostedRow>();
  const strays: StrayRecord[] = [];
  let records = 0;
  for await (const record of postingRecords(log)) {
    records++;
    if (record.kind === "transition")
      documents.set(record.key, { transition: record, payment: documents.get(record.key)?.payment });
    else if (record.kind === "payment") {
      const known = documents.get(record.key);
      if (known !== undefined) documents.set(record.key, { ...known, payment: record });
    } else if (record.kind === "stray") strays.push(record);
  }
  return { documents, strays, records };
}
