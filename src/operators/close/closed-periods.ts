import { Packr } from "msgpackr";
import type { CloseScope, PeriodReopenedRecord, PeriodSignedOffRecord } from "../../model/control.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";
import { EntityCalendar, type PeriodFault } from "./entity-calendar.ts";

const SPACE = "periods-signed-off";

/** A period that was signed off. */
export interface SignedOffPeriod extends CloseScope {
  /** Place of the record in the control log. */
  readonly sequence: number;
  readonly decidedAt: string;
  readonly actor: string;
  /** Lines of the partition were open; of a reopening: later periods were signed off. */
  readonly override: boolean;
}

/** A sign-off or a reopening, in the order in which they were decided. */
type Decided = SignedOffPeriod & { readonly reopens: boolean };

const packr = new Packr({ useRecords: false });
type Row = [
  legalEntity: string,
  from: string,
  to: string,
  sequence: number,
  decidedAt: string,
  actor: string,
  override: boolean,
  /** Left out of sign-offs. */
  reopens?: true,
];

/**
 * The periods that were signed off, some a year and legal entity. What is booked for their days afterwards is booked on the
 * first open day behind: an entry of a closed period never appears behind its sign-off, unless the period is opened again.
 */
export class ClosedPeriods implements CheckpointParticipant {
  /** A row's key is its place here. */
  readonly #decided: Decided[] = [];
  readonly #calendars = new Map<string, EntityCalendar>();
  #savedCount = 0;

  restore(store: Pick<PartitionStore, "rows">): void {
    for (const { value } of store.rows(SPACE)) {
      const row: Row = packr.unpack(value);
      const [legalEntity, from, to, sequence, decidedAt, actor, override, reopens = false] = row;
      this.#add({ legalEntity, from, to, sequence, decidedAt, actor, override, reopens });
    }
    this.#savedCount = this.#decided.length;
  }

  collectChanges(rows: StateRow[]): void {
    for (; this.#savedCount < this.#decided.length; this.#savedCount++) {
      const decided = this.#decided[this.#savedCount];
      if (decided === undefined) return;
      const { legalEntity, from, to, sequence, decidedAt, actor, override, reopens } = decided;
      const row: Row = [legalEntity, from, to, sequence, decidedAt, actor, override];
      if (reopens) row.push(true);
      rows.push({ space: SPACE, key: this.#savedCount, value: packr.pack(row) });
    }
  }

  signOff(sequence: number, record: PeriodSignedOffRecord): void {
    const { legalEntity, from, to, decidedAt, actor, open } = record;
    const override = open.length > 0;
    this.#add({ legalEntity, from, to, sequence, decidedAt, actor, override, reopens: false });
  }

  reopen(sequence: number, record: PeriodReopenedRecord): void {
    const { legalEntity, from, to, decidedAt, actor, override } = record;
    this.#add({ legalEntity, from, to, sequence, decidedAt, actor, override, reopens: true });
  }

  /** Sign-offs that are in effect, in their order. */
  entries(): readonly SignedOffPeriod[] {
    return [...this.#calendars.values()]
      .flatMap((calendar) => calendar.signedOff())
      .sort((a, b) => a.sequence - b.sequence);
  }

  /** The sign-off by which all days of a period are closed; undefined where one of them is open. */
  signOffOf(scope: CloseScope): SignedOffPeriod | undefined {
    return this.#calendars.get(scope.legalEntity)?.signOffOf(scope);
  }

  /** Why a period can't be signed off; undefined where it can. */
  signOffFault(scope: CloseScope): PeriodFault | undefined {
    return this.#calendars.get(scope.legalEntity)?.signOffFault(scope);
  }

  /** Why a period can't be opened again; undefined where it can. */
  reopenFault(scope: CloseScope, override: boolean): PeriodFault | undefined {
    const calendar = this.#calendars.get(scope.legalEntity) ?? new EntityCalendar();
    return calendar.reopenFault(scope, override);
  }

  /** The entry, or where its day is closed the same one on the next open day, with the day that it is of in its memo. */
  inOpenPeriod(entry: JournalEntry): JournalEntry {
    const openDay = this.#calendars.get(entry.legalEntity)?.openDay(entry.date) ?? entry.date;
    if (openDay === entry.date) return entry;
    return { ...entry, date: openDay, memo: `${entry.memo} (of ${entry.date}, closed)` };
  }

  #add(decided: Decided): void {
    this.#decided.push(decided);
    const { legalEntity, reopens, ...period } = decided;
    const calendar = this.#calendars.get(legalEntity) ?? new EntityCalendar();
    this.#calendars.set(legalEntity, calendar);
    if (reopens) calendar.reopen(period);
    else calendar.signOff({ legalEntity, ...period });
  }
}
