import type { PaymentRecord, PostingRecord, StrayRecord, TransitionRecord } from "../../model/posting.ts";
import type { PostingLog } from "../../model/posting-log.ts";
import { lastHashOf, readRecords } from "../../sinks/posting/posting-chain.ts";

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

/**
 * Every record of the log, its chain of hashes checked. Throws `posting-log-corrupt` where one was changed or taken out. A log whose beginning
 * is no longer kept is read from its first message on.
 */
export async function* postingRecords(log: PostingLog): AsyncIterable<PostingRecord> {
  const { firstSequence } = await log.identity();
  let previous: string | undefined;
  for await (const page of log.readFrom(firstSequence))
    for (const message of page) {
      // Nothing says what stood before the first message that is kept: its own first record's word is taken for it.
      const { records, lastHash } = readRecords(message, previous ?? firstChain(message));
      previous = lastHash;
      yield* records;
    }
}

function firstChain(message: Parameters<typeof lastHashOf>[0]): string {
  const [first]: readonly unknown[] = JSON.parse(new TextDecoder().decode(message.data));
  const previous: unknown = typeof first === "object" && first !== null ? Reflect.get(first, "previous") : "";
  return typeof previous === "string" ? previous : "";
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
