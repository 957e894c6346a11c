import type { OracleClient } from "./client.ts";
import { isImported, type TransactionPlan } from "./plan.ts";
import { quoted, readAll } from "./resources.ts";
import {
  isReferredToAs,
  readTransaction,
  type TransactionRecord,
  TRANSACTION_RESOURCES,
} from "./transaction-records.ts";

/** How a transaction is found: by its number in its source, which Oracle keeps unique, and by the reference that only ours have. */
export interface TransactionKey {
  readonly number: string;
  readonly source: string;
  readonly externalId: string;
  /** Whether the reference is looked for in notes as well. */
  readonly isImported: boolean;
}

export function transactionKey(plan: TransactionPlan): TransactionKey {
  const { externalId, request } = plan;
  return { externalId, number: request.number, source: request.source, isImported: isImported(plan) };
}

export function isOfKey(record: TransactionRecord, { number, source, externalId }: TransactionKey): boolean {
  return isReferredToAs(record, externalId) || (record.number === number && record.source === source);
}

/** All records of some keys, complete or not. */
export async function findTransactions(
  client: OracleClient,
  kind: "invoice" | "credit-memo",
  keys: readonly TransactionKey[],
  signal: AbortSignal,
): Promise<readonly TransactionRecord[]> {
  if (keys.length === 0) return [];
  const resource = TRANSACTION_RESOURCES[kind];
  const conditions = keys.map(({ number, source, externalId, isImported: hasNotes }) =>
    [
      `((TransactionNumber=${quoted(number)} and TransactionSource=${quoted(source)})`,
      `CrossReference=${quoted(externalId)}${hasNotes ? ` or InternalNotes=${quoted(externalId)}` : ""})`,
    ].join(" or "),
  );
  const items = await readAll(client, {
    operation: `read-${kind}s`,
    path: resource.path,
    q: conditions.join(" or "),
    parameters: {
      expand: `${resource.lines}.${resource.taxLines}`,
      orderBy: "CustomerTransactionId:asc",
    },
    signal,
  });
  const records: TransactionRecord[] = [];
  for (const item of items) records.push(await readTransaction(client, resource, item, signal));
  return records;
}
