import type { MetricData } from "../../../ops/merged-metrics.ts";
import type { WriterFault } from "../../../state/writer/writer-messages.ts";
import type { WorkerConfig } from "../../config/worker-config.ts";
import type { WorkerFigures } from "../worker-status.ts";

/** What a partition thread is started with: the configuration, `owned` being its own partitions. */
export interface ThreadData {
  readonly config: WorkerConfig;
}

/** `create` opens states and connection, `start` begins to read; each once, in this order. */
export type ThreadTask =
  | { readonly kind: "create" }
  | { readonly kind: "start" }
  | { readonly kind: "figures" }
  | { readonly kind: "metrics" }
  | { readonly kind: "stop"; readonly deliveryTimeoutMs: number };

export interface ThreadRequest {
  readonly id: number;
  readonly task: ThreadTask;
}

export interface ThreadReply {
  readonly id: number;
  readonly fault?: WriterFault;
  readonly figures?: WorkerFigures;
  readonly metrics?: readonly MetricData[];
}
