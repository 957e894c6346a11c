import { tap, type MonoTypeOperatorFunction } from "rxjs";
import { regionOf as regionOfSubject } from "../model/content-types.ts";
import type { EventBatch, MessageDecoder } from "../model/event-batch.ts";
import type { LogMessage } from "../model/log.ts";
import { OUTCOME_NAMES, Outcome, reasonCode, reasonOf, type OutcomeName } from "../model/outcome.ts";
import { partitionOf } from "../model/partition.ts";
import type { Journal } from "./journal.ts";
import type { RefusedMessage } from "./producers/take-numbers.ts";
import type { Rejections } from "./rejections.ts";
import { keyBytes } from "./retract/key-text.ts";
import type { FirstPlace, PipelineItem, SettledRetraction, UsageItem } from "./stage.ts";

const RETRACTED = reasonCode("retracted");

const BATCH_ALTERED = reasonCode("batch-altered");

/**
 * The last stage: every event has its outcome; counts it, and writes dead letters, parked events, exceptions and
 * re-routed events in the order of the log. One stage writes them all, so that their order does not depend on batches.
 */
export function settle(options: {
  readonly partition: number;
  readonly partitionCount: number;
  readonly decoder: MessageDecoder;
  readonly journal: Journal;
  readonly rejections: Pick<Rejections, "count">;
}): MonoTypeOperatorFunction<PipelineItem> {
  const settler = new Settler(options);
  return tap((item) => {
    if (item.kind === "usage") settler.settle(item);
  });
}

type SettleOptions = Parameters<typeof settle>[0];

class Settler {
  readonly #options: SettleOptions;

  constructor(options: SettleOptions) {
    this.#options = options;
  }

  settle(item: UsageItem): void {
    const { batch, undecodable } = item.run;
    for (const refused of item.refused ?? []) this.#refused(refused);
    // Undecodable messages and rows both come in log order: merged by sequence.
    let next = 0;
    const { outcome, late, region } = batch;
    const hasPlainRows =
      !item.unparked &&
      undecodable.length === 0 &&
      batch.retractions.size === 0 &&
      item.settledRetractions.size === 0;
    // Accepted events, which nothing is to be said of, are counted together where they are of one region.
    let plainCount = 0;
    let plainRegion = 0;
    for (let row = 0; row < batch.count; row++) {
      if (hasPlainRows && outcome[row] === Outcome.accepted && late[row] === 0) {
        if (region[row] !== plainRegion) {
          this.#countPlain(batch, plainRegion, plainCount);
          plainCount = 0;
          plainRegion = region[row]!;
        }
        plainCount += 1;
        continue;
      }
      const sequence = messageOf(batch, row).sequence;
      for (; next < undecodable.length; next++) {
        const bad = undecodable[next];
        if (bad === undefined || bad.message.sequence > sequence) break;
        this.#undecodable(bad.message, bad.reason);
      }
      if (item.unparked) this.#settleUnparked(batch, row);
      else this.#settleRow(item, row);
      for (const settled of item.settledRetractions.get(row) ?? []) this.#settleRetraction(settled);
    }
    this.#countPlain(batch, plainRegion, plainCount);
    for (; next < undecodable.length; next++) {
      const bad = undecodable[next];
      if (bad !== undefined) this.#undecodable(bad.message, bad.reason);
    }
  }

