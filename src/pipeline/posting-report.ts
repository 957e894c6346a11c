import type { ErpReference } from "../model/posting.ts";
import { currencyExponent } from "../billing/rating/currencies.ts";
import { formatMinorUnits } from "../billing/rating/money.ts";
import { daysBetween } from "../operators/posting/payments.ts";
import type { Posting, PostingStatus } from "../operators/posting/posting-row.ts";
import type { ReportSource } from "./partition-report.ts";

type PostingSource = Pick<ReportSource, "partition" | "engine">;

/** A document in an ERP connection, for people and programs; amounts are decimal strings. */
export interface PostingReportRow {
  readonly partition: number;
  readonly connection: string;
  readonly key: string;
  readonly kind: Posting["kind"];
  readonly legalEntity: string;
  readonly customer: string;
  readonly account: string;
  readonly day: string;
  readonly dueDate: string | null;
  readonly currency: string;
  /** Of a credit memo negative; null where it has none. */
  readonly amount: string | null;
  readonly state: PostingStatus;
  readonly revision: number;
  readonly reason: string | null;
  readonly code: string | null;
  readonly message: string | null;
  /** What the mapping lacks, of one that waits. */
  readonly missing: readonly string[];
  readonly erp: ErpReference | null;
  readonly payment: { readonly status: string; readonly openAmount: string } | null;
  readonly dunning: string | null;
}

/** All documents in all connections, by connection, then in the order in which each partition made them. */
export function postingsOf(sources: readonly PostingSource[]): PostingReportRow[] {
  const rows = sources.flatMap(({ partition, engine }) =>
    [...engine.postings.book.entries()].map((posting) => postingRow(partition, posting)),
  );
  return rows.sort((a, b) => (a.connection < b.connection ? -1 : a.connection > b.connection ? 1 : 0));
}

function postingRow(partition: number, posting: Readonly<Posting>): PostingReportRow {
  const { connection, key, kind, legalEntity, customer, account, day, currency, state, revision } = posting;
  const { dueDate, amount, reason, code, message, missing, erp, payment, dunning } = posting;
  return {
    partition,
    connection,
    key,
    kind,
    legalEntity,
    customer,
    account,
    day,
    dueDate: dueDate ?? null,
    currency,
    amount: amount === undefined ? null : money(amount, currency),
    state,
    revision,
    reason: reason ?? null,
    code: code ?? null,
    message: message ?? null,
    missing,
    erp: erp ?? null,
    payment:
      payment === undefined ? null : { status: payment.status, openAmount: money(payment.open, currency) },
    dunning: dunning ?? null,
  };
}

/** Documents of a connection in one state. */
export interface PostingFigure {
  readonly connection: string;
  readonly state: PostingStatus;
  readonly documents: number;
  /** What they come to, by currency: of invoices and credit memos alone. */
  readonly amounts: Readonly<Record<string, string>>;
  /** Day of the oldest, YYYY-MM-DD. */
  readonly oldestDay: string;
}

/** By connection and state. */
export function postingFigures(sources: readonly PostingSource[]): PostingFigure[] {
  type Sum = { documents: number; amounts: Map<string, bigint>; oldestDay: string };
  const sums = new Map<string, Sum & Pick<PostingFigure, "connection" | "state">>();
  for (const { engine } of sources)
    for (const { connection, state, currency, amount, day } of engine.postings.book.entries()) {
      const name = `${connection}\u0000${state}`;
      let sum = sums.get(name);
      if (sum === undefined) {
        sum = { connection, state, documents: 0, amounts: new Map(), oldestDay: day };
        sums.set(name, sum);
      }
      sum.documents += 1;
      if (day < sum.oldestDay) sum.oldestDay = day;
      if (amount !== undefined) sum.amounts.set(currency, (sum.amounts.get(currency) ?? 0n) + amount);
    }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { amounts, ...figure }]) => ({
      ...figure,
      amounts: Object.fromEntries(
        [...amounts]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([currency, amount]) => [currency, money(amount, currency)]),
      ),
    }));
}

/** Days past due from which on an open amount is in a bucket; the first holds what is not due yet. */
export const AGING_BUCKETS = [
  { name: "current", fromDays: -Infinity },
  { name: "1-30", fromDays: 1 },
  { name: "31-60", fromDays: 31 },
  { name: "61-90", fromDays: 61 },
  { name: "over-90", fromDays: 91 },
] as const;
export type AgingBucket = (typeof AGING_BUCKETS)[number]["name"];

/** Open invoices of a connection in one currency. Amounts are decimal strings. */
export interface AgingRow {
  readonly connection: string;
  readonly currency: string;
  readonly invoices: number;
  readonly buckets: Readonly<Record<AgingBucket, string>>;
  readonly open: string;
  /** Open amounts by stage of dunning; without those in none. */
  readonly dunning: Readonly<Record<string, string>>;
}

/**
 * What is open of the invoices that an ERP has, by days past due.
 * @param day as of which, YYYY-MM-DD
 */
export function agingOf(sources: readonly PostingSource[], day: string): AgingRow[] {
  const sums = new Map<string, { rows: { days: number; open: bigint; dunning: string | undefined }[] }>();
  for (const { engine } of sources) {
    const { book } = engine.postings;
    for (const number of book.unpaid()) {
      const { connection, currency, dueDate, payment, dunning } = book.at(number);
      if (dueDate === undefined || payment === undefined) continue;
      const name = `${connection}\u0000${currency}`;
      const sum = sums.get(name) ?? { rows: [] };
      sums.set(name, sum);
      sum.rows.push({ days: daysBetween(dueDate, day), open: payment.open, dunning });
    }
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { rows }]): AgingRow => {
      const [connection = "", currency = ""] = name.split("\u0000");
      const total = (of: readonly { readonly open: bigint }[]): string =>
        money(
          of.reduce((all, { open }) => all + open, 0n),
          currency,
        );
      const inBucket = (bucket: AgingBucket) => total(rows.filter(({ days }) => bucketOf(days) === bucket));
      const stages = [...new Set(rows.flatMap(({ dunning }) => dunning ?? []))].sort();
      return {
        connection,
        currency,
        invoices: rows.length,
        buckets: {
          current: inBucket("current"),
          "1-30": inBucket("1-30"),
          "31-60": inBucket("31-60"),
          "61-90": inBucket("61-90"),
          "over-90": inBucket("over-90"),
        },
        open: total(rows),
        dunning: Object.fromEntries(
          stages.map((stage) => [stage, total(rows.filter(({ dunning }) => dunning === stage))]),
        ),
      };
    });
}

function bucketOf(daysPastDue: number): AgingBucket {
  return AGING_BUCKETS.findLast(({ fromDays }) => daysPastDue >= fromDays)?.name ?? "current";
}

function money(minorUnits: bigint, currency: string): string {
  return formatMinorUnits(minorUnits, currencyExponent(currency) ?? 0);
}
