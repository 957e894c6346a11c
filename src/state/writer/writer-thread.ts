/** Entry of the writer's thread: does what `WriterTask` says, in the order of the messages. */
import { parentPort } from "node:worker_threads";
import { TributaryError } from "../../model/errors.ts";
import { stateFault } from "../sqlite-faults.ts";
import { StoreOnThread } from "./store-on-thread.ts";
import { packFault, type WriterReply, type WriterRequest, type WriterTask } from "./writer-messages.ts";

const stores = new Map<number, StoreOnThread>();

function storeOf(number: number): StoreOnThread {
  const store = stores.get(number);
  if (store === undefined) throw new TributaryError("internal-fault", `The writer has no store ${number}.`);
  return store;
}

function close(number: number, done: Int32Array<SharedArrayBuffer>): void {
  try {
    stores.get(number)?.close();
  } finally {
    stores.delete(number);
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  }
}

function open(number: number, file: string, maxPageCount: number | undefined): void {
  try {
    stores.set(number, new StoreOnThread(file, maxPageCount));
  } catch (error) {
    throw stateFault(error, "opening the state for the writer", file);
  }
}

function perform(number: number, task: WriterTask): void {
  switch (task.kind) {
    case "open":
      return open(number, task.file, task.maxPageCount);
    case "begin":
      return storeOf(number).begin(task.head);
    case "rows":
      return storeOf(number).rows(task.packed);
    case "records":
      return storeOf(number).records(task.records);
    case "outbox":
      return storeOf(number).outbox(task.packed);
    case "finish":
      return storeOf(number).finish(task.deliveries);
    case "abort":
      return storeOf(number).abort();
    case "deliveries":
      return storeOf(number).deliver(task.deliveries);
    case "close":
      return close(number, task.done);
  }
}

const port = parentPort;
if (port === null) throw new Error("the writer runs as a thread only");
port.on("message", ({ id, store, task }: WriterRequest) => {
  let reply: WriterReply = { id };
  try {
    perform(store, task);
  } catch (error) {
    reply = { id, fault: packFault(error) };
  }
  port.postMessage(reply);
});
