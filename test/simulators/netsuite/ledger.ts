import type { TimedRequest } from "../common/request-log.ts";
import { isNumberText, plainText } from "../exact-numbers.ts";
import { openAmount, referenceId, type Fields, type RecordStore, type StoredRecord } from "./record-store.ts";
import { statusOf } from "./record-view.ts";

/** A record as tests look at it: numbers are decimal texts, references ids. */
export interface LedgerRecord {
  readonly type: string;
  readonly id: string;
  readonly externalId: string | null;
  /** How often it was written: more than once where somebody posted again. */
  readonly commits: number;
  readonly status: string;
  readonly subtotal: string;
  readonly taxTotal: string;
  readonly total: string;
  readonly openAmount: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sublists: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly applications: readonly { readonly doc: string; readonly amount: string }[];
  readonly reversalOf: string | null;
  readonly reversedBy: string | null;
}

export interface LoggedRequest extends TimedRequest {
  readonly code: string | null;
}

export interface Ledger {
  readonly records: readonly LedgerRecord[];
  /** The most requests that were worked on at once; those of other integrations count. */
  readonly highestConcurrency: number;
  /** Requests that were refused for the limit of the pool. */
  readonly refusedForConcurrency: number;
  readonly requests: readonly LoggedRequest[];
  /** Why logins were refused. */
  readonly loginAudit: readonly string[];
}

export function ledgerRecords(store: RecordStore): LedgerRecord[] {
  return [...store.all()].map((record) => ledgerRecord(record, store));
}

export function ledgerRecord(record: StoredRecord, store: RecordStore): LedgerRecord {
  const { type, id, externalId, commits, totals, applications, reversalOf, reversedBy } = record;
  return {
    type,
    id,
    externalId,
    commits,
    status: statusOf(record, store).id,
    ...totals,
    openAmount: plainText(openAmount(store, record)),
    fields: plainFields(record.fields),
    sublists: Object.fromEntries(
      Object.entries(record.sublists).map(([name, lines]) => [name, lines.map(plainFields)]),
    ),
    applications,
    reversalOf,
    reversedBy,
  };
}

function plainFields(fields: Fields): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (isNumberText(value)) return [name, value.$number];
      if (typeof value !== "object") return [name, value];
      return [name, referenceId(value) ?? plainFields({ ...value })];
    }),
  );
}
