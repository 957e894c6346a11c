import { MessageChannel, type MessagePort } from "node:worker_threads";

/** Its other end is closed: what is sent into it is dropped. */
let nowhere: MessagePort | undefined;

/**
 * Frees the memory of buffers now, which are empty afterwards. The garbage collector would come to buffers that have been there for long only
 * with its next look at the whole heap, tens of megabytes later.
 */
export function giveBackMemory(buffers: readonly ArrayBuffer[]): void {
  if (nowhere === undefined) {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    // It keeps no process alive.
    port1.unref();
    nowhere = port1;
  }
  nowhere.postMessage(undefined, [...buffers]);
}
