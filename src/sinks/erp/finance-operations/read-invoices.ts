import type { PostingKind } from "../../../model/posting.ts";
import {
  isSameDecimal,
  isZeroDecimal,
  negatedDecimal,
  differenceOfDecimals,
  sumOfDecimals,
} from "../common/decimals.ts";
import type { ComparedLine, FoundDocument } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { groupedBy } from "./grouped-by.ts";
import { allOf, amountIn, anyOf, dayIn, equals, isYes, queryRows, type Row } from "./odata.ts";
import { comparedAccount } from "./ledger-account.ts";
import type { InvoiceRequest, PlanOf } from "./plan.ts";
import {
  type DocumentReader,
  findInAllCompanies,
  headersOf,
  type OfCompany,
  readInCompanies,
} from "./read-companies.ts";

/** A free text invoice as the ERP has it. */
export interface FoundInvoice {
  readonly found: FoundDocument;
  /** Whether its batch job has posted it, and the posted invoice shows. Until then total and tax are what its lines say. */
  readonly isPosted: boolean;
}

const HEADERS = "FreeTextInvoiceHeaders";
const LINES = "CDSFreeTextInvoiceLines";
/** Posted invoices of all kinds. */
const POSTED = "SalesInvoiceHeadersV2";
/** Open and settled amounts of customers. */
const TRANSACTIONS = "CustTransBiEntities";

const READER: DocumentReader<InvoiceRequest, FoundInvoice> = {
  operation: "read-invoices",
  entity: HEADERS,
  idField: "ExternalInvoiceId",
  fields: [
    "dataAreaId",
    "InvoiceIdentifier",
    "ExternalInvoiceId",
    "CustomerAccount",
    "CurrencyCode",
    "InvoiceDate",
    "IsPosted",
  ],
  complete: withLines,
};

/** All invoices under the plans' external ids, with their lines and, of posted ones, what was booked and paid: four questions a company. */
export function readInvoices(
  client: FinanceOperationsClient,
  plans: readonly PlanOf<InvoiceRequest>[],
  signal: AbortSignal,
): Promise<readonly FoundInvoice[]> {
  return readInCompanies(READER, client, plans, signal);
}

export function findInvoices(
  client: FinanceOperationsClient,
  plan: PlanOf<InvoiceRequest>,
  signal: AbortSignal,
): Promise<readonly FoundInvoice[]> {
  return findInAllCompanies(READER, client, plan, signal);
}

async function withLines(
  client: FinanceOperationsClient,
  company: string,
  { plans, headers }: OfCompany<InvoiceRequest>,
  signal: AbortSignal,
): Promise<readonly FoundInvoice[]> {
  const byId = new Map(plans.map((plan) => [plan.externalId, plan]));
  const lines = await queryRows(client, {
    operation: "read-lines",
    entity: LINES,
    filter: allOf(
      equals("dataAreaId", company),
      anyOf("ExternalInvoiceId", [...new Set(headers.map(externalIdOf))]),
    ),
    fields: ["ExternalInvoiceId", "LineNumber", "MainAccountDisplayValue", "TransactionCurrencyAmount"],
    signal,
  });
  const linesById = groupedBy(lines, externalIdOf);
  const posted = await readPosted(
    client,
    company,
    headers.filter((row) => isYes(row, "IsPosted")).map(externalIdOf),
    signal,
  );
  const transactions = await readTransactions(client, company, [...posted.values()], signal);
  return headers.flatMap((header) => {
    const externalId = externalIdOf(header);
    const plan = byId.get(externalId);
    if (plan === undefined) return [];
    const invoice = isYes(header, "IsPosted") ? posted.get(externalId) : undefined;
    const transaction = invoice === undefined ? undefined : transactions.get(invoice("LedgerVoucher"));
    return [
      foundInvoice(plan, company, { header, lines: linesById.get(externalId) ?? [], invoice, transaction }),
    ];
  });
}

/** Ids are made of small letters; the environment may make capitals of them. */
function externalIdOf(row: Row): string {
  return row("ExternalInvoiceId").toLowerCase();
}

