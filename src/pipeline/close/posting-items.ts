import type { JournalBlock } from "../../billing/posting/journal-block.ts";
import type { Posting, PostingStatus } from "../../operators/posting/posting-row.ts";
import type { PartitionEngine } from "../partition-engine.ts";
import type { CloseLineName } from "./close-lines.ts";
import type { TimedScope } from "./close-scope.ts";
import type { CloseItem } from "./line-part.ts";

/** The line that documents of a state are in; none where nothing is to be done. */
const LINE_OF: Readonly<Record<PostingStatus, CloseLineName | undefined>> = {
  waiting: "postings-parked",
  parked: "postings-parked",
  planned: "postings-open",
  submitting: "postings-open",
  accepted: "postings-open",
  unknown: "postings-unknown",
  held: "postings-held",
  rejected: "postings-rejected",
  conflict: "postings-conflict",
  cancelled: "postings-cancelled",
  confirmed: undefined,
  reconciled: undefined,
};

/** Documents of a legal entity and of days before the scope's end that an ERP does not have, of one line. */
export function* postingItems(
  { postings }: Pick<PartitionEngine, "postings">,
  { legalEntity, to }: TimedScope,
  line: CloseLineName,
): Generator<CloseItem> {
  for (const posting of postings.book.entries()) {
    if (posting.legalEntity !== legalEntity || posting.day >= to) continue;
    if (LINE_OF[posting.state] === line) yield postingItem(posting);
  }
}

function postingItem(posting: Readonly<Posting>): CloseItem {
  const { connection, key, day, amount, currency, state, reason, code, message, missing } = posting;
  const why = [reason, code, message, missing.length === 0 ? undefined : missing.join(", ")];
  const explained = why.filter((text) => text !== undefined && text !== "");
  return {
    id: `${connection} ${key}`,
    sinceMs: Date.parse(`${day}T00:00:00Z`),
    amount: amount === undefined ? undefined : { currency, minorUnits: amount },
    detail: `${key} of connection ${connection}: ${[state, ...explained].join(": ")}`,
  };
}

/** What is booked on days before the scope's end and in no journal of a connection yet. */
export function* journalItems(
  { postings }: Pick<PartitionEngine, "postings">,
  { legalEntity, to }: TimedScope,
): Generator<CloseItem> {
  const months = new Map<
    string,
    Pick<JournalBlock, "connection" | "dueMonth" | "purpose"> & { blocks: number }
  >();
  for (const block of postings.book.sums.blocks()) {
    if (block.legalEntity !== legalEntity || `${block.dueMonth}-01` >= to) continue;
    const { connection, dueMonth, purpose } = block;
    const id = `${connection} ${dueMonth} ${purpose}`;
    const known = months.get(id) ?? { connection, dueMonth, purpose, blocks: 0 };
    known.blocks += 1;
    months.set(id, known);
  }
  for (const [id, { connection, dueMonth, purpose }] of months)
    yield {
      id,
      sinceMs: Date.parse(`${dueMonth}-01T00:00:00Z`),
      amount: undefined,
      detail: `${purpose} of ${dueMonth}: no journal for connection ${connection} yet`,
    };
}
