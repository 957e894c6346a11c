import { z } from "zod";
import { isJsonNumber } from "../../../model/decimal.ts";
import { differenceOfDecimals, sumOfDecimals } from "../common/decimals.ts";
import type { FoundDocument } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import { isOneOf, readAll } from "./odata.ts";

/** Journals that are posted: ledger entries with one document number. */

const amount = z.string().refine(isJsonNumber, "must be a number");
const entrySchema = z.looseObject({
  documentNumber: z.string(),
  postingDate: z.string(),
  accountNumber: z.string(),
  debitAmount: amount,
  creditAmount: amount,
});
type Entry = z.output<typeof entrySchema>;

/** Journals of a company by their document numbers; those that are not posted are missing. */
export async function readJournals(
  client: BusinessCentralClient,
  company: string,
  documentNumbers: readonly string[],
  { operation, signal }: { readonly operation: string; readonly signal: AbortSignal },
): Promise<readonly FoundDocument[]> {
  const entries = await readAll(
    client,
    {
      operation,
      path: `companies(${company})/generalLedgerEntries`,
      filter: isOneOf("documentNumber", documentNumbers),
      select: [
        "id",
        "entryNumber",
        "documentNumber",
        "postingDate",
        "accountNumber",
        "debitAmount",
        "creditAmount",
      ],
      signal,
    },
    entrySchema,
  );
  return documentNumbers.flatMap((documentNumber) => {
    const own = entries.filter((entry) => entry.documentNumber === documentNumber);
    return own.length === 0 ? [] : [foundJournal(documentNumber, company, own)];
  });
}

function foundJournal(documentNumber: string, company: string, entries: readonly Entry[]): FoundDocument {
  const dates = new Set(entries.map(({ postingDate }) => postingDate));
  return {
    // The number names the journal; each of its entries has an id of its own.
    erp: { id: documentNumber, number: documentNumber },
    externalId: documentNumber,
    document: {
      customer: null,
      legalEntity: company,
      currency: null,
      // One that was posted on several days is not what was sent.
      date: [...dates].sort().join(", "),
      total: sumOfDecimals(entries.map(({ debitAmount }) => debitAmount)),
      tax: null,
      lines: entries.map(({ accountNumber, debitAmount, creditAmount }) => ({
        reference: accountNumber,
        amount: differenceOfDecimals(debitAmount, creditAmount),
      })),
    },
    payment: null,
  };
}
