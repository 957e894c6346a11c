import { decide, type RetractedEvent } from "../../model/event-batch.ts";
import type { MessageDecoder } from "../../model/event-batch.ts";
import type { LogMessage } from "../../model/log.ts";
import { Outcome, reasonCode } from "../../model/outcome.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import type { FirstPlace, UsageItem, WaitingRetraction } from "../stage.ts";
import { regionOf } from "../../model/content-types.ts";
import type { WindowLifecycle } from "../window/window-lifecycle.ts";
import { keyBytes, keyText } from "./key-text.ts";
import { MeterHistory, ReadThen } from "./meter-history.ts";
import { TakeOut, type TakeOutOptions } from "./take-out.ts";
import { entriesOf, type TakenEntry } from "./taken-entries.ts";
import { TargetBook, TargetState, type Target } from "./target-book.ts";
import { WaitingRetractions } from "./waiting-retractions.ts";

const TARGET_UNKNOWN = reasonCode("target-unknown");
const TARGET_DIFFERS = reasonCode("target-differs");
const TARGET_NOT_COUNTED = reasonCode("target-not-counted");
const ALREADY_RETRACTED = reasonCode("already-retracted");
const METER_CHANGED = reasonCode("meter-changed");

export interface RetractorOptions extends TakeOutOptions {
  readonly decoder: Pick<MessageDecoder, "eventText">;
}

/** Entries of a row in the item's targets: [from, to). */
export interface RowEntries {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Takes accepted events back. A retraction carries the event that it names, so that nothing has to be read again: where
 * the checksum of that is the one that the event's key was stored with, its values are those that were counted.
 *
 * A retraction has an outcome like every event. It is accepted when all that its event has added is taken out; it is
 * parked while its event is still to come; else it is rejected. Everything is decided in the order of the log.
 */
export class Retractor implements CheckpointParticipant {
  readonly targets = new TargetBook();
  readonly waiting = new WaitingRetractions();
  readonly #history = new MeterHistory();
  readonly #takeOut: TakeOut;
  readonly #decoder: RetractorOptions["decoder"];
  #maxAgeMs = Infinity;
  /** No waiting retraction is to be given up before this arrival. */
  #nextExpiryMs = Infinity;

  constructor(options: RetractorOptions) {
    this.#takeOut = new TakeOut(options);
    this.#decoder = options.decoder;
  }

  /** A catalog takes effect behind a usage sequence; also the one that was in effect at the checkpoint. */
  useCatalog(catalog: CompiledCatalog, appliesAfter: number, lifecycle: WindowLifecycle): void {
    this.#history.useCatalog(catalog, appliesAfter);
    this.targets.setHorizon(catalog.settings.dedupeHorizonMs);
    this.#takeOut.setLifecycle(lifecycle);
    this.#maxAgeMs = catalog.settings.maxAgeMs;
    this.#scheduleExpiry();
  }

