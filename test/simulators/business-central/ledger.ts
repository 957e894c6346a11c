import type { Environment } from "./environment.ts";
import { RECORD_SETS, type RecordSet, type Store } from "./store.ts";
import type { Values } from "./body-check.ts";

/** A record as tests look at it: numbers are decimal texts. */
export interface LedgerRecord {
  readonly set: RecordSet;
  readonly company: string;
  readonly id: string;
  readonly values: Values;
  readonly lines: readonly {
    readonly values: Values;
    readonly dimensions: Readonly<Record<string, string>>;
  }[];
  readonly applied: string;
}

export interface LoggedRequest {
  readonly at: string;
  readonly method: string;
  /** Behind "…/api/v2.0/", with the query; it has no secrets. */
  readonly path: string;
  /** 0: the connection was broken. */
  readonly status: number;
  readonly code: string | null;
  readonly elapsedMs: number;
}

export interface Ledger {
  readonly records: readonly LedgerRecord[];
  readonly highestConcurrency: number;
  /** Requests that were refused because there were too many. */
  readonly refusedForLimits: number;
  readonly requests: readonly LoggedRequest[];
  readonly issuedTokens: number;
  /** Requests that no right sender makes: misspelt fields, values of another kind, questions that aren't understood. */
  readonly wrongRequests: readonly string[];
}

export function ledgerRecords(store: Store, { companies }: Environment): LedgerRecord[] {
  return companies.flatMap(({ id: company }) =>
    RECORD_SETS.flatMap((set) =>
      [...store.all(set, company)].map(({ id, values, lines, applied }) => ({
        set,
        company,
        id,
        values,
        lines: lines.map((line) => ({ values: line.values, dimensions: line.dimensions })),
        applied,
      })),
    ),
  );
}
