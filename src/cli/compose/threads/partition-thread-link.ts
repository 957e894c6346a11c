import type { Worker } from "node:worker_threads";
import { messageOf, TributaryError } from "../../../model/errors.ts";
import { startThread } from "../../../state/writer/start-thread.ts";
import { unpackFault } from "../../../state/writer/writer-messages.ts";
import type { ThreadData, ThreadReply, ThreadRequest, ThreadTask } from "./thread-messages.ts";

interface Waiting {
  readonly resolve: (reply: ThreadReply) => void;
  readonly reject: (fault: Error) => void;
}

/** The main thread's end of one partition thread's life. */
export class PartitionThreadLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #end: TributaryError | undefined;

  /** `onEnd` is told once, when the thread has ended by itself. */
  constructor(data: ThreadData, index: number, onEnd: (fault: TributaryError) => void) {
    this.#worker = startThread(import.meta.url, "./partition-thread", { name: `partitions-${index}`, data });
    this.#worker.on("message", (reply: ThreadReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.fault === undefined) waiting?.resolve(reply);
      else waiting?.reject(unpackFault(reply.fault));
    });
    const end = (why: string, cause?: unknown): void => {
      if (this.#end !== undefined) return;
      this.#end = new TributaryError("thread-failed", `A thread of the worker ended: ${why}.`, { cause });
      for (const { reject } of this.#waiting.values()) reject(this.#end);
      this.#waiting.clear();
      onEnd(this.#end);
    };
    this.#worker.on("error", (error) => {
      end(messageOf(error), error);
    });
    this.#worker.on("exit", (code) => {
      end(`exit code ${code}`);
    });
  }

  /** Rejects with the task's fault, or with `thread-failed` where the thread has ended. */
  async ask(task: ThreadTask): Promise<ThreadReply> {
    if (this.#end !== undefined) throw this.#end;
    const id = ++this.#lastId;
    const request: ThreadRequest = { id, task };
    const reply = new Promise<ThreadReply>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.#worker.postMessage(request, []);
    return reply;
  }

  /** Ends the thread; what it has committed stands. */
  async terminate(): Promise<void> {
    this.#end ??= new TributaryError("thread-failed", "The thread of the worker was ended.");
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
    await this.#worker.terminate();
  }
}
