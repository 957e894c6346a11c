import type { TimedRequest } from "../common/request-log.ts";
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

/** Its path begins behind "…/api/v2.0/". */
export interface LoggedRequest extends TimedRequest {
  readonly code: string | null;
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
