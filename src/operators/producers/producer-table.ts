import { TributaryError } from "../../model/errors.ts";
import type { NumberedMessage } from "../../model/numbered-batch.ts";
import type { ReasonName } from "../../model/outcome.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import { BatchNumbers, NumberVerdict } from "./batch-numbers.ts";

const SPACE = "producers";
// A name may begin with what else were a byte order mark.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Epochs of a producer whose numbers are kept, the current one included; those before are refused whole. */
export const KEPT_EPOCHS = 16;
/** Producers of a partition: 4 KB each and as much in a checkpoint that follows a batch of theirs. */
export const MAX_PRODUCERS = 65_536;

/** What became of a numbered message. */
export type NumberedReason = Extract<
  ReasonName,
  "batch-repeated" | "batch-altered" | "epoch-fenced" | "too-many-gaps" | "too-many-producers"
>;

/** Numbers of one epoch of a producer. */
export interface ProducerEpoch {
  readonly producer: string;
  readonly epoch: number;
  /** Whether it is the producer's latest. */
  readonly isCurrent: boolean;
  /** 0 where none was seen. */
  readonly highest: number;
  readonly missing: number;
  readonly firstMissing: number;
}

interface Epoch {
  readonly key: number;
  readonly epoch: number;
  readonly numbers: BatchNumbers;
}

/**
 * The numbers of a partition's producers: exact deduplication without horizon. One row an epoch, by keys in the order in
 * which they came. A greater epoch ends the one before: what that has not brought by then is refused.
 */
export class ProducerTable implements CheckpointParticipant {
  /** Epochs of each producer, the latest last. */
  readonly #producers = new Map<string, Epoch[]>();
  readonly #changed = new Map<number, { readonly producer: string; readonly epoch: Epoch }>();
  readonly #removed = new Set<number>();
  #nextKey = 0;

  /** Producers seen. */
  get size(): number {
    return this.#producers.size;
  }

  /** Takes a message's number in; undefined where it is new, else why the message does not count. */
  take(numbered: NumberedMessage): NumberedReason | undefined {
    const { producer, epoch: number, sequence, contentLow, contentHigh, message } = numbered;
    let epochs = this.#producers.get(producer);
    if (epochs === undefined) {
      if (this.#producers.size >= MAX_PRODUCERS) return "too-many-producers";
      this.#producers.set(producer, (epochs = []));
    }
    let current = epochs.at(-1);
    if (current !== undefined && number < current.epoch) {
      const former = epochs.find(({ epoch }) => epoch === number);
      return former?.numbers.has(sequence) === true ? "batch-repeated" : "epoch-fenced";
    }
    if (current === undefined || number > current.epoch) current = this.#begin(producer, epochs, number);
    const verdict = current.numbers.take(sequence, contentLow, contentHigh, message.sequence);
    if (verdict === NumberVerdict.repeated) return "batch-repeated";
    if (verdict === NumberVerdict.altered) return "batch-altered";
    if (verdict === NumberVerdict.tooManyGaps) return "too-many-gaps";
    this.#changed.set(current.key, { producer, epoch: current });
    return undefined;
  }

  /** Usage sequence at which a number stood first; undefined where that is not kept. */
  placeOf({ producer, epoch: number, sequence }: NumberedMessage): number | undefined {
    const current = this.#producers.get(producer)?.at(-1);
    return current?.epoch === number ? current.numbers.placeOf(sequence) : undefined;
  }

  /** All epochs that are kept, by producer, ascending. */
  *epochs(): Generator<ProducerEpoch> {
    for (const [producer, epochs] of this.#producers)
      for (const { epoch, numbers } of epochs)
        yield {
          producer,
          epoch,
          isCurrent: epoch === epochs.at(-1)?.epoch,
          highest: numbers.highest,
          missing: numbers.missing,
          firstMissing: numbers.firstMissing,
        };
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { key, value } of store.rows(SPACE)) {
      const { producer, epoch } = readEpoch(key, value);
      const epochs = this.#producers.get(producer);
      if (epochs === undefined) this.#producers.set(producer, [epoch]);
      else epochs.push(epoch);
      this.#nextKey = key + 1;
    }
  }

  collectChanges(rows: StateRow[]): void {
    for (const key of this.#removed) rows.push({ space: SPACE, key, value: null });
    this.#removed.clear();
    for (const [key, { producer, epoch }] of this.#changed)
      rows.push({ space: SPACE, key, value: writeEpoch(producer, epoch) });
    this.#changed.clear();
  }

  #begin(producer: string, epochs: Epoch[], epoch: number): Epoch {
    const former = epochs.at(-1);
    if (former !== undefined) {
      former.numbers.dropContents();
      this.#changed.set(former.key, { producer, epoch: former });
    }
    const begun = { key: this.#nextKey++, epoch, numbers: new BatchNumbers() };
    epochs.push(begun);
    if (epochs.length > KEPT_EPOCHS) {
      const oldest = epochs.shift();
      if (oldest !== undefined) {
        this.#changed.delete(oldest.key);
        this.#removed.add(oldest.key);
      }
    }
    return begun;
  }
}

/** Length of the name (u16), the name, the epoch (f64), the numbers. */
function writeEpoch(producer: string, { epoch, numbers }: Epoch): Uint8Array {
  const name = new TextEncoder().encode(producer);
  const value = new Uint8Array(2 + name.length + 8 + numbers.byteLength);
  const view = new DataView(value.buffer);
  view.setUint16(0, name.length, true);
  value.set(name, 2);
  view.setFloat64(2 + name.length, epoch, true);
  numbers.write(view, 10 + name.length);
  return value;
}

function readEpoch(key: number, value: Uint8Array): { readonly producer: string; readonly epoch: Epoch } {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const nameLength = value.length < 2 ? Infinity : view.getUint16(0, true);
  if (value.length < 10 + nameLength)
    throw new TributaryError("state-corrupt", "A row of a producer's batches is cut off.", {
      details: { key },
    });
  const producer = decoder.decode(value.subarray(2, 2 + nameLength));
  const epoch = view.getFloat64(2 + nameLength, true);
  return { producer, epoch: { key, epoch, numbers: BatchNumbers.read(view, 10 + nameLength) } };
}