  /** Decides a retraction that has just come in. */
  retract(item: UsageItem, entries: RowEntries): void {
    const { row } = entries;
    const { batch } = item.run;
    const retraction = batch.retractions.get(row);
    if (retraction === undefined) throw new RangeError("a row that is no retraction");
    const found = item.foundTargets.get(row);
    const target = this.targets.of(keyText(retraction.key));
    const place = placeOf(item, row);
    // Dedupe has looked at later rows of the batch: what stands behind this one is still to come.
    const isThere = found !== undefined && isBefore(found, place);
    if (!isThere || (target?.state === TargetState.parked && found.isSame)) {
      this.#wait(item, row, retraction, isThere);
      return;
    }
    const reason = found.isSame
      ? (reasonAgainst(target) ?? this.#takeFound(item, entries, found, target))
      : TARGET_DIFFERS;
    if (reason !== 0) {
      decide(batch, row, Outcome.rejected, reason);
      return;
    }
    this.targets.set(retraction.key, 0, arrivalOf(item, row), { state: TargetState.retracted, by: place });
  }

  /** Settles what waits for an event that has just been accepted. */
  accepted(item: UsageItem, { row, from, to }: RowEntries): void {
    const { batch } = item.run;
    if (item.unparked) {
      this.targets.set(batch.key, row * 4, arrivalOf(item, row), {
        state: TargetState.unparked,
        epoch: this.#history.epoch,
      });
    }
    if (this.waiting.size === 0) return;
    let isTaken = false;
    for (const retraction of this.waiting.take(keyText(batch.key, row * 4))) {
      let reason = ALREADY_RETRACTED;
      if (!isSameChecksum(retraction, batch.checksum, row)) reason = TARGET_DIFFERS;
      else if (!isTaken)
        reason = this.#takeOut.take(entriesOf(batch, item.targets, from, to, placeOf(item, row)));
      if (reason === 0) {
        isTaken = true;
        const { sequence, index } = retraction;
        this.targets.set(batch.key, row * 4, arrivalOf(item, row), {
          state: TargetState.retracted,
          by: { sequence, index },
        });
      }
      settle(item, row, retraction, reason);
    }
  }

  /** An event whose id is used is not counted, for now or for good. */
  notCounted(item: UsageItem, row: number, isParked: boolean): void {
    const { batch } = item.run;
    const state = isParked ? TargetState.parked : TargetState.refused;
    this.targets.set(batch.key, row * 4, arrivalOf(item, row), { state });
    if (isParked || this.waiting.size === 0) return;
    for (const retraction of this.waiting.take(keyText(batch.key, row * 4)))
      settle(item, row, retraction, TARGET_NOT_COUNTED);
  }

  /** Gives up what waits for events that would be too old by now; called with every row while something waits. */
  expire(item: UsageItem, row: number): void {
    const arrivalMs = arrivalOf(item, row);
    if (arrivalMs < this.#nextExpiryMs) return;
    for (const retraction of this.waiting.list()) {
      if (arrivalMs - retraction.timeMs <= this.#maxAgeMs || this.#isParked(retraction.key)) continue;
      this.waiting.takeOne(retraction);
      settle(item, row, retraction, TARGET_UNKNOWN);
    }
    this.#scheduleExpiry();
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.targets.restore(store);
    this.waiting.restore(store);
    this.#history.restore(store);
  }

  collectChanges(rows: StateRow[]): void {
    this.targets.collectChanges(rows);
    this.waiting.collectChanges(rows);
    this.#history.collectChanges(rows);
  }

  #takeFound(
    item: UsageItem,
    { row, from, to }: RowEntries,
    found: FirstPlace,
    target: Target | undefined,
  ): number {
    const { batch } = item.run;
    const epoch = target?.epoch ?? this.#history.epochOf(found.sequence);
    if (this.#history.anyChanged(batch.types[batch.type[row] ?? 0] ?? "", epoch)) return METER_CHANGED;
    const entries: TakenEntry[] = [];
    for (const entry of entriesOf(batch, item.targets, from, to, found)) {
      const then = this.#history.readIn(entry.meter.key, epoch);
      if (then === ReadThen.changed) return METER_CHANGED;
      // Meters that were added since have not counted the event.
      if (then === ReadThen.same) entries.push(entry);
    }
    return this.#takeOut.take(entries);
  }

  #wait(item: UsageItem, row: number, retraction: RetractedEvent, isThere: boolean): void {
    const { batch } = item.run;
    const timeMs = batch.timeMs[row] ?? 0;
    const arrivalMs = arrivalOf(item, row);
    if (!isThere && arrivalMs - timeMs > this.#maxAgeMs) {
      decide(batch, row, Outcome.rejected, TARGET_UNKNOWN);
      return;
    }
    decide(batch, row, Outcome.parked, TARGET_UNKNOWN);
    const message = messageOf(item, row);
    const { sequence, index } = placeOf(item, row);
    this.waiting.add({
      ...retraction,
      ownKey: keyBytes(batch.key, row * 4),
      sequence,
      index,
      region: regionOf(message.subject) ?? "",
      arrivalMs,
      contentType: message.contentType,
      timeMs,
      text: this.#decoder.eventText(message, index),
    });
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, timeMs + this.#maxAgeMs + 1);
  }

  #scheduleExpiry(): void {
    this.#nextExpiryMs = Infinity;
    for (const { key, timeMs } of this.waiting.list()) {
      if (this.#isParked(key)) continue;
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, timeMs + this.#maxAgeMs + 1);
    }
  }

  /** A parked event is tried again whatever its age. */
  #isParked(key: Uint32Array): boolean {
    return this.targets.of(keyText(key))?.state === TargetState.parked;
  }
}

/** Why an event that is there can't be taken back by a further retraction; undefined where it can. */
function reasonAgainst(target: Target | undefined): number | undefined {
  if (target?.state === TargetState.retracted) return ALREADY_RETRACTED;
  return target?.state === TargetState.refused ? TARGET_NOT_COUNTED : undefined;
}

function settle(item: UsageItem, row: number, retraction: WaitingRetraction, reason: number): void {
  const known = item.settledRetractions.get(row);
  if (known === undefined) item.settledRetractions.set(row, [{ retraction, reason }]);
  else known.push({ retraction, reason });
}

function isSameChecksum(retraction: RetractedEvent, checksum: Uint32Array, row: number): boolean {
  return retraction.checksumLow === checksum[2 * row] && retraction.checksumHigh === checksum[2 * row + 1];
}

function isBefore(a: FirstPlace, b: FirstPlace): boolean {
  return a.sequence < b.sequence || (a.sequence === b.sequence && a.index < b.index);
}

function messageOf({ run: { batch } }: UsageItem, row: number): LogMessage {
  const message = batch.messages[batch.message[row] ?? 0];
  if (message === undefined) throw new RangeError("a row without a message");
  return message;
}

function placeOf(item: UsageItem, row: number): FirstPlace {
  return { sequence: messageOf(item, row).sequence, index: item.run.batch.index[row] ?? 0 };
}

function arrivalOf(item: UsageItem, row: number): number {
  return messageOf(item, row).arrivalMs;
}
