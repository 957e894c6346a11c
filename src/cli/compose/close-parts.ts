import type { Worker } from "node:worker_threads";
import { messageOf } from "../../model/errors.ts";
import { partRequestSchema, type PartAnswer, type PartRequest } from "../../pipeline/close/part-exchange.ts";
import type { PartitionPipeline } from "../../pipeline/partition-pipeline.ts";
import { startThread } from "../../state/writer/start-thread.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import type { ClosePartData } from "./close-part-thread.ts";

/**
 * Makes a partition's part of close reports for whoever asks, on a thread of its own: the state is opened a second time for
 * reading, and usage goes on meanwhile. One report at a time.
 */
export class CloseParts {
  readonly #config: WorkerConfig;
  readonly #partition: number;
  #thread: Worker | undefined;

  constructor(config: WorkerConfig, partition: number) {
    this.#config = config;
    this.#partition = partition;
  }

  /** Whether a request asks for a part; if so, the answer to it, undefined where another owner has the partition now. */
  async answer(
    data: Uint8Array,
    pipeline: Pick<PartitionPipeline, "operators" | "checkpoint">,
  ): Promise<{ readonly reply: Uint8Array | undefined } | undefined> {
    const request = readRequest(data);
    if (request === undefined) return undefined;
    const answer = await this.#answer(request, pipeline);
    return { reply: answer === undefined ? undefined : new TextEncoder().encode(JSON.stringify(answer)) };
  }

  /** Ends the report under way. */
  async stop(): Promise<void> {
    await this.#thread?.terminate();
  }

  async #answer(
    request: PartRequest,
    pipeline: Pick<PartitionPipeline, "operators" | "checkpoint">,
  ): Promise<PartAnswer | undefined> {
    if (this.#thread !== undefined) return failed("another report of the partition is being made");
    try {
      if (!(await pipeline.operators.isOwner())) return undefined;
      // What was decided before this request shows in the report.
      await pipeline.checkpoint();
      return await this.#onThread({ config: this.#config, partition: this.#partition, request });
    } catch (fault) {
      return failed(messageOf(fault));
    }
  }

  async #onThread(data: ClosePartData): Promise<PartAnswer> {
    const name = `close-${this.#partition}`;
    const thread = startThread("cli/compose/close-part-thread", { name, data });
    this.#thread = thread;
    try {
      return await new Promise((resolve, reject) => {
        thread.once("message", resolve);
        thread.once("error", reject);
        thread.once("exit", (code) => {
          resolve(failed(`the report's thread ended with ${code}`));
        });
      });
    } finally {
      this.#thread = undefined;
    }
  }
}

function failed(message: string): PartAnswer {
  return { outcome: "failed", message };
}

/** Undefined for other requests: the partition's desk answers them, and says what is wrong with them. */
function readRequest(data: Uint8Array): PartRequest | undefined {
  try {
    return partRequestSchema.safeParse(JSON.parse(new TextDecoder().decode(data))).data;
  } catch {
    return undefined;
  }
}
