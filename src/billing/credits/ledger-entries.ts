import type { CreditSource } from "./grant-terms.ts";

/**
 * What an entry does to the balance of its grant: `grant` and `restore` (of credits whose use was undone) add, `burn`,
 * `expire` and `void` take away. `rollover` states the balance that goes on into a next term: it moves nothing.
 */
export type LedgerEntryKind = "grant" | "burn" | "restore" | "expire" | "rollover" | "void";

/** One line of an append-only credit ledger. */
export interface LedgerEntry {
  /** Name of the ledger and ordinal: the same whenever the same is booked again. */
  readonly id: string;
  /** 1, 2, 3 … within the ledger. */
  readonly ordinal: number;
  readonly kind: LedgerEntryKind;
  readonly timeMs: number;
  readonly grant: string;
  /** Not negative, in the ledger's unit. */
  readonly amount: bigint;
  /** What was used, for `burn` and `restore`. */
  readonly source: CreditSource | undefined;
}

/** What the entries of one grant, or of all, come to. granted = burned + expired + voided + balance. */
export interface LedgerTotals {
  granted: bigint;
  /** Burns without what was restored. */
  burned: bigint;
  expired: bigint;
  voided: bigint;
  balance: bigint;
}

/**
 * Folds a ledger from its first entry on: totals by grant, in the order of their first entries. Throws RangeError where it
 * is no ledger: entries missing or out of order, amounts or balances below 0, a rollover that names another balance.
 */
export function foldLedger(entries: Iterable<LedgerEntry>): ReadonlyMap<string, Readonly<LedgerTotals>> {
  const totals = new Map<string, LedgerTotals>();
  let ordinal = 0;
  let timeMs = -Infinity;
  for (const entry of entries) {
    ordinal += 1;
    const fault = (reason: string): RangeError =>
      new RangeError(`credit ledger entry ${entry.id}: ${reason}`);
    if (entry.ordinal !== ordinal) throw fault(`stands at place ${ordinal}`);
    if (entry.timeMs < timeMs) throw fault("is older than the one before");
    if (entry.amount < 0n) throw fault("has a negative amount");
    timeMs = entry.timeMs;
    let grant = totals.get(entry.grant);
    if (grant === undefined) {
      grant = { granted: 0n, burned: 0n, expired: 0n, voided: 0n, balance: 0n };
      totals.set(entry.grant, grant);
    }
    addEntry(grant, entry);
    if (entry.kind === "rollover" && entry.amount !== grant.balance)
      throw fault(`carries over ${entry.amount} of ${grant.balance}`);
    if (grant.balance < 0n || grant.burned < 0n) throw fault("takes more than there is");
  }
  return totals;
}

function addEntry(totals: LedgerTotals, { kind, amount }: LedgerEntry): void {
  switch (kind) {
    case "grant":
      totals.granted += amount;
      totals.balance += amount;
      break;
    case "burn":
      totals.burned += amount;
      totals.balance -= amount;
      break;
    case "restore":
      totals.burned -= amount;
      totals.balance += amount;
      break;
    case "expire":
      totals.expired += amount;
      totals.balance -= amount;
      break;
    case "void":
      totals.voided += amount;
      totals.balance -= amount;
      break;
    case "rollover":
      break;
  }
}
