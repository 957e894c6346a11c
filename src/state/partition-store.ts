import type { Database } from "better-sqlite3";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../model/clock.ts";
import { TributaryError } from "../model/errors.ts";
import { noFaults, type FaultInjector } from "../model/fault-injection.ts";
import type { Channel } from "../model/outputs.ts";
import type { CheckpointChanges, PartitionIdentity, PartitionStore } from "../model/store.ts";
import { CheckpointWriter } from "./checkpoint-writer.ts";
import { DeliveryWriter } from "./delivery-writer.ts";
import { assertIdentity, claimIdentity } from "./identity.ts";
import { assertIntact } from "./integrity.ts";
import {
  IN_MEMORY,
  makeDurableFolder,
  openForReading,
  openForWriting,
  openImage,
  STATE_FILE,
} from "./open-database.ts";
import { PartitionReader } from "./partition-reader.ts";
import { assertSchemaKnown, migrate, MIGRATIONS, schemaVersion, type Migration } from "./schema/migrate.ts";
import { SegmentFiles, SegmentFolder } from "./segments/segment-folder.ts";
import { stateFault, translatingFaults } from "./sqlite-faults.ts";
import { lockState, type StateLock } from "./state-lock.ts";
import { boundWal, setWalLimits, truncateWal } from "./wal-policy.ts";
import { ThreadedPartitionStore } from "./writer/threaded-store.ts";
import type { WriterPool } from "./writer/writer-pool.ts";

export interface PartitionStoreOptions {
  readonly faults?: FaultInjector;
  /** Check the structure of the whole file at open (default true: a start reads nearly all of it anyway). */
  readonly checkAtOpen?: boolean;
  /** The schema's steps; only tests give others. */
  readonly migrations?: readonly Migration[];
  /** An upper bound of the file in pages of 8 KiB; SQLite's own where absent. Reaching it is a full disk. */
  readonly maxPageCount?: number;
  /** What a state in memory begins with (see `imageOf`). */
  readonly image?: Buffer;
  /** Threads to write on; without them, and in memory, the calling thread writes itself. */
  readonly writers?: WriterPool;
}

/** The partition's durable state in SQLite: one writer (the calling thread), one transaction a checkpoint. */
class SqlitePartitionStore extends PartitionReader implements PartitionStore {
  readonly #database: Database;
  readonly #file: string;
  readonly #lock: StateLock | undefined;
  readonly #faults: FaultInjector;
  readonly #writer: CheckpointWriter;
  readonly #deliveries: DeliveryWriter;

  readonly #files: SegmentFolder | undefined;

  constructor(
    database: Database,
    file: string,
    lock: StateLock | undefined,
    faults: FaultInjector,
    segments: SegmentFolder | undefined,
  ) {
    super(database, file, segments);
    this.#database = database;
    this.#file = file;
    this.#lock = lock;
    this.#faults = faults;
    this.#files = segments;
    this.#writer = new CheckpointWriter(database);
    this.#deliveries = new DeliveryWriter(database);
  }

