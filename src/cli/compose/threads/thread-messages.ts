import type { MetricData } from "../../../ops/merged-metrics.ts";
import type { WorkerConfig } from "../../config/worker-config.ts";
import type { WorkerFigures } from "../worker-status.ts";

/** What a partition thread is started with: the configuration, `owned` being its own partitions. */
export interface ThreadData {
  readonly config: WorkerConfig;
}

/** `create` opens states and connection, `start` begins to read; each once, in this order. Where partitions are shared out by leases, they come and go afterwards. */
export type ThreadTask =
  | { readonly kind: "create" }
  | { readonly kind: "start" }
  | { readonly kind: "adopt"; readonly partition: number; readonly leaseEpoch: number }
  | { readonly kind: "release"; readonly partition: number; readonly deliveryTimeoutMs: number }
  | { readonly kind: "drop"; readonly partition: number }
  | { readonly kind: "figures" }
  | { readonly kind: "metrics" }
  | { readonly kind: "stop"; readonly deliveryTimeoutMs: number };

/** `figures` and `metrics` where they were asked for. */
export interface ThreadResult {
  readonly figures?: WorkerFigures;
  readonly metrics?: readonly MetricData[];
}
