import { parentPort } from "node:worker_threads";
import { packFault } from "../../../state/writer/writer-messages.ts";
import type { TaskReply, TaskRequest } from "./thread-link.ts";

/**
 * A thread's end of a `ThreadLink`: does what it is asked for, several tasks at once.
 * @param perform takes the link's tasks; its result is plain data and never undefined
 */
export function serveTasks(perform: (task: never) => Promise<unknown>): void {
  const port = parentPort;
  if (port === null) throw new Error("this module runs on a thread of a worker only");
  const answer = async ({ id, task }: TaskRequest<never>): Promise<void> => {
    let reply: TaskReply<unknown>;
    try {
      reply = { id, result: await perform(task) };
    } catch (error) {
      reply = { id, fault: packFault(error) };
    }
    port.postMessage(reply);
  };
  port.on("message", (request: TaskRequest<never>) => {
    void answer(request);
  });
}