  async commit(changes: CheckpointChanges): Promise<void> {
    const database = this.#database;
    const dropped = this.#files?.takeDropped() ?? [];
    this.#faults.reach("before-commit");
    try {
      database.exec("BEGIN IMMEDIATE");
      this.#writer.write(changes);
      this.#faults.reach("inside-commit");
      database.exec("COMMIT");
    } catch (error) {
      // On some faults (disk full) SQLite has rolled back by itself.
      if (database.inTransaction) database.exec("ROLLBACK");
      this.#writer.forget();
      throw stateFault(error, "committing a checkpoint", this.#file);
    }
    this.#files?.removeDropped(dropped);
    if (this.#file !== IN_MEMORY) boundWal(database, this.#file);
    await Promise.resolve();
  }

  setDeliveredOrdinal(target: string, channel: Channel, ordinal: number): void {
    const before = this.deliveredOrdinal(target);
    if (!Number.isSafeInteger(ordinal) || ordinal < before) {
      throw new TributaryError("internal-fault", `The cursor of target ${target} must not go back.`, {
        details: { target, before, ordinal },
      });
    }
    translatingFaults("moving a delivery cursor", this.#file, () =>
      this.#deliveries.write({ cursors: [{ target, channel, ordinal }], prunes: [] }),
    );
  }

  /** With no targets, all committed entries of the channel: nobody is to have them. */
  pruneOutbox(channel: Channel, targets: readonly string[]): void {
    const ordinals = [
      this.lastOrdinals()[channel],
      ...targets.map((target) => this.deliveredOrdinal(target)),
    ];
    const upToOrdinal = Math.min(...ordinals);
    translatingFaults("pruning the outbox", this.#file, () =>
      this.#deliveries.write({ cursors: [], prunes: [{ channel, upToOrdinal }] }),
    );
  }

  image(): Buffer {
    return this.#database.serialize();
  }

  override close(): void {
    super.close();
    this.#lock?.release();
  }
}

/** The last checkpoint of a state in memory, as one that others can begin with: how states move in a simulation. */
export function imageOf(store: PartitionStore): Buffer {
  if (!(store instanceof SqlitePartitionStore)) throw new TypeError("Only a state in memory has an image.");
  return store.image();
}

/**
 * Opens (and makes where absent) the state of a partition for its one writer. `folder` is the partition's own
 * (see `partitionFolder`), or ":memory:". Throws `state-locked`, `state-mismatch`, `state-schema-newer`,
 * `state-corrupt`, and `state-commit-failed` where the folder can't be written.
 */
export function openPartitionStore(
  folder: string,
  identity: PartitionIdentity,
  options: PartitionStoreOptions = {},
): PartitionStore {
  const inMemory = folder === IN_MEMORY;
  const file = inMemory ? IN_MEMORY : join(folder, STATE_FILE);
  let lock: StateLock | undefined;
  let database: Database | undefined;
  try {
    if (!inMemory) {
      makeDurableFolder(folder);
      lock = lockState(folder);
    }
    database = inMemory && options.image !== undefined ? openImage(options.image) : openForWriting(file);
    assertSchemaKnown(schemaVersion(database), options.migrations);
    setWalLimits(database);
    if (options.checkAtOpen !== false) assertIntact(database);
    migrate(database, options.migrations);
    claimIdentity(database, identity);
    if (!inMemory) truncateWal(database);
    if (options.maxPageCount !== undefined) database.pragma(`max_page_count = ${options.maxPageCount}`);
    const { faults = noFaults, writers, maxPageCount } = options;
    if (inMemory) return new SqlitePartitionStore(database, file, lock, faults, undefined);
    const segments = new SegmentFolder(folder, writers?.segments);
    const store =
      writers === undefined
        ? new SqlitePartitionStore(database, file, lock, faults, segments)
        : new ThreadedPartitionStore({
            database,
            file,
            lock,
            faults,
            clock: systemClock,
            writers,
            maxPageCount,
            segments,
          });
    segments.keepOnly(store.segmentNumbers());
    return store;
  } catch (error) {
    database?.close();
    lock?.release();
    throw stateFault(error, "opening the state", file);
  }
}

/**
 * Opens the reading half of a partition's state, also while its worker runs; it sees the last checkpoint at each
 * call. Throws `state-mismatch` where there is no state, or one that a start has yet to bring to this version;
 * `state-schema-newer`, `state-corrupt`. `identity` is compared where given.
 */
export function openPartitionStoreReadOnly(folder: string, identity?: PartitionIdentity): PartitionReader {
  const file = join(folder, STATE_FILE);
  if (!existsSync(file)) {
    throw new TributaryError("state-mismatch", "The folder holds no partition's state.", {
      details: { file },
    });
  }
  let database: Database | undefined;
  try {
    database = openForReading(file);
    const version = schemaVersion(database);
    assertSchemaKnown(version);
    if (version < MIGRATIONS.length) {
      throw new TributaryError(
        "state-mismatch",
        "The state file has an older schema; the partition's next start brings it to this version.",
        { details: { version, known: MIGRATIONS.length } },
      );
    }
    if (identity !== undefined) assertIdentity(database, identity);
    return new PartitionReader(database, file, new SegmentFiles(folder));
  } catch (error) {
    database?.close();
    throw stateFault(error, "opening the state for reading", file);
  }
}
