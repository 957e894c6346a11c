import { Packr } from "msgpackr";
import type { CloseScope, PeriodSignedOffRecord } from "../../model/control.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";

const SPACE = "periods-signed-off";

/** A period that was signed off. */
export interface SignedOffPeriod extends CloseScope {
  /** Place of the record in the control log. */
  readonly sequence: number;
  readonly decidedAt: string;
  readonly actor: string;
  /** Lines of the partition were open. */
  readonly override: boolean;
}

const packr = new Packr({ useRecords: false });
type Row = [
  legalEntity: string,
  from: string,
  to: string,
  sequence: number,
  decidedAt: string,
  actor: string,
  override: boolean,
];

/**
 * The periods that were signed off, some a year and legal entity. What is booked for their days afterwards is booked on the
 * first open day: an entry of a closed period never appears behind its sign-off.
 */
export class ClosedPeriods implements CheckpointParticipant {
  /** In the order of their sign-offs; a row's key is its place here. */
  readonly #periods: SignedOffPeriod[] = [];
  /** First day of a legal entity that is open. */
  readonly #firstOpenDays = new Map<string, string>();
  #savedCount = 0;

  restore(store: Pick<PartitionStore, "rows">): void {
    for (const { value } of store.rows(SPACE)) {
      const [legalEntity, from, to, sequence, decidedAt, actor, override]: Row = packr.unpack(value);
      this.#add({ legalEntity, from, to, sequence, decidedAt, actor, override });
    }
    this.#savedCount = this.#periods.length;
  }

  collectChanges(rows: StateRow[]): void {
    for (; this.#savedCount < this.#periods.length; this.#savedCount++) {
      const period = this.#periods[this.#savedCount];
      if (period === undefined) return;
      const { legalEntity, from, to, sequence, decidedAt, actor, override } = period;
      const row: Row = [legalEntity, from, to, sequence, decidedAt, actor, override];
      rows.push({ space: SPACE, key: this.#savedCount, value: packr.pack(row) });
    }
  }

  signOff(sequence: number, record: PeriodSignedOffRecord): void {
    const { legalEntity, from, to, decidedAt, actor, open } = record;
    this.#add({ legalEntity, from, to, sequence, decidedAt, actor, override: open.length > 0 });
  }

  /** In the order of their sign-offs. */
  entries(): readonly SignedOffPeriod[] {
    return this.#periods;
  }

  /** First day of a legal entity that no sign-off has closed, YYYY-MM-DD; undefined where none was signed off. */
  firstOpenDay(legalEntity: string): string | undefined {
    return this.#firstOpenDays.get(legalEntity);
  }

  /** The entry, or where its day is closed the same one on the first open day, with the day that it is of in its memo. */
  inOpenPeriod(entry: JournalEntry): JournalEntry {
    const firstOpenDay = this.#firstOpenDays.get(entry.legalEntity);
    if (firstOpenDay === undefined || entry.date >= firstOpenDay) return entry;
    return { ...entry, date: firstOpenDay, memo: `${entry.memo} (of ${entry.date}, closed)` };
  }

  #add(period: SignedOffPeriod): void {
    this.#periods.push(period);
    const { legalEntity, to } = period;
    const known = this.#firstOpenDays.get(legalEntity);
    if (known === undefined || known < to) this.#firstOpenDays.set(legalEntity, to);
  }
}
