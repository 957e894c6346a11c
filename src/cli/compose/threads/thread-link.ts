import type { Worker } from "node:worker_threads";
import { messageOf, TributaryError } from "../../../model/errors.ts";
import { unpackFault, type WriterFault } from "../../../state/writer/writer-messages.ts";

/** A task on its way to a thread. */
export interface TaskRequest<Task> {
  readonly id: number;
  readonly task: Task;
}

/** What became of it. */
export interface TaskReply<Result> {
  readonly id: number;
  readonly fault?: WriterFault;
  /** Absent where there was a fault. */
  readonly result?: Result;
}

interface Waiting<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (fault: Error) => void;
}

/** The main thread's end of a thread that does tasks: `serveTasks` is the other. */
export class ThreadLink<Task, Result> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<Result>>();
  #lastId = 0;
  #end: TributaryError | undefined;

  /** `onEnd` is told once, when the thread has ended by itself. */
  constructor(worker: Worker, onEnd: (fault: TributaryError) => void) {
    this.#worker = worker;
    worker.on("message", ({ id, fault, result }: TaskReply<Result>) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (fault !== undefined) waiting?.reject(unpackFault(fault));
      else if (result !== undefined) waiting?.resolve(result);
    });
    const end = (why: string, cause?: unknown): void => {
      if (this.#end !== undefined) return;
      this.#end = new TributaryError("thread-failed", `A thread of the worker ended: ${why}.`, { cause });
      this.#rejectAll(this.#end);
      onEnd(this.#end);
    };
    worker.on("error", (error) => {
      end(messageOf(error), error);
    });
    worker.on("exit", (code) => {
      end(`exit code ${code}`);
    });
  }

  /** Rejects with the task's fault, or with `thread-failed` where the thread has ended. */
  async ask(task: Task): Promise<Result> {
    if (this.#end !== undefined) throw this.#end;
    const id = ++this.#lastId;
    const request: TaskRequest<Task> = { id, task };
    const reply = new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.#worker.postMessage(request, []);
    return reply;
  }

  /** Ends the thread; what it has made durable stands. */
  async terminate(): Promise<void> {
    this.#end ??= new TributaryError("thread-failed", "The thread of the worker was ended.");
    this.#rejectAll(this.#end);
    await this.#worker.terminate();
  }

  #rejectAll(fault: TributaryError): void {
    for (const { reject } of this.#waiting.values()) reject(fault);
    this.#waiting.clear();
  }
}
