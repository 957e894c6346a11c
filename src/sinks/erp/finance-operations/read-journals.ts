import { differenceOfDecimals, sumOfDecimals } from "../common/decimals.ts";
import type { FoundDocument } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { groupedBy } from "./grouped-by.ts";
import { allOf, amountIn, anyOf, dayIn, equals, isYes, queryRows, type Row } from "./odata.ts";
import type { JournalRequest, PlanOf } from "./plan.ts";

export const JOURNAL_HEADERS = "LedgerJournalHeaders";
export const JOURNAL_LINES = "LedgerJournalLines";

/** A journal as the ERP has it. */
export interface FoundJournal {
  readonly found: FoundDocument;
  readonly batchNumber: string;
  readonly isPosted: boolean;
  /** One without lines is what a request leaves that created its header only. */
  readonly isEmpty: boolean;
}

/** All journals under the plans' external ids, with their lines: two questions a company. */
export async function readJournals(
  client: FinanceOperationsClient,
  plans: readonly PlanOf<JournalRequest>[],
  signal: AbortSignal,
): Promise<readonly FoundJournal[]> {
  const found: FoundJournal[] = [];
  for (const [company, ofCompany] of groupedBy(plans, ({ request }) => request.company)) {
    const byId = new Map(ofCompany.map((plan) => [plan.externalId, plan]));
    const headers = await readHeaders(client, company, [...byId.keys()], signal);
    if (headers.length === 0) continue;
    const lines = await queryRows(client, {
      operation: "read-lines",
      entity: JOURNAL_LINES,
      filter: allOf(
        equals("dataAreaId", company),
        anyOf(
          "JournalBatchNumber",
          headers.map((row) => row("JournalBatchNumber")),
        ),
      ),
      fields: [
        "JournalBatchNumber",
        "LineNumber",
        "AccountDisplayValue",
        "DebitAmount",
        "CreditAmount",
        "CurrencyCode",
        "TransDate",
      ],
      signal,
    });
    const linesByNumber = groupedBy(lines, (row) => row("JournalBatchNumber"));
    for (const header of headers) {
      const plan = byId.get(header("Description"));
      if (plan !== undefined)
        found.push(foundJournal(plan, header, linesByNumber.get(header("JournalBatchNumber")) ?? []));
    }
  }
  return found;
}

function readHeaders(
  client: FinanceOperationsClient,
  company: string,
  externalIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  return queryRows(client, {
    operation: "read-journals",
    entity: JOURNAL_HEADERS,
    filter: allOf(equals("dataAreaId", company), anyOf("Description", externalIds)),
    fields: ["JournalBatchNumber", "Description", "IsPosted"],
    signal,
  });
}

function foundJournal(plan: PlanOf<JournalRequest>, header: Row, lines: readonly Row[]): FoundJournal {
  const batchNumber = header("JournalBatchNumber");
  return {
    batchNumber,
    isPosted: isYes(header, "IsPosted"),
    isEmpty: lines.length === 0,
    found: {
      erp: { id: batchNumber, number: batchNumber },
      externalId: plan.externalId,
      document: {
        customer: null,
        legalEntity: plan.request.company,
        currency: same(lines.map((row) => row("CurrencyCode"))),
        date: same(lines.map((row) => dayIn(row, "TransDate"))),
        total: sumOfDecimals(lines.map((row) => amountIn(row, "DebitAmount"))),
        tax: null,
        lines: lines.map((row) => ({
          reference: row("AccountDisplayValue"),
          amount: differenceOfDecimals(amountIn(row, "DebitAmount"), amountIn(row, "CreditAmount")),
        })),
      },
      payment: null,
    },
  };
}

/** What all lines say; where they differ, all of it, which is equal to no plan's. */
function same(texts: readonly string[]): string {
  return [...new Set(texts)].join(", ");
}

/** What the ERP calls the posted journal of a plan; "unposted" before its batch job has taken it, undefined where there is none. */
export async function postedJournal(
  client: FinanceOperationsClient,
  { externalId, request: { company } }: PlanOf<JournalRequest>,
  signal: AbortSignal,
): Promise<FoundDocument["erp"] | "unposted" | undefined> {
  const headers = await readHeaders(client, company, [externalId], signal);
  const header = headers.find((row) => isYes(row, "IsPosted")) ?? headers[0];
  if (header === undefined) return undefined;
  const batchNumber = header("JournalBatchNumber");
  return isYes(header, "IsPosted") ? { id: batchNumber, number: batchNumber } : "unposted";
}

/** Numbers of all journals under a plan's external id. */
export async function journalNumbers(
  client: FinanceOperationsClient,
  { externalId, request: { company } }: PlanOf<JournalRequest>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const headers = await readHeaders(client, company, [externalId], signal);
  return headers.map((row) => row("JournalBatchNumber"));
}
