import { TributaryError } from "../../model/errors.ts";

/**
 * Accounts of the subledger, by role; an ERP's accounts are mapped to them where its journals are posted.
 * - `unbilled-receivable` (asset): usage that is earned and not invoiced, at the end of an accounting month.
 * - `receivable` (asset): invoiced and to be paid.
 * - `revenue` (income), `adjustments` (income): charges; corrections of periods that were invoiced before.
 * - `deferred-revenue` (liability): fees that were invoiced before their service period.
 * - `credits` (liability): prepaid credits that can still be used.
 * - `credits-granted` (contra account of `credits`): what was granted; settled by what customers paid for it elsewhere.
 * - `credits-expired` (income): credits that ended unused.
 * - `tax-payable` (liability).
 * - `currency-rounding` (expense): what is left when each posting of an entry is rounded in the functional currency.
 */
export const LEDGER_ACCOUNTS = [
  "unbilled-receivable",
  "receivable",
  "revenue",
  "adjustments",
  "deferred-revenue",
  "credits",
  "credits-granted",
  "credits-expired",
  "tax-payable",
  "currency-rounding",
] as const;
export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

/** What happened. */
export type EntryKind = "document" | "accrual" | "accrual-reversal" | "release" | "credits" | "void";

/** A posting to one account: minor units, debits positive, credits negative. */
export interface Posting {
  readonly account: LedgerAccount;
  readonly amount: bigint;
  /** Product whose accounting dimensions apply; "" for none. */
  readonly product: string;
  /** The same in minor units of the functional currency, where the entry has one. */
  readonly functional?: bigint;
}

/** The currency that a legal entity keeps its books in, where a contract's is another one. */
export interface EntryFunctional {
  readonly currency: string;
  /** Decimal; undefined where the postings are at rates of earlier entries (a release of deferred revenue). */
  readonly rate: string | undefined;
  /** Day of the rate, YYYY-MM-DD. */
  readonly rateDate: string | undefined;
}

/** One booking. The postings of an entry add up to 0: what is debited is credited. */
export interface JournalEntry {
  readonly kind: EntryKind;
  /** Accounting date: a calendar day, YYYY-MM-DD, in the time zone of the legal entity. */
  readonly date: string;
  readonly memo: string;
  readonly legalEntity: string;
  readonly currency: string;
  readonly contract: string;
  /** Document that it books; undefined for entries without one. */
  readonly document: string | undefined;
  /** Undefined where the legal entity has no other currency than the entry's. */
  readonly functional?: EntryFunctional;
  readonly postings: readonly Posting[];
}

/**
 * An entry of postings, those of one account and product added up, those of 0 left out; undefined where nothing is left.
 * Throws `books-unbalanced` where they don't add up to 0.
 */
export function journalEntry(
  head: Omit<JournalEntry, "postings">,
  postings: Iterable<Posting>,
): JournalEntry | undefined {
  const sums = new Map<string, { -readonly [Key in keyof Posting]: Posting[Key] }>();
  let total = 0n;
  let functionalTotal = 0n;
  for (const posting of postings) {
    const { account, amount, product, functional } = posting;
    total += amount;
    functionalTotal += functional ?? 0n;
    const key = `${LEDGER_ACCOUNTS.indexOf(account)} ${product}`;
    const known = sums.get(key);
    if (known === undefined) sums.set(key, { ...posting });
    else {
      known.amount += amount;
      if (functional !== undefined) known.functional = (known.functional ?? 0n) + functional;
    }
  }
  if (total !== 0n || functionalTotal !== 0n) {
    throw new TributaryError("books-unbalanced", `A journal entry does not balance: ${head.memo}.`, {
      details: {
        memo: head.memo,
        difference: total.toString(),
        functionalDifference: functionalTotal.toString(),
      },
    });
  }
  const left = [...sums.values()].filter(({ amount, functional = 0n }) => amount !== 0n || functional !== 0n);
  return left.length === 0 ? undefined : { ...head, postings: left };
}
