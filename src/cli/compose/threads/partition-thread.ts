/** Entry of a thread that runs some of a worker's partitions, with a connection and writers of its own. */
import { workerData } from "node:worker_threads";
import { z } from "zod";
import { systemClock } from "../../../model/clock.ts";
import { TributaryError } from "../../../model/errors.ts";
import { createLogger } from "../../../ops/logging.ts";
import { WorkerMetrics } from "../../../ops/metrics.ts";
import { createMeasuredWorker } from "../worker-host.ts";
import { workerFigures } from "../worker-status.ts";
import type { Worker } from "../worker.ts";
import { serveTasks } from "./serve-tasks.ts";
import type { ThreadData, ThreadResult, ThreadTask } from "./thread-messages.ts";

const started = z.object({ data: z.custom<ThreadData>() }).parse(workerData);
const { config } = started.data;
const logger = createLogger({ ...config.log, output: "stdout", worker: config.workerName });
// What belongs to the process is measured by its main thread.
const metrics = new WorkerMetrics({ clock: systemClock, processMetrics: false });
let worker: Worker | undefined;

function created(): Worker {
  if (worker === undefined) throw new TributaryError("internal-fault", "The thread has no worker yet.");
  return worker;
}

async function perform(task: ThreadTask): Promise<ThreadResult> {
  switch (task.kind) {
    case "create":
      worker = await createMeasuredWorker(config, logger, metrics);
      break;
    case "start":
      await created().start();
      break;
    case "adopt":
      await created().adopt(task.partition, task.leaseEpoch);
      break;
    case "release":
      await created().release(task.partition, task.deliveryTimeoutMs);
      break;
    case "drop":
      await created().drop(task.partition);
      break;
    case "figures":
      return { figures: workerFigures(created()) };
    case "metrics":
      return { metrics: await metrics.scrapeAsData() };
    case "stop":
      await worker?.stop(task.deliveryTimeoutMs);
      break;
  }
  return {};
}

serveTasks(perform);
