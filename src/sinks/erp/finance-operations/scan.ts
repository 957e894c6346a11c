import type { ScannedRecord } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { SCAN_DAYS_BEFORE } from "./limits.ts";
import { beginsWith, queryPage, queryPath, type Row } from "./odata.ts";

const DAY_MS = 86_400_000;

/** What is looked through, in all companies. */
interface Searched {
  readonly entity: string;
  /** Field with the external id. */
  readonly key: string;
  /** Field with the record's id, and the one with what people call it. */
  readonly id: string;
  readonly number: string;
  /** Field with the document's day; undefined where it has none. */
  readonly day: string | undefined;
}

const SEARCHED: readonly Searched[] = [
  {
    entity: "FreeTextInvoiceHeaders",
    key: "ExternalInvoiceId",
    id: "InvoiceIdentifier",
    number: "FreeTextNumber",
    day: "InvoiceDate",
  },
  {
    entity: "LedgerJournalHeaders",
    key: "Description",
    id: "JournalBatchNumber",
    number: "JournalBatchNumber",
    day: undefined,
  },
  {
    entity: "CustomersV3",
    key: "CustomerAccount",
    id: "CustomerAccount",
    number: "CustomerAccount",
    day: undefined,
  },
];

/**
 * All documents with the prefix, a page at a time, drafts too. No entity tells when it was changed: invoices are chosen by their own day, long before
 * the one that is asked for, all else is read whole. `inTime` gives a page's request its deadline.
 */
export async function* scan(
  client: FinanceOperationsClient,
  prefix: string,
  sinceDate: string,
  inTime: <Result>(act: (signal: AbortSignal) => Promise<Result>) => Promise<Result>,
): AsyncGenerator<readonly ScannedRecord[]> {
  const since = new Date(Date.parse(`${sinceDate}T00:00:00Z`) - SCAN_DAYS_BEFORE * DAY_MS).toISOString();
  for (const searched of SEARCHED) {
    const { entity, key, id, number, day } = searched;
    const clauses = [beginsWith(key, prefix), ...(day === undefined ? [] : [`${day} ge ${since}`])];
    let path: string | undefined;
    do {
      const page = await inTime((signal) => {
        const query = {
          operation: "scan",
          entity,
          filter: clauses.join(" and "),
          fields: [...new Set([key, id, number])],
          signal,
        };
        return queryPage(client, query, path ?? queryPath(query));
      });
      path = page.nextPath;
      const records = page.rows.map((row) => scannedRecord(row, searched));
      const own = records.filter(({ externalId }) => externalId.startsWith(prefix));
      if (own.length > 0) yield own;
    } while (path !== undefined);
  }
}

function scannedRecord(row: Row, { key, id, number }: Searched): ScannedRecord {
  // Ids are made of small letters; the environment may make capitals of them.
  return { externalId: row(key).toLowerCase(), erp: { id: row(id), number: row(number) } };
}
