import type { Worker } from "node:worker_threads";
import { TributaryError } from "../../model/errors.ts";
import { SegmentThread } from "../segments/segment-thread.ts";
import { ChunkPool } from "./chunk-pool.ts";
import { startThread } from "./start-thread.ts";
import { unpackFault, type WriterReply, type WriterRequest, type WriterTask } from "./writer-messages.ts";

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (fault: Error) => void;
}

/** One thread that writes; made when it is first asked for something, and again after it died. */
export class WriterThread {
  /** For what it is sent: a chunk is free again when its task is answered. */
  readonly chunks = new ChunkPool();
  #worker: Worker | undefined;
  #stores = new Set<number>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Whether a store is open on the thread: a thread that died has lost all. */
  isOpen(store: number): boolean {
    return this.#stores.has(store);
  }

  /**
   * Resolves when the task is done; rejects with its fault, or with `state-commit-failed` where the thread died. Tasks are
   * done in the order of the calls.
   */
  async ask(store: number, task: WriterTask): Promise<void> {
    if (task.kind !== "open" && !this.#stores.has(store)) throw threadDied("it was started again");
    const worker = this.#start();
    const id = ++this.#lastId;
    const request: WriterRequest = { id, store, task };
    const answered = new Promise<void>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    // An open request keeps the process alive, an idle thread does not.
    worker.ref();
    worker.postMessage(request, []);
    if (task.kind === "close") this.#stores.delete(store);
    await answered;
    if (task.kind === "open") this.#stores.add(store);
  }

  async terminate(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = startThread("state/writer/writer-thread", { name: "state-writer" });
    this.#worker = worker;
    worker.on("message", (reply: WriterReply) => {
      this.#answer(worker, reply);
    });
    worker.on("error", (cause) => {
      this.#onEnd(worker, cause);
    });
    worker.on("exit", (code) => {
      this.#onEnd(worker, `exit code ${code}`);
    });
    return worker;
  }

  #answer(worker: Worker, { id, fault }: WriterReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) worker.unref();
    if (fault === undefined) waiting?.resolve();
    else waiting?.reject(unpackFault(fault));
  }

  #onEnd(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#stores = new Set();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(threadDied(cause));
  }
}

function threadDied(cause: unknown): TributaryError {
  return new TributaryError("state-commit-failed", "The thread that writes the state has ended.", { cause });
}

/**
 * The threads that write checkpoints. Stores take turns on few threads: an fsync waits for the disk, so several can wait
 * at the same time, but each thread costs some megabytes.
 */
export class WriterPool {
  /** Where the stores' segments of keys are written. */
  readonly segments = new SegmentThread();
  readonly #threads: readonly WriterThread[];
  #stores = 0;

  constructor(threads: number) {
    this.#threads = Array.from({ length: Math.max(1, threads) }, () => new WriterThread());
  }

  /** The thread of one more store, and the store's number there. */
  assign(): { readonly thread: WriterThread; readonly store: number } {
    const store = this.#stores++;
    const thread = this.#threads[store % this.#threads.length];
    if (thread === undefined) throw new TributaryError("internal-fault", "There is no writer thread.");
    return { thread, store };
  }

  /** Ends the threads; every store must be closed. */
  async close(): Promise<void> {
    await Promise.all([this.segments, ...this.#threads].map((thread) => thread.terminate()));
  }
}
