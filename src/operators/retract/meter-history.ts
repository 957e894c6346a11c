import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CompiledCatalog, CompiledMeter } from "../../billing/catalog/compiled.ts";

/** How a meter read events, from an epoch on. */
interface MeterReading {
  readonly meter: string;
  readonly sinceEpoch: number;
  readonly eventType: string;
  /** All that says which events a meter reads and what it finds in them. */
  readonly text: string;
}

type Row = [meter: string, sinceEpoch: number, eventType: string, text: string];

const READINGS_SPACE = "meter-readings";
const EPOCHS_SPACE = "meter-epochs";
const packr = new Packr({ useRecords: false });

/** How a meter reads an event of an epoch now: as it did then, not at all then, or otherwise. */
export const ReadThen = { same: 0, absent: 1, changed: 2 } as const;
export type ReadThen = (typeof ReadThen)[keyof typeof ReadThen];

/**
 * What meters read since when: a retraction has to be taken out of the meters that the event was counted in, which the
 * catalog in effect now alone does not tell. A catalog that reads some events otherwise begins an epoch.
 */
export class MeterHistory implements CheckpointParticipant {
  /** By meter, oldest first. */
  readonly #readings = new Map<string, MeterReading[]>();
  readonly #ordered: MeterReading[] = [];
  /** By epoch: usage sequence behind which it begins. */
  readonly #epochs: number[] = [];
  #savedReadings = 0;
  #savedEpochs = 0;

  /** Number of the epoch now; events that leave parking are read in it. */
  get epoch(): number {
    return this.#epochs.length - 1;
  }

  /** A catalog takes effect behind a usage sequence (or has done so before). */
  useCatalog(catalog: Pick<CompiledCatalog, "meters">, appliesAfter: number): void {
    const changed = [...catalog.meters.values()].filter(
      (meter) => this.#readings.get(meter.key)?.at(-1)?.text !== readingText(meter),
    );
    if (changed.length === 0) return;
    this.#epochs.push(appliesAfter);
    for (const meter of changed)
      this.#add({
        meter: meter.key,
        sinceEpoch: this.epoch,
        eventType: meter.eventType,
        text: readingText(meter),
      });
  }

  /** Epoch in which an event of the usage log was read for the first time. */
  epochOf(sequence: number): number {
    let epoch = this.#epochs.length - 1;
    while (epoch > 0 && this.#epochs[epoch]! >= sequence) epoch -= 1;
    return epoch;
  }

  /** How the meter reads events of an epoch. */
  readIn(meter: string, epoch: number): ReadThen {
    const readings = this.#readings.get(meter) ?? [];
    const reading = readings.findLast(({ sinceEpoch }) => sinceEpoch <= epoch);
    if (reading === undefined) return ReadThen.absent;
    return reading === readings.at(-1) ? ReadThen.same : ReadThen.changed;
  }

  /** Whether a meter that read events of a type in an epoch reads them otherwise since, or not any more. */
  anyChanged(eventType: string, epoch: number): boolean {
    for (const [meter, readings] of this.#readings) {
      const reading = readings.findLast(({ sinceEpoch }) => sinceEpoch <= epoch);
      if (reading?.eventType === eventType && this.readIn(meter, epoch) === ReadThen.changed) return true;
    }
    return false;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { value } of store.rows(READINGS_SPACE)) {
      const row: Row = packr.unpack(value);
      const [meter, sinceEpoch, eventType, text] = row;
      this.#add({ meter, sinceEpoch, eventType, text });
    }
    for (const { value } of store.rows(EPOCHS_SPACE)) {
      const appliesAfter: number = packr.unpack(value);
      this.#epochs.push(appliesAfter);
    }
    this.#savedReadings = this.#ordered.length;
    this.#savedEpochs = this.#epochs.length;
  }

  collectChanges(rows: StateRow[]): void {
    for (; this.#savedReadings < this.#ordered.length; this.#savedReadings += 1) {
      const { meter, sinceEpoch, eventType, text } = this.#ordered[this.#savedReadings]!;
      const row: Row = [meter, sinceEpoch, eventType, text];
      rows.push({ space: READINGS_SPACE, key: this.#savedReadings, value: packr.pack(row) });
    }
    for (; this.#savedEpochs < this.#epochs.length; this.#savedEpochs += 1) {
      const value = packr.pack(this.#epochs[this.#savedEpochs]);
      rows.push({ space: EPOCHS_SPACE, key: this.#savedEpochs, value });
    }
  }

  #add(reading: MeterReading): void {
    this.#ordered.push(reading);
    const known = this.#readings.get(reading.meter);
    if (known === undefined) this.#readings.set(reading.meter, [reading]);
    else known.push(reading);
  }
}

function readingText({
  eventType,
  aggregation,
  valueProperty,
  scale,
  groupBy,
  filters,
}: CompiledMeter): string {
  return JSON.stringify([
    eventType,
    aggregation,
    valueProperty ?? null,
    scale,
    groupBy.map(({ name, property }) => [name, property]),
    filters.map(({ property, anyOf }) => [property, [...anyOf].sort()]),
  ]);
}
