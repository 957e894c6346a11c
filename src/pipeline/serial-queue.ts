/**
 * Runs asynchronous tasks one after another. Processing, control appends and checkpoints of a partition share one
 * queue: none of them ever sees another half done.
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects with the task's result; a task that fails does not keep later ones from running. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
