import { differenceOfDecimals, sumOfDecimals } from "../common/decimals.ts";
import type { FoundDocument } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { groupedBy } from "./grouped-by.ts";
import { allOf, amountIn, anyOf, dayIn, equals, isYes, queryRows, type Row } from "./odata.ts";
import { comparedAccount } from "./ledger-account.ts";
import type { JournalRequest, PlanOf } from "./plan.ts";
import {
  type DocumentReader,
  findInAllCompanies,
  headersOf,
  type OfCompany,
  readInCompanies,
} from "./read-companies.ts";

export const JOURNAL_HEADERS = "LedgerJournalHeaders";
export const JOURNAL_LINES = "LedgerJournalLines";

/** A journal as the ERP has it. */
export interface FoundJournal {
  readonly found: FoundDocument;
  readonly batchNumber: string;
  readonly isPosted: boolean;
  /** A draft without lines is what a request leaves that created its header only. */
  readonly isEmpty: boolean;
}

const READER: DocumentReader<JournalRequest, FoundJournal> = {
  operation: "read-journals",
  entity: JOURNAL_HEADERS,
  idField: "Description",
  fields: ["dataAreaId", "JournalBatchNumber", "Description", "IsPosted"],
  complete: withLines,
};

/** All journals under the plans' external ids, with their lines: two questions a company. */
export function readJournals(
  client: FinanceOperationsClient,
  plans: readonly PlanOf<JournalRequest>[],
  signal: AbortSignal,
): Promise<readonly FoundJournal[]> {
  return readInCompanies(READER, client, plans, signal);
}

export function findJournals(
  client: FinanceOperationsClient,
  plan: PlanOf<JournalRequest>,
  signal: AbortSignal,
): Promise<readonly FoundJournal[]> {
  return findInAllCompanies(READER, client, plan, signal);
}

async function withLines(
  client: FinanceOperationsClient,
  company: string,
  { plans, headers }: OfCompany<JournalRequest>,
  signal: AbortSignal,
): Promise<readonly FoundJournal[]> {
  const byId = new Map(plans.map((plan) => [plan.externalId, plan]));
  const lines = await queryRows(client, {
    operation: "read-lines",
    entity: JOURNAL_LINES,
    filter: allOf(equals("dataAreaId", company), anyOf("JournalBatchNumber", headers.map(numberOf))),
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
  const linesByNumber = groupedBy(lines, numberOf);
  return headers.flatMap((header) => {
    const plan = byId.get(header("Description").toLowerCase());
    return plan === undefined
      ? []
      : [foundJournal(plan, company, header, linesByNumber.get(numberOf(header)) ?? [])];
  });
}

function numberOf(row: Row): string {
  return row("JournalBatchNumber");
}

function foundJournal(
  plan: PlanOf<JournalRequest>,
  company: string,
  header: Row,
  lines: readonly Row[],
): FoundJournal {
  const batchNumber = numberOf(header);
  return {
    batchNumber,
    isPosted: isYes(header, "IsPosted"),
    isEmpty: lines.length === 0 && !isYes(header, "IsPosted"),
    found: {
      erp: { id: batchNumber, number: batchNumber },
      externalId: plan.externalId,
      document: {
        customer: null,
        legalEntity: company,
        currency: same(lines.map((row) => row("CurrencyCode"))),
        date: same(lines.map((row) => dayIn(row, "TransDate"))),
        total: sumOfDecimals(lines.map((row) => amountIn(row, "DebitAmount"))),
        tax: null,
        lines: lines.map((row) => ({
          reference: comparedAccount(row("AccountDisplayValue")),
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
  plan: PlanOf<JournalRequest>,
  signal: AbortSignal,
): Promise<FoundDocument["erp"] | "unposted" | undefined> {
  const headers = await headersOf(READER, client, plan, signal);
  const header = headers.find((row) => isYes(row, "IsPosted")) ?? headers[0];
  if (header === undefined) return undefined;
  const batchNumber = numberOf(header);
  return isYes(header, "IsPosted") ? { id: batchNumber, number: batchNumber } : "unposted";
}

/** Numbers of all journals under a plan's external id. */
export async function journalNumbers(
  client: FinanceOperationsClient,
  plan: PlanOf<JournalRequest>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const headers = await headersOf(READER, client, plan, signal);
  return headers.map(numberOf);
}
