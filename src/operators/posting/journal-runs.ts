import type { ErpDescription } from "../../model/erp-description.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import { journalKey, journalsOf, type PlannedJournal } from "../../billing/posting/posted-journal.ts";
import { startOfLocalDay } from "../../billing/zone-days.ts";
import type { CommandQueue } from "./command-queue.ts";
import type { DueMonth } from "./journal-sums.ts";
import type { PostingBook } from "./posting-book.ts";

export interface JournalRunsOptions {
  readonly book: PostingBook;
  readonly queue: CommandQueue;
  readonly partition: number;
  readonly descriptions: ReadonlyMap<string, ErpDescription>;
  readonly catalog: () => CompiledCatalog | undefined;
}

/** Makes journals of what was booked in months that have ended, behind their grace; what is booked later makes further ones. */
export class JournalRuns {
  readonly #options: JournalRunsOptions;

  constructor(options: JournalRunsOptions) {
    this.#options = options;
  }

  /** When the first journal is due: milliseconds since the epoch; Infinity where none will be. */
  nextMs(): number {
    let nextMs = Infinity;
    for (const month of this.#options.book.sums.months()) nextMs = Math.min(nextMs, this.#dueMs(month));
    return nextMs;
  }

  run(upToMs: number): void {
    const due = [...this.#options.book.sums.months()]
      .filter((month) => this.#dueMs(month) <= upToMs)
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    for (const month of due) this.#makeJournals(month);
  }

  #makeJournals(month: DueMonth): void {
    const { book, partition, descriptions, catalog } = this.#options;
    const { connection, legalEntity } = month;
    const adapter = catalog()?.posting.connection(connection)?.adapter ?? "";
    const reversesJournals = descriptions.get(adapter)?.reversesJournals === true;
    const keys: string[] = [];
    for (const planned of journalsOf(book.sums.take(month), reversesJournals)) {
      const { journal, month: ofMonth } = planned;
      const series = [connection, legalEntity, ofMonth, journal.currency].join("\u0000");
      const key = journalKey(journal, ofMonth, partition, book.nextJournal(series));
      keys.push(key);
      this.#post(connection, key, planned, keys);
    }
  }

  #post(
    connection: string,
    key: string,
    { journal, reverses }: PlannedJournal,
    keys: readonly string[],
  ): void {
    const { legalEntity, currency, date: day } = journal;
    const reversed = reverses === undefined ? undefined : keys[reverses];
    this.#options.queue.post(
      {
        connection,
        key,
        orderKey: key,
        after: reversed === undefined ? [] : [reversed],
        day,
        paymentDays: undefined,
        document: { ...journal, reverses: reversed ?? null },
      },
      { legalEntity, currency, customer: "", account: "", dueDate: undefined, amount: undefined },
    );
  }

  /** Behind the month's end and grace; never where it can't be told how the ERP takes journals. */
  #dueMs({ connection: key, legalEntity, dueMonth }: DueMonth): number {
    const { catalog: current, descriptions } = this.#options;
    const catalog = current();
    const entity = catalog?.legalEntities.get(legalEntity);
    const connection = catalog?.posting.connection(key);
    if (catalog === undefined || entity === undefined || connection === undefined) return Infinity;
    if (!descriptions.has(connection.adapter)) return Infinity;
    const [year = 0, month = 0] = dueMonth.split("-").map(Number);
    return startOfLocalDay(entity.time_zone, year, month + 1, 1) + catalog.settings.graceMs;
  }
}

function nameOf({ connection, legalEntity, dueMonth }: DueMonth): string {
  return [connection, legalEntity, dueMonth].join("\u0000");
}