/** Posted invoices by the reference that they were given: the external id. */
async function readPosted(
  client: FinanceOperationsClient,
  company: string,
  externalIds: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Row>> {
  if (externalIds.length === 0) return new Map();
  const rows = await queryRows(client, {
    operation: "read-posted-invoices",
    entity: POSTED,
    filter: allOf(equals("dataAreaId", company), anyOf("CustomersOrderReference", externalIds)),
    fields: [
      "InvoiceNumber",
      "LedgerVoucher",
      "CustomersOrderReference",
      "TotalInvoiceAmount",
      "TotalTaxAmount",
    ],
    signal,
  });
  // What corrects an invoice may have its reference too, and comes behind it.
  return new Map(rows.toReversed().map((row) => [row("CustomersOrderReference").toLowerCase(), row]));
}

/** What is booked to customers, by voucher. */
async function readTransactions(
  client: FinanceOperationsClient,
  company: string,
  invoices: readonly Row[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Row>> {
  if (invoices.length === 0) return new Map();
  const rows = await queryRows(client, {
    operation: "read-payments",
    entity: TRANSACTIONS,
    filter: allOf(
      equals("dataAreaId", company),
      anyOf(
        "Invoice",
        invoices.map((row) => row("InvoiceNumber")),
      ),
    ),
    fields: ["Invoice", "Voucher", "AmountCur", "SettleAmountCur"],
    signal,
  });
  return new Map(rows.map((row) => [row("Voucher"), row]));
}

interface InvoiceRows {
  readonly header: Row;
  readonly lines: readonly Row[];
  readonly invoice: Row | undefined;
  readonly transaction: Row | undefined;
}

function foundInvoice(plan: PlanOf<InvoiceRequest>, company: string, rows: InvoiceRows): FoundInvoice {
  const { header, invoice, transaction } = rows;
  const signed = (amount: string): string => (isMemo(plan.kind) ? negatedDecimal(amount) : amount);
  const lines = rows.lines.map((row): ComparedLine => ({
    reference: comparedAccount(row("MainAccountDisplayValue")),
    amount: signed(amountIn(row, "TransactionCurrencyAmount")),
  }));
  const total =
    invoice === undefined
      ? sumOfDecimals(lines.map(({ amount }) => amount))
      : signed(amountIn(invoice, "TotalInvoiceAmount"));
  const number = invoice?.("InvoiceNumber") ?? "";
  return {
    isPosted: invoice !== undefined,
    found: {
      erp: { id: header("InvoiceIdentifier"), number: number === "" ? null : number },
      externalId: plan.externalId,
      document: {
        customer: sameAccount(header("CustomerAccount"), plan.expected.customer),
        legalEntity: company,
        currency: header("CurrencyCode"),
        date: dayIn(header, "InvoiceDate"),
        total,
        tax: invoice === undefined ? "0" : signed(amountIn(invoice, "TotalTaxAmount")),
        lines,
      },
      payment: isMemo(plan.kind) ? null : paymentOf(total, transaction),
    },
  };
}

/** Accounts are the same in upper and lower case. */
function sameAccount(found: string, expected: string | null): string {
  return expected !== null && found.toLowerCase() === expected.toLowerCase() ? expected : found;
}

function isMemo(kind: PostingKind): boolean {
  return kind === "credit-memo";
}

/** An invoice of nothing has no transaction: it is paid. One that is not booked yet is open. */
function paymentOf(total: string, transaction: Row | undefined): NonNullable<FoundDocument["payment"]> {
  const openAmount =
    transaction === undefined
      ? total
      : differenceOfDecimals(amountIn(transaction, "AmountCur"), amountIn(transaction, "SettleAmountCur"));
  if (isZeroDecimal(openAmount)) return { status: "paid", openAmount: "0" };
  return { status: isSameDecimal(openAmount, total) ? "open" : "partly-paid", openAmount };
}

/** What the ERP calls the posted invoice of a plan; "unposted" before its batch job has taken it, undefined where there is none. */
export async function postedInvoice(
  client: FinanceOperationsClient,
  plan: PlanOf<InvoiceRequest>,
  signal: AbortSignal,
): Promise<FoundDocument["erp"] | "unposted" | undefined> {
  const {
    externalId,
    request: { company },
  } = plan;
  const [header] = await headersOf(READER, client, plan, signal);
  if (header === undefined) return undefined;
  if (!isYes(header, "IsPosted")) return "unposted";
  const invoice = (await readPosted(client, company, [externalId], signal)).get(externalId);
  return invoice === undefined
    ? "unposted"
    : { id: header("InvoiceIdentifier"), number: invoice("InvoiceNumber") };
}
