import { Exact } from "../../billing/rating/exact.ts";
import type { PartitionStore } from "../../model/store.ts";
import { checkPartition, type BalanceCheck } from "../balance.ts";
import { unbilledOf, type ReportSource } from "../partition-report.ts";

/** A figure over all partitions, before the change of the partition count and behind it. */
export interface RepartitionFigure {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** Spaces of which each row goes to exactly one partition. */
const ROWS_THAT_MOVE = [
  "archive",
  "series-periods",
  "watched-usage",
  "watched-commitments",
  "watched-credits",
  "billed-contracts",
  "billed-periods",
  "credit-ledgers",
  "credit-entries",
  "documents-frozen",
  "documents",
  "journal",
  "corrected-documents",
  "retractions-waiting",
  "journal-blocks",
  "rejected-hours",
  "producers",
] as const;

/** Checks of one partition alone: what they compare is not added up over partitions. */
const OF_ONE_PARTITION: ReadonlySet<BalanceCheck["check"]> = new Set([
  "position = messages processed + lost in accepted gaps",
  "read = sum of outcomes",
] as const);

/**
 * The figures of all partitions of one count, added up one partition at a time: those that a change of the count must
 * not touch.
 */
export class RepartitionSums {
  readonly #sums = new Map<string, Exact>();
  /** Checks that do not hold in one of the partitions. */
  readonly failed: BalanceCheck[] = [];

  add(source: ReportSource & { readonly store: Pick<PartitionStore, "rows"> }): void {
    const { engine, store } = source;
    for (const check of checkPartition(source)) {
      if (!check.balanced) this.failed.push(check);
      if (OF_ONE_PARTITION.has(check.check)) continue;
      const [left, right] = check.check.split(" = ");
      const of = check.of === "" ? "" : ` (${check.of})`;
      this.#add(`${left}${of}`, check.left);
      this.#add(`${right ?? left}${of}, the other way`, check.right);
    }
    for (const counts of engine.regionCounts()) {
      const { region, read, accepted, duplicate, conflicting, rejected, parked, misrouted, late } = counts;
      // What is in the wrong partition is read once more in its own.
      const events = { read: read - misrouted, accepted, duplicate, conflicting, rejected, parked, late };
      for (const [name, count] of Object.entries(events))
        this.#add(`events ${name} (${region})`, String(count));
    }
    for (const [name, count] of Object.entries(engine.messageCounts()))
      this.#add(`messages: ${name}`, String(count));
    this.#add("cells in memory", String(engine.cells.size));
    const { unbilled, invoiced } = unbilledOf([source]);
    for (const { account, currency, amount } of unbilled)
      this.#add(`unbilled (${account} ${currency})`, amount);
    for (const { account, currency, amount } of invoiced)
      this.#add(`invoiced (${account} ${currency})`, amount);
    for (const period of engine.rater.pricePeriods())
      this.#add(`quantity in price periods (${period.meter})`, period.quantity.toString());
    // Customers are known to each partition that has documents of them.
    for (const { connection, kind, state } of engine.postings.book.entries())
      if (kind !== "customer") this.#add(`${kind} in ERPs (${connection} ${state})`, "1");
    this.#add("series", String(engine.series.count));
    for (const space of ROWS_THAT_MOVE) this.#add(`rows: ${space}`, String(countOf(store.rows(space))));
  }

  /** Figures of both counts, in the order of their names; those that are 0 on both sides are left out. */
  compare(after: RepartitionSums): RepartitionFigure[] {
    const names = [...new Set([...this.#sums.keys(), ...after.#sums.keys()])].sort();
    return names.flatMap((name) => {
      const figure = { name, before: this.#textOf(name), after: after.#textOf(name) };
      return figure.before === "0" && figure.after === "0" ? [] : [figure];
    });
  }

  #textOf(name: string): string {
    return (this.#sums.get(name) ?? new Exact(0)).toString();
  }

  #add(name: string, value: string): void {
    this.#sums.set(name, (this.#sums.get(name) ?? new Exact(0)).plus(value));
  }
}

function countOf(rows: Iterable<unknown>): number {
  let count = 0;
  for (const _ of rows) count += 1;
  return count;
}

/** Figures that are not the same on both sides. */
export function differencesOf(figures: readonly RepartitionFigure[]): readonly RepartitionFigure[] {
  return figures.filter(({ before, after }) => before !== after);
}