  #countPlain(batch: EventBatch, region: number, count: number): void {
    if (count > 0) this.#options.journal.countAccepted(batch.regions[region] ?? "", count);
  }

  #settleRow({ run: { batch }, firstPlaces }: UsageItem, row: number): void {
    const { journal } = this.#options;
    const outcome = batch.outcome[row] ?? 0;
    const late = batch.late[row] === 1;
    journal.count(regionOf(batch, row), nameOf(outcome), late);
    if (outcome === Outcome.accepted) {
      const retracted = batch.retractions.get(row);
      if (retracted !== undefined) {
        const { sequence } = messageOf(batch, row);
        this.#recordRetracted(retracted.key, { sequence, index: batch.index[row] ?? 0 });
      }
      // Nobody can ask for an event without a key.
      else if (late && hasKey(batch, row)) this.#record(batch, row);
      return;
    }
    if (outcome === Outcome.duplicate) return;
    this.#record(batch, row);
    if (outcome === Outcome.rejected) this.#deadLetter(batch, row);
    else if (outcome === Outcome.parked) this.#park(batch, row);
    else if (outcome === Outcome.conflicting && batch.reason[row] !== BATCH_ALTERED)
      this.#conflict(batch, row, firstPlaces.get(row));
    else if (outcome === Outcome.misrouted) this.#reroute(batch, row);
  }

  #settleUnparked(batch: EventBatch, row: number): void {
    const { journal } = this.#options;
    const outcome = batch.outcome[row] ?? 0;
    const name = nameOf(outcome);
    if (name === "parked") return;
    journal.recount(regionOf(batch, row), name, batch.late[row] === 1);
    journal.unpark(messageOf(batch, row).sequence, batch.index[row] ?? 0);
    this.#record(batch, row);
    if (outcome === Outcome.rejected) this.#deadLetter(batch, row);
  }

  /** A retraction that waited for its event: it was read and parked before. */
  #settleRetraction({ retraction, reason }: SettledRetraction): void {
    const { journal, partition, rejections } = this.#options;
    const { sequence, index, region, ownKey, key, arrivalMs, contentType, text } = retraction;
    const outcome = reason === 0 ? Outcome.accepted : Outcome.rejected;
    journal.recount(region, reason === 0 ? "accepted" : "rejected", false);
    journal.unpark(sequence, index);
    journal.eventOutcome({ key: ownKey, sequence, index, outcome, reason, late: false });
    if (reason === 0) {
      this.#recordRetracted(key, retraction);
      return;
    }
    rejections.count(arrivalMs, reasonOf(reason).stage, reasonOf(reason).name);
    journal.deadLetter({
      stage: reasonOf(reason).stage,
      reason: reasonOf(reason).name,
      partition,
      sequence,
      index,
      region,
      arrival: new Date(arrivalMs).toISOString(),
      contentType,
      event: text,
    });
  }

  /** An event was taken back by the retraction at a place. */
  #recordRetracted(key: Uint32Array, { sequence, index }: FirstPlace): void {
    this.#options.journal.eventOutcome({
      key: keyBytes(key),
      sequence,
      index,
      outcome: Outcome.accepted,
      reason: RETRACTED,
      late: false,
    });
  }

  #record(batch: EventBatch, row: number): void {
    this.#options.journal.eventOutcome({
      key: keyBytes(batch.key, row * 4),
      sequence: messageOf(batch, row).sequence,
      index: batch.index[row] ?? 0,
      outcome: batch.outcome[row] ?? 0,
      reason: batch.reason[row] ?? 0,
      late: batch.late[row] === 1,
    });
  }

  #deadLetter(batch: EventBatch, row: number): void {
    const { journal, partition, rejections } = this.#options;
    const message = messageOf(batch, row);
    const reason = reasonOf(batch.reason[row] ?? 0);
    rejections.count(message.arrivalMs, reason.stage, reason.name);
    journal.deadLetter({
      stage: reason.stage,
      reason: reason.name,
      partition,
      sequence: message.sequence,
      index: batch.index[row] ?? 0,
      region: regionOf(batch, row),
      arrival: new Date(message.arrivalMs).toISOString(),
      contentType: message.contentType,
      event: this.#text(batch, row),
    });
  }

  #undecodable(message: LogMessage, reason: string): void {
    this.#options.rejections.count(message.arrivalMs, "decode", reason);
    this.#messageLetter(message, "decode", reason);
  }

  #messageLetter(message: LogMessage, stage: string, reason: string): void {
    const { journal, partition } = this.#options;
    journal.deadLetter({
      stage,
      reason,
      partition,
      sequence: message.sequence,
      index: -1,
      region: regionOfSubject(message.subject) ?? "",
      arrival: new Date(message.arrivalMs).toISOString(),
      contentType: message.contentType,
      messageBase64: toBase64(message.data),
    });
  }

  #park(batch: EventBatch, row: number): void {
    const message = messageOf(batch, row);
    this.#options.journal.park({
      sequence: message.sequence,
      index: batch.index[row] ?? 0,
      reason: reasonOf(batch.reason[row] ?? 0).name,
      account: batch.accounts[batch.account[row] ?? 0] ?? "",
      type: batch.types[batch.type[row] ?? 0] ?? "",
      region: regionOf(batch, row),
      arrivalMs: message.arrivalMs,
      event: this.#text(batch, row),
    });
  }

  #conflict(batch: EventBatch, row: number, first: FirstPlace | undefined): void {
    const { journal } = this.#options;
    const message = messageOf(batch, row);
    const index = batch.index[row] ?? 0;
    journal.exception({
      id: `conflict-${message.sequence}-${index}`,
      stage: "deduplicate",
      reason: "other-payload",
      sinceMs: message.arrivalMs,
      details: JSON.stringify({
        account: batch.accounts[batch.account[row] ?? 0] ?? "",
        first: first ?? null,
        second: { sequence: message.sequence, index },
        secondEvent: this.#text(batch, row),
      }),
    });
  }

  /** A whole message with another content under a known number is one exception; its events are counted one by one. */
  #refused({ numbered, reason, firstSequence }: RefusedMessage): void {
    const { producer, epoch, sequence, message, firstRow, endRow, manifest } = numbered;
    if (reason === "batch-altered") {
      this.#options.journal.exception({
        id: `conflict-${message.sequence}`,
        stage: "deduplicate",
        reason,
        sinceMs: message.arrivalMs,
        details: JSON.stringify({
          producer,
          epoch,
          batch: sequence,
          events: endRow - firstRow,
          first: firstSequence === undefined ? null : { sequence: firstSequence },
          second: { sequence: message.sequence },
        }),
      });
    } else if (manifest !== undefined && reason !== "batch-repeated") {
      this.#messageLetter(message, "deduplicate", reason);
    }
  }

  #reroute(batch: EventBatch, row: number): void {
    const { journal, partitionCount } = this.#options;
    const account = batch.accounts[batch.account[row] ?? 0] ?? "";
    journal.reroute({
      partition: partitionOf(account, partitionCount),
      region: regionOf(batch, row),
      event: this.#text(batch, row),
    });
  }

  #text(batch: EventBatch, row: number): string {
    return this.#options.decoder.eventText(messageOf(batch, row), batch.index[row] ?? 0);
  }
}

function messageOf(batch: EventBatch, row: number): LogMessage {
  const message = batch.messages[batch.message[row] ?? 0];
  if (message === undefined) throw new RangeError("a row without a message");
  return message;
}

function hasKey({ key }: EventBatch, row: number): boolean {
  const at = row * 4;
  return (key[at]! | key[at + 1]! | key[at + 2]! | key[at + 3]!) !== 0;
}

function regionOf(batch: EventBatch, row: number): string {
  return batch.regions[batch.region[row] ?? 0] ?? "";
}

function nameOf(outcome: number): OutcomeName {
  const name = OUTCOME_NAMES[outcome];
  if (name === undefined || name === "pending") throw new RangeError("an event without an outcome");
  return name;
}

function toBase64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}
