import type { Clock } from "../../model/clock.ts";
import { messageOf, TributaryError } from "../../model/errors.ts";
import type { CheckpointChanges } from "../../model/store.ts";
import type { DeliveryChanges } from "../delivery-writer.ts";
import { EntryPacker, type PackedEntries } from "./packed-entries.ts";
import type { WriterThread } from "./writer-pool.ts";
import type { WriterTask } from "./writer-messages.ts";

/** Longest time that one turn of the event loop is given to packing: small beside the 50 ms that a pause may take. */
const SLICE_MS = 4;
/** Time is looked at once this many entries, as looking costs as much as packing a small one. */
const ENTRIES_PER_LOOK = 16;
/** Records sent as objects, in one piece: about a millisecond. */
const RECORDS_PER_PIECE = 256;
/** Bytes on their way to the thread: enough to keep it busy; the rest of a large checkpoint waits where it is. */
const BYTES_UNDER_WAY = 2 * 1024 * 1024;
/** Counted for a piece of records, whose size is not known. */
const RECORDS_BYTES = 256 * 1024;

/** Sends one checkpoint to the writer's thread in slices, so that neither this thread nor the memory feels its size. */
export class CheckpointSender {
  readonly #thread: WriterThread;
  readonly #store: number;
  readonly #clock: Clock;
  readonly #packer: EntryPacker;
  #bytesUnderWay = 0;
  #sliceFromMs = 0;
  #fault: Error | undefined;
  #onArrival: () => void = () => undefined;

  constructor(thread: WriterThread, store: number, clock: Clock) {
    this.#thread = thread;
    this.#packer = new EntryPacker(thread.chunks);
    this.#store = store;
    this.#clock = clock;
  }

  /** Sends everything but the end. Rejects where the thread died; nothing of it is written before `finish`. */
  async send(changes: CheckpointChanges): Promise<void> {
    this.#sliceFromMs = this.#clock.monotonicMs();
    const { position, controlRepaired, regionCounts, messageCounts, clearedSpaces } = changes;
    await this.#post(
      {
        kind: "begin",
        head: {
          position,
          ...(controlRepaired !== undefined && { controlRepaired }),
          regionCounts,
          messageCounts,
          clearedSpaces,
        },
      },
      RECORDS_BYTES,
    );
    await this.#sendRows(changes);
    await this.#sendRecords(changes);
    await this.#sendOutbox(changes);
  }

  /** Commits what was sent. */
  async finish(deliveries: DeliveryChanges): Promise<void> {
    await this.#thread.ask(this.#store, { kind: "finish", deliveries });
  }

  /** Forgets what was sent. */
  abort(): void {
    this.#thread.ask(this.#store, { kind: "abort" }).catch(() => undefined);
  }

  async #sendRows({ rows }: CheckpointChanges): Promise<void> {
    let looks = 0;
    for (const { space, key, value } of rows) {
      // The value is copied before anything is waited for: it may be lent.
      if (this.#packer.add(space, key, value)) await this.#sendPacked("rows");
      if (++looks % ENTRIES_PER_LOOK === 0) await this.#breathe();
    }
    await this.#sendPacked("rows");
  }

  async #sendOutbox({ outbox }: CheckpointChanges): Promise<void> {
    let looks = 0;
    for (const { channel, ordinal, body } of outbox) {
      if (this.#packer.addText(channel, ordinal, body)) await this.#sendPacked("outbox");
      if (++looks % ENTRIES_PER_LOOK === 0) await this.#breathe();
    }
    await this.#sendPacked("outbox");
  }

  async #sendPacked(kind: "rows" | "outbox"): Promise<void> {
    const packed: PackedEntries | undefined = this.#packer.take();
    if (packed !== undefined) await this.#post({ kind, packed }, packed.bytes.length, packed.bytes);
  }

  async #sendRecords(changes: CheckpointChanges): Promise<void> {
    for (const parkedAdded of pieces(changes.parkedAdded))
      await this.#post({ kind: "records", records: { parkedAdded } }, RECORDS_BYTES);
    for (const parkedRemoved of pieces(changes.parkedRemoved))
      await this.#post({ kind: "records", records: { parkedRemoved } }, RECORDS_BYTES);
    for (const exceptionsAdded of pieces(changes.exceptionsAdded))
      await this.#post({ kind: "records", records: { exceptionsAdded } }, RECORDS_BYTES);
    for (const piece of pieces(changes.eventOutcomes)) {
      // A key may be a view of a whole batch's keys, all of which would be cloned with it.
      const eventOutcomes = piece.map((record) => ({ ...record, key: record.key.slice() }));
      await this.#post({ kind: "records", records: { eventOutcomes } }, RECORDS_BYTES);
    }
  }

  /** Posts a part; waits where this turn has had its time, or where too much is under way. */
  async #post(task: WriterTask, bytes: number, chunk?: Uint8Array<SharedArrayBuffer>): Promise<void> {
    this.#bytesUnderWay += bytes;
    void this.#follow(this.#thread.ask(this.#store, task), bytes, chunk);
    await this.#breathe();
    while (this.#bytesUnderWay > BYTES_UNDER_WAY) {
      await new Promise<void>((resolve) => {
        this.#onArrival = resolve;
      });
      this.#sliceFromMs = this.#clock.monotonicMs();
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #follow(
    arrival: Promise<void>,
    bytes: number,
    chunk: Uint8Array<SharedArrayBuffer> | undefined,
  ): Promise<void> {
    try {
      await arrival;
      // The answer to a task comes when it is done. Where the thread died, nobody knows who reads the chunk still.
      if (chunk !== undefined) this.#thread.chunks.giveBack(chunk);
    } catch (fault) {
      this.#fault ??= fault instanceof Error ? fault : new TributaryError("internal-fault", messageOf(fault));
    }
    this.#bytesUnderWay -= bytes;
    this.#onArrival();
  }

  async #breathe(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#sliceFromMs < SLICE_MS) return;
    await this.#clock.yieldTurn();
    this.#sliceFromMs = this.#clock.monotonicMs();
  }
}

function* pieces<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += RECORDS_PER_PIECE)
    yield items.slice(from, from + RECORDS_PER_PIECE);
}
