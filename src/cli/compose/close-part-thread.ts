/** Entry of a thread that makes a partition's part of a close report from its last checkpoint, then ends. */
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { messageOf, TributaryError } from "../../model/errors.ts";
import { timedScope } from "../../pipeline/close/close-scope.ts";
import type { PartAnswer, PartRequest } from "../../pipeline/close/part-exchange.ts";
import { partitionClose } from "../../pipeline/close/partition-close.ts";
import { DOCUMENT_TARGET } from "../../sinks/publication-target.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { Inspection } from "./inspection.ts";

/** What the thread is started with. */
export interface ClosePartData {
  readonly config: WorkerConfig;
  readonly partition: number;
  readonly request: PartRequest;
}

const { data } = z.object({ data: z.custom<ClosePartData>() }).parse(workerData);

async function makePart({ config, partition, request }: ClosePartData): Promise<PartAnswer> {
  const { legalEntity, from, to, items } = request;
  const inspection = await Inspection.open(config, [partition]);
  try {
    const [source] = inspection.partitions;
    const entity = source?.engine.catalog?.legalEntities.get(legalEntity);
    if (source === undefined || entity === undefined)
      throw new TributaryError("usage-invalid", `The catalog in effect has no legal entity ${legalEntity}.`);
    const scope = timedScope(entity, from, to);
    return {
      outcome: "reported",
      part: partitionClose({ ...source, documentTarget: DOCUMENT_TARGET }, scope, items),
    };
  } finally {
    await inspection.close();
  }
}

async function answer(): Promise<PartAnswer> {
  try {
    return await makePart(data);
  } catch (fault) {
    return { outcome: "failed", message: messageOf(fault) };
  }
}

parentPort?.postMessage(await answer(), []);
