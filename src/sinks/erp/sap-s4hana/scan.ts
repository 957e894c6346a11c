import type { ScannedRecord } from "../erp-sink.ts";
import { BILLING_DOCUMENTS, billingReference } from "./billing-requests/read-documents.ts";
import type { SapClient } from "./client.ts";
import { referenceOf } from "./confirmation.ts";
import { BUSINESS_PARTNERS } from "./customers.ts";
import { dateTimeLiteral, dayBefore } from "./days.ts";
import { ITEM_CUBE, ITEM_KEY } from "./item-cube.ts";
import { MAX_PAGES, PAGE_ROWS, REFERENCE_CHARACTERS } from "./limits.ts";
import { type Question, queryPage, quoted, type Row, textIn } from "./odata.ts";
import type { PlanSettings } from "./plan.ts";
import { partnerReference } from "./submit-customer.ts";

interface Source {
  readonly question: Omit<Question, "signal">;
  readonly record: (row: Row) => ScannedRecord;
}

/**
 * All documents and customers with the prefix that were entered since a day, a page at a time. `inTime` gives a page's request its deadline. Rows that come
 * meanwhile move others to later pages at most: one may be seen twice, none is missed.
 */
export async function* scan(
  client: SapClient,
  prefix: string,
  { sinceDate, settings }: { readonly sinceDate: string; readonly settings: PlanSettings },
  inTime: <Result>(act: (signal: AbortSignal) => Promise<Result>) => Promise<Result>,
): AsyncGenerator<readonly ScannedRecord[]> {
  // SAP's days are those of its own time zone, which may be a day behind.
  const since = dateTimeLiteral(dayBefore(sinceDate));
  for (const { question, record } of sources(prefix, since, settings))
    for (let page = 0; page < MAX_PAGES; page++) {
      const rows = await inTime((signal) => queryPage(client, { ...question, signal }, page * PAGE_ROWS));
      const records = rows.map(record).filter(({ externalId }) => externalId.startsWith(prefix));
      if (records.length > 0) yield records;
      if (rows.length < PAGE_ROWS) break;
    }
}

function sources(prefix: string, since: string, settings: PlanSettings): readonly Source[] {
  const { billing, documentTypes } = settings;
  return [
    {
      question: {
        operation: "scan",
        entity: ITEM_CUBE,
        // Each document has a first item; one that takes another back has its reference, and is none of ours.
        // Journal entries of billing documents may have their reference too: they are found as billing documents.
        filter: `startswith(DocumentReferenceID,${quoted(prefix)}) and AccountingDocumentItem eq '001' and IsReversal eq false and AccountingDocumentCreationDate ge ${since}${billing === null ? "" : ` and AccountingDocumentType eq ${quoted(documentTypes.journal)}`}`,
        select: [...ITEM_KEY, "DocumentReferenceID"],
        orderBy: ITEM_KEY,
      },
      record: (row) => ({
        externalId: textIn(row, "DocumentReferenceID"),
        erp: referenceOf({
          companyCode: textIn(row, "CompanyCode"),
          fiscalYear: textIn(row, "FiscalYear"),
          number: textIn(row, "AccountingDocument"),
        }),
      }),
    },
    ...(billing === null
      ? []
      : [
          {
            question: {
              operation: "scan",
              entity: BILLING_DOCUMENTS,
              filter: `startswith(PurchaseOrderByCustomer,${quoted(prefix)}) and BillingDocumentIsCancelled eq false and CancelledBillingDocument eq '' and CreationDate ge ${since}`,
              select: ["BillingDocument", "PurchaseOrderByCustomer"],
              orderBy: ["BillingDocument"],
            },
            record: (row: Row) => ({
              externalId: textIn(row, "PurchaseOrderByCustomer").slice(0, REFERENCE_CHARACTERS),
              erp: billingReference(row),
            }),
          },
        ]),
    {
      question: {
        operation: "scan",
        entity: BUSINESS_PARTNERS,
        filter: `startswith(BusinessPartnerIDByExtSystem,${quoted(prefix)}) and CreationDate ge ${since}`,
        select: ["BusinessPartner", "Customer", "BusinessPartnerIDByExtSystem"],
        orderBy: ["BusinessPartner"],
      },
      record: (row) => ({
        externalId: textIn(row, "BusinessPartnerIDByExtSystem"),
        erp: partnerReference(row),
      }),
    },
  ];
}
