import type { ScannedRecord } from "../erp-sink.ts";
import { z } from "zod";
import type { OracleClient } from "./client.ts";
import { batchHeadSchema, externalIdOfBatch, JOURNAL_BATCHES } from "./journal-batches.ts";
import { MAX_PAGES } from "./limits.ts";
import { PARTIES, parsed, quoted, readPage } from "./resources.ts";
import { TRANSACTION_RESOURCES } from "./transaction-records.ts";

const DAY_MS = 86_400_000;

const transactionSchema = z.looseObject({
  CustomerTransactionId: z.string(),
  TransactionNumber: z.string(),
  CrossReference: z.string().nullish(),
  InternalNotes: z.string().nullish(),
});
const partySchema = z.looseObject({
  PartyId: z.string(),
  PartyNumber: z.string(),
  SourceSystemReferenceValue: z.string(),
});

interface Source {
  readonly path: string;
  readonly condition: (prefix: string, since: string) => string;
  readonly order: string;
  readonly fields: string;
  readonly read: (item: unknown) => ScannedRecord;
}

function likePrefix(field: string, prefix: string, since: string): string {
  return `${field} LIKE ${quoted(`${prefix}%`)} and LastUpdateDate>=${quoted(since)}`;
}

/** @param reference attribute that has our external id */
function transactions(path: string, reference: "CrossReference" | "InternalNotes"): Source {
  return {
    path,
    condition: (prefix, since) => likePrefix(reference, prefix, since),
    order: "CustomerTransactionId",
    fields: `CustomerTransactionId,TransactionNumber,${reference}`,
    read: (item) => {
      const read = parsed(transactionSchema, item, "transaction");
      return {
        externalId: read[reference] ?? "",
        erp: { id: read.CustomerTransactionId, number: read.TransactionNumber },
      };
    },
  };
}

/** Where documents are. Incomplete transactions are found too: one that nobody completes is a stray. */
const SOURCES: readonly Source[] = [
  transactions(TRANSACTION_RESOURCES.invoice.path, "CrossReference"),
  transactions(TRANSACTION_RESOURCES["credit-memo"].path, "CrossReference"),
  {
    path: JOURNAL_BATCHES,
    condition: (prefix, since) => likePrefix("BatchName", prefix, since),
    order: "JeBatchId",
    fields: "JeBatchId,BatchName",
    read: (item) => {
      const { JeBatchId: id, BatchName: name } = parsed(batchHeadSchema, item, "journal batch");
      return { externalId: externalIdOfBatch(name), erp: { id, number: name } };
    },
  },
  {
    path: `${PARTIES}/accounts`,
    condition: (prefix, since) => likePrefix("SourceSystemReferenceValue", prefix, since),
    order: "PartyId",
    fields: "PartyId,PartyNumber,SourceSystemReferenceValue",
    read: (item) => {
      const read = parsed(partySchema, item, "party");
      return {
        externalId: read.SourceSystemReferenceValue,
        erp: { id: read.PartyId, number: read.PartyNumber },
      };
    },
  },
];

/** Where those of imports are as well. */
const IMPORTED_SOURCES: readonly Source[] = [
  transactions(TRANSACTION_RESOURCES.invoice.path, "InternalNotes"),
  transactions(TRANSACTION_RESOURCES["credit-memo"].path, "InternalNotes"),
];

export interface ScanOptions {
  readonly prefix: string;
  /** YYYY-MM-DD. */
  readonly sinceDate: string;
  /** Whether transactions may have been imported. */
  readonly importsInvoices: boolean;
}

/** All records with the prefix that were changed since a day, a page at a time. `inTime` gives a page's request its deadline. */
export async function* scan(
  client: OracleClient,
  { prefix, sinceDate, importsInvoices }: ScanOptions,
  inTime: <Result>(act: (signal: AbortSignal) => Promise<Result>) => Promise<Result>,
): AsyncGenerator<readonly ScannedRecord[]> {
  const since = dayBefore(sinceDate);
  for (const { path, condition, order, fields, read } of importsInvoices
    ? [...SOURCES, ...IMPORTED_SOURCES]
    : SOURCES) {
    let offset = 0;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = await inTime((signal) =>
        readPage(
          client,
          {
            operation: "scan",
            path,
            q: condition(prefix, since),
            parameters: { fields, orderBy: `${order}:asc` },
            signal,
          },
          offset,
        ),
      );
      offset += page.items.length;
      // The pattern's "_" stands for any character.
      const own = page.items.map(read).filter(({ externalId }) => externalId.startsWith(prefix));
      if (own.length > 0) yield own;
      if (!page.hasMore) break;
    }
  }
}

/** Oracle's days are those of the environment's time zone, which may be a day behind. */
function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - DAY_MS).toISOString().slice(0, "YYYY-MM-DD".length);
}
