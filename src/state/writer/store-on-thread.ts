import type { Database } from "better-sqlite3";
import { CHANNELS, type OutboxEntry, type ParkedEvent } from "../../model/outputs.ts";
import { TributaryError } from "../../model/errors.ts";
import { CheckpointWriter } from "../checkpoint-writer.ts";
import { DeliveryWriter, type DeliveryChanges } from "../delivery-writer.ts";
import { openForWriting } from "../open-database.ts";
import { stateFault } from "../sqlite-faults.ts";
import { boundWal, setWalLimits } from "../wal-policy.ts";
import { unpack, type PackedEntries } from "./packed-entries.ts";
import type { CheckpointHead, CheckpointRecords } from "./writer-messages.ts";

/** The writing half of one store, on the writer's thread: one transaction a checkpoint, fed piece by piece. */
export class StoreOnThread {
  readonly #file: string;
  readonly #database: Database;
  readonly #checkpoint: CheckpointWriter;
  readonly #deliveries: DeliveryWriter;
  readonly #decoder = new TextDecoder();
  /** The two lists are balanced against each other, so they are written when both are there. */
  #parkedAdded: ParkedEvent[] = [];
  #parkedRemoved: { readonly sequence: number; readonly index: number }[] = [];
  #fault: unknown;

  constructor(file: string, maxPageCount: number | undefined) {
    this.#file = file;
    this.#database = openForWriting(file);
    setWalLimits(this.#database);
    if (maxPageCount !== undefined) this.#database.pragma(`max_page_count = ${maxPageCount}`);
    this.#checkpoint = new CheckpointWriter(this.#database);
    this.#deliveries = new DeliveryWriter(this.#database);
  }

  begin(head: CheckpointHead): void {
    this.#fault = undefined;
    this.#step(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      this.#checkpoint.writeHead(head);
    });
  }

  rows(packed: PackedEntries): void {
    this.#step(() => {
      for (const { name, number, value } of unpack(packed))
        this.#checkpoint.writeRow({ space: name, key: number, value });
    });
  }

  records(records: CheckpointRecords): void {
    for (const event of records.parkedAdded ?? []) this.#parkedAdded.push(event);
    for (const place of records.parkedRemoved ?? []) this.#parkedRemoved.push(place);
    this.#step(() => {
      this.#checkpoint.writeRecords(records.exceptionsAdded ?? [], records.eventOutcomes ?? []);
    });
  }

  outbox(packed: PackedEntries): void {
    this.#step(() => {
      this.#checkpoint.writeOutbox(this.#entriesOf(packed));
    });
  }

  /** Commits with fsync; throws the first fault since `begin`, and then nothing is written. */
  finish(deliveries: DeliveryChanges): void {
    this.#step(() => {
      this.#checkpoint.writeParked(this.#parkedAdded, this.#parkedRemoved);
      this.#deliveries.write(deliveries);
      this.#database.exec("COMMIT");
    });
    this.#forgetParked();
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw stateFault(fault, "committing a checkpoint", this.#file);
    boundWal(this.#database, this.#file);
  }

  abort(): void {
    this.#rollBack();
    this.#forgetParked();
    this.#fault = undefined;
  }

  /** Moves cursors outside a checkpoint. */
  deliver(deliveries: DeliveryChanges): void {
    try {
      this.#database.transaction(() => {
        this.#deliveries.write(deliveries);
      })();
    } catch (error) {
      throw stateFault(error, "moving a delivery cursor", this.#file);
    }
  }

  close(): void {
    this.#rollBack();
    this.#database.close();
  }

  /** One step of the transaction; after a fault the rest of the checkpoint is passed over. */
  #step(work: () => void): void {
    if (this.#fault !== undefined) return;
    try {
      work();
    } catch (error) {
      this.#fault = error;
      this.#rollBack();
    }
  }

  #rollBack(): void {
    // On some faults (disk full) SQLite has rolled back by itself.
    if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
    this.#checkpoint.forget();
  }

  #forgetParked(): void {
    this.#parkedAdded = [];
    this.#parkedRemoved = [];
  }

  *#entriesOf(packed: PackedEntries): Generator<OutboxEntry> {
    for (const { name, number, value } of unpack(packed)) {
      const channel = CHANNELS.find((known) => known === name);
      if (channel === undefined || value === null)
        throw new TributaryError("internal-fault", `An outbox entry of channel ${name} is none.`);
      yield { channel, ordinal: number, body: this.#decoder.decode(value) };
    }
  }
}
