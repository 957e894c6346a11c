import type { Database } from "better-sqlite3";
import type { Clock } from "../../model/clock.ts";
import { messageOf, TributaryError } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { Channel } from "../../model/outputs.ts";
import type { CheckpointChanges, PartitionStore } from "../../model/store.ts";
import { DeliveryWriter, type DeliveryChanges } from "../delivery-writer.ts";
import { PartitionReader } from "../partition-reader.ts";
import type { SegmentFolder } from "../segments/segment-folder.ts";
import { translatingFaults } from "../sqlite-faults.ts";
import type { StateLock } from "../state-lock.ts";
import { CheckpointSender } from "./checkpoint-sender.ts";
import type { WriterPool, WriterThread } from "./writer-pool.ts";

/**
 * Cursors are written with the next checkpoint, or after this time where none comes. After a crash before that, targets
 * tell what they have; the one that can't (`reroute`) repeats as much, under the same message ids and event ids.
 */
const CURSOR_DELAY_MS = 1_000;
/** Longest wait for the thread to close the file; it has nothing to do then but an fsync. */
const CLOSE_TIMEOUT_MS = 10_000;

export interface ThreadedStoreOptions {
  /** Reads; also writes, but only while the thread has the file closed. */
  readonly database: Database;
  readonly file: string;
  readonly lock: StateLock | undefined;
  readonly faults: FaultInjector;
  readonly clock: Clock;
  readonly writers: WriterPool;
  readonly maxPageCount: number | undefined;
  readonly segments: SegmentFolder;
}

interface Cursor {
  readonly channel: Channel;
  readonly ordinal: number;
}

/**
 * A partition's store whose writes are done by another thread: a commit costs this thread the packing of what changed, in
 * slices of a few milliseconds. Reads see the last commit, and cursors as they were set.
 */
