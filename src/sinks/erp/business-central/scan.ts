import type { ScannedRecord } from "../erp-sink.ts";
import { z } from "zod";
import type { BusinessCentralClient } from "./client.ts";
import { externalIdPrefix, numberPrefix } from "./external-id.ts";
import { questionPath, quoted, readPage } from "./odata.ts";

/** Where documents are, with the field that they are found by. Drafts are among them: somebody might post one. */
const SETS = [
  { set: "salesInvoices", field: "externalDocumentNumber" },
  { set: "salesCreditMemos", field: "externalDocumentNumber" },
  { set: "customers", field: "number" },
  { set: "generalLedgerEntries", field: "documentNumber" },
] as const;

const rowSchema = z.looseObject({
  id: z.string(),
  number: z.string().nullish(),
  externalDocumentNumber: z.string().nullish(),
  documentNumber: z.string().nullish(),
});
type Row = z.output<typeof rowSchema>;

/**
 * All documents with the prefix that were changed since a day, a page at a time. A journal is told once, however many ledger entries it has. `inTime` gives a page's request its
 * deadline.
 */
export async function* scan(
  client: BusinessCentralClient,
  { companies, prefix }: { readonly companies: readonly string[]; readonly prefix: string },
  sinceDate: string,
  inTime: <Result>(act: (signal: AbortSignal) => Promise<Result>) => Promise<Result>,
): AsyncGenerator<readonly ScannedRecord[]> {
  for (const company of companies)
    for (const { set, field } of SETS) {
      const start = field === "externalDocumentNumber" ? externalIdPrefix(prefix) : numberPrefix(prefix);
      const seen = new Set<string>();
      let next: string | undefined = questionPath({
        operation: "scan",
        path: `companies(${company})/${set}`,
        filter: `startswith(${field},${quoted(start)}) and lastModifiedDateTime ge ${sinceDate}T00:00:00Z`,
        select: set === "generalLedgerEntries" ? ["id", field] : [...new Set(["id", "number", field])],
      });
      while (next !== undefined) {
        const path: string = next;
        const page = await inTime((signal) =>
          readPage(client, { operation: "scan", path, signal }, rowSchema),
        );
        ({ next } = page);
        const records = page.rows.flatMap((row): ScannedRecord[] => {
          const record = scannedRecord(row, field);
          if (!record.externalId.startsWith(start)) return [];
          // Entries of one journal have one number; of two documents with one external id both count.
          if (field === "documentNumber" && seen.has(record.externalId)) return [];
          seen.add(record.externalId);
          return [record];
        });
        if (records.length > 0) yield records;
      }
    }
}

function scannedRecord(row: Row, field: (typeof SETS)[number]["field"]): ScannedRecord {
  const externalId = row[field] ?? "";
  if (field === "documentNumber") return { externalId, erp: { id: externalId, number: externalId } };
  return { externalId, erp: { id: row.id, number: row.number ?? null } };
}
