import { isJsonNumber } from "../../../model/decimal.ts";
import { magnitudeOfDecimal, negatedDecimal } from "../common/decimals.ts";
import { type ComparedLine, ErpFault, type FoundDocument } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { customerExternalIds } from "./customers.ts";
import { paymentOf } from "../common/payment.ts";
import type { NetsuitePlan } from "./plan.ts";
import { taxOf } from "./record-reader.ts";
import { query, quotedList, type Row } from "./suiteql.ts";

/** Types of transactions in questions, by kind of document. */
const TRANSACTION_TYPES: Readonly<Record<string, string>> = {
  invoice: "CustInvc",
  "credit-memo": "CustCred",
};

interface Lines {
  readonly subsidiary: string;
  readonly items: readonly { readonly reference: string; readonly amount: string }[];
}

/** Invoices and credit memos with lines and payments: three questions for all of them. Those that NetSuite doesn't have are missing. */
export async function readSales(
  client: NetsuiteClient,
  plans: readonly NetsuitePlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (plans.length === 0) return [];
  const headers = await readHeaders(client, plans, signal);
  if (headers.length === 0) return [];
  const linesById = await readLines(
    client,
    headers.map(({ row }) => row("id")),
    signal,
  );
  const externalIds = await customerExternalIds(
    client,
    headers
      .filter(({ plan, row }) => plan.expected.customer !== row("entity"))
      .map(({ row }) => row("entity")),
    signal,
  );
  return headers.map(({ plan, row }) => foundDocument(plan, row, linesById.get(row("id")), externalIds));
}

/** External ids are the same in upper and lower case. */
function headerKey(type: string, externalId: string): string {
  return `${type} ${externalId.toLowerCase()}`;
}

async function readHeaders(
  client: NetsuiteClient,
  plans: readonly NetsuitePlan[],
  signal: AbortSignal,
): Promise<readonly { readonly plan: NetsuitePlan; readonly row: Row }[]> {
  const typeOf = ({ kind }: NetsuitePlan): string => TRANSACTION_TYPES[kind] ?? "";
  const byKey = new Map(plans.map((plan) => [headerKey(typeOf(plan), plan.externalId), plan]));
  const rows = await query(client, {
    operation: "read-transactions",
    sql:
      "SELECT id, type, tranid, externalid, entity, currency, TO_CHAR(trandate, 'YYYY-MM-DD') AS trandate, foreigntotal, foreignamountunpaid, voided " +
      `FROM transaction WHERE type IN (${quotedList([...new Set(plans.map(typeOf))])}) ` +
      `AND externalid IN (${quotedList(plans.map(({ externalId }) => externalId))}) ORDER BY id`,
    signal,
  });
  return rows.flatMap((row) => {
    const plan = byKey.get(headerKey(row("type"), row("externalid")));
    return plan === undefined ? [] : [{ plan, row }];
  });
}

async function readLines(
  client: NetsuiteClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Lines>> {
  const rows = await query(client, {
    operation: "read-lines",
    sql:
      "SELECT transaction, id, mainline, taxline, item, subsidiary, foreignamount FROM transactionline " +
      `WHERE transaction IN (${ids.join(", ")}) ORDER BY transaction, id`,
    signal,
  });
  const byId = new Map<string, { subsidiary: string; items: { reference: string; amount: string }[] }>();
  for (const row of rows) {
    const transaction = row("transaction");
    let lines = byId.get(transaction);
    if (lines === undefined) {
      lines = { subsidiary: "", items: [] };
      byId.set(transaction, lines);
    }
    if (row("mainline") === "T") lines.subsidiary = row("subsidiary");
    else if (row("taxline") !== "T")
      lines.items.push({ reference: row("item"), amount: amountIn(row, "foreignamount") });
  }
  return byId;
}

function foundDocument(
  plan: NetsuitePlan,
  row: Row,
  lines: Lines | undefined,
  externalIds: ReadonlyMap<string, string>,
): FoundDocument {
  const isInvoice = plan.kind === "invoice";
  // Debits are positive: what an invoice sells is a credit, what a memo gives back a debit.
  const compared = (lines?.items ?? []).map(({ reference, amount }): ComparedLine => ({
    reference,
    amount: isInvoice ? negatedDecimal(amount) : amount,
  }));
  const total = magnitudeOfDecimal(amountIn(row, "foreigntotal"));
  const customer = row("entity");
  return {
    erp: { id: row("id"), number: row("tranid") === "" ? null : row("tranid") },
    externalId: row("externalid"),
    document: {
      customer: plan.expected.customer === customer ? customer : (externalIds.get(customer) ?? customer),
      legalEntity: lines?.subsidiary ?? null,
      currency: row("currency"),
      date: row("trandate"),
      total,
      tax: taxOf(total, compared),
      lines: compared,
    },
    payment: isInvoice
      ? paymentOf({
          total,
          openAmount: amountIn(row, "foreignamountunpaid"),
          isVoid: row("voided") === "T",
        })
      : null,
  };
}

/** NetSuite leaves out what is 0 or null. */
function amountIn(row: Row, column: string): string {
  const text = row(column) === "" ? "0" : row(column);
  if (!isJsonNumber(text)) throw new ErpFault("transient", `NetSuite's column ${column} holds no number`);
  return text;
}