export class ThreadedPartitionStore extends PartitionReader implements PartitionStore {
  readonly #options: ThreadedStoreOptions;
  readonly #thread: WriterThread;
  readonly #store: number;
  /** Cursors as set by this process. */
  readonly #delivered = new Map<string, Cursor>();
  #unsavedTargets = new Set<string>();
  #unsavedPrunes = new Map<Channel, number>();
  #pruned = new Map<Channel, number>();
  #cursorFault: Error | undefined;
  #isCommitting = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ThreadedStoreOptions) {
    super(options.database, options.file, options.segments);
    this.#options = options;
    const { thread, store } = options.writers.assign();
    this.#thread = thread;
    this.#store = store;
  }

  async commit(changes: CheckpointChanges): Promise<void> {
    const { faults, clock, segments } = this.#options;
    if (this.#isCommitting) throw new TributaryError("internal-fault", "A commit began inside another one.");
    const dropped = segments.takeDropped();
    faults.reach("before-commit");
    this.#isCommitting = true;
    let unsaved: DeliveryChanges | undefined;
    const sender = new CheckpointSender(this.#thread, this.#store, clock);
    try {
      await this.#open();
      await sender.send(changes);
      // Its transaction is open on the thread, and can't be committed before it is told to.
      faults.reach("inside-commit");
      unsaved = this.#takeUnsaved();
      await sender.finish(unsaved);
      segments.removeDropped(dropped);
    } catch (fault) {
      if (unsaved === undefined) sender.abort();
      else this.#putBack(unsaved);
      throw fault;
    } finally {
      this.#isCommitting = false;
      this.#arm();
    }
  }

  override deliveredOrdinal(target: string): number {
    return this.#delivered.get(target)?.ordinal ?? super.deliveredOrdinal(target);
  }

  setDeliveredOrdinal(target: string, channel: Channel, ordinal: number): void {
    const before = this.deliveredOrdinal(target);
    if (!Number.isSafeInteger(ordinal) || ordinal < before) {
      throw new TributaryError("internal-fault", `The cursor of target ${target} must not go back.`, {
        details: { target, before, ordinal },
      });
    }
    this.#delivered.set(target, { channel, ordinal });
    this.#unsavedTargets.add(target);
    this.#arm();
    const fault = this.#cursorFault;
    this.#cursorFault = undefined;
    if (fault !== undefined) throw fault;
  }

  pruneOutbox(channel: Channel, targets: readonly string[]): void {
    const upToOrdinal = Math.min(
      this.lastOrdinals()[channel],
      ...targets.map((target) => this.deliveredOrdinal(target)),
    );
    if (upToOrdinal <= (this.#pruned.get(channel) ?? 0)) return;
    this.#pruned.set(channel, upToOrdinal);
    this.#unsavedPrunes.set(channel, upToOrdinal);
    this.#arm();
  }

  /** Blocks until the thread has closed the file; what was delivered is saved. */
  override close(): void {
    this.#cancelTimer?.();
    const isSaved = this.#closeOnThread();
    try {
      if (isSaved) this.#saveHere();
    } finally {
      super.close();
      this.#options.lock?.release();
    }
  }

  async #open(): Promise<void> {
    if (this.#thread.isOpen(this.#store)) return;
    const { file, maxPageCount } = this.#options;
    await this.#thread.ask(this.#store, { kind: "open", file, maxPageCount });
  }

  /** False where the thread did not answer in time: then it may still be writing. */
  #closeOnThread(): boolean {
    if (!this.#thread.isOpen(this.#store)) return true;
    const done = new Int32Array(new SharedArrayBuffer(4));
    this.#thread.ask(this.#store, { kind: "close", done }).catch(() => undefined);
    return Atomics.wait(done, 0, 0, CLOSE_TIMEOUT_MS) !== "timed-out";
  }

  /** All cursors of this process: some may be on their way to the thread, and writing one again changes nothing. */
  #saveHere(): void {
    if (this.#delivered.size === 0 && this.#unsavedPrunes.size === 0) return;
    for (const target of this.#delivered.keys()) this.#unsavedTargets.add(target);
    const deliveries = this.#takeUnsaved();
    const { database, file } = this.#options;
    translatingFaults("moving a delivery cursor", file, () => {
      database.transaction(() => {
        new DeliveryWriter(database).write(deliveries);
      })();
    });
  }

  #takeUnsaved(): DeliveryChanges {
    const cursors = [...this.#unsavedTargets].flatMap((target) => {
      const cursor = this.#delivered.get(target);
      return cursor === undefined ? [] : [{ target, ...cursor }];
    });
    const prunes = [...this.#unsavedPrunes].map(([channel, upToOrdinal]) => ({ channel, upToOrdinal }));
    this.#unsavedTargets = new Set();
    this.#unsavedPrunes = new Map();
    return { cursors, prunes };
  }

  #putBack({ cursors, prunes }: DeliveryChanges): void {
    for (const { target } of cursors) this.#unsavedTargets.add(target);
    for (const { channel, upToOrdinal } of prunes) {
      this.#unsavedPrunes.set(channel, Math.max(upToOrdinal, this.#unsavedPrunes.get(channel) ?? 0));
    }
  }

  #arm(): void {
    if (this.#cancelTimer !== undefined) return;
    if (this.#unsavedTargets.size === 0 && this.#unsavedPrunes.size === 0) return;
    this.#cancelTimer = this.#options.clock.schedule(CURSOR_DELAY_MS, () => {
      this.#cancelTimer = undefined;
      // A checkpoint that is under way takes them with it.
      if (!this.#isCommitting) void this.#saveDeliveries();
    });
  }

  async #saveDeliveries(): Promise<void> {
    const deliveries = this.#takeUnsaved();
    if (deliveries.cursors.length === 0 && deliveries.prunes.length === 0) return;
    try {
      await this.#open();
      await this.#thread.ask(this.#store, { kind: "deliveries", deliveries });
    } catch (fault) {
      // Told to the next one who moves a cursor; what was to be written goes with the next attempt.
      this.#cursorFault =
        fault instanceof Error ? fault : new TributaryError("internal-fault", messageOf(fault));
      this.#putBack(deliveries);
    }
  }
}
