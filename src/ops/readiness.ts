import type { PipelineState } from "../pipeline/pipeline-options.ts";
import type { WorkerState } from "./worker-lifecycle.ts";

/** Why a worker is not ready. */
export type NotReadyCode =
  | "starting"
  | "draining"
  | "stopped"
  | "broker-disconnected"
  | "partition-not-running"
  | "checkpoint-stale"
  | "retention-near";

export interface NotReadyReason {
  readonly code: NotReadyCode;
  readonly partition?: number;
  readonly message: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly NotReadyReason[];
}

/** What readiness follows from. Sinks take no part: results wait in the outbox while a target is down. */
export interface ReadinessInput {
  readonly workerState: WorkerState;
  readonly brokerConnected: boolean;
  readonly partitions: readonly {
    readonly partition: number;
    readonly state: PipelineState;
    readonly checkpointAgeMs: number;
    /** Streams that are about to remove messages that have to stay. */
    readonly streamsNearLimit: readonly string[];
  }[];
  /** A checkpoint older than this means that the partition makes no progress. */
  readonly checkpointAgeLimitMs: number;
}

/** Checkpoints may be late by so many intervals before the worker counts as not ready, but not less than the floor. */
const LATE_INTERVALS = 10;
const LEAST_AGE_LIMIT_MS = 10_000;

/** The limit that goes with a checkpoint interval. */
export function checkpointAgeLimitMs(checkpointIntervalMs: number): number {
  return Math.max(LEAST_AGE_LIMIT_MS, LATE_INTERVALS * checkpointIntervalMs);
}

/** Whether the worker does its work, and all that stands against it. */
export function readinessOf(input: ReadinessInput): Readiness {
  const reasons: NotReadyReason[] = [];
  const { workerState } = input;
  if (workerState === "starting")
    reasons.push({ code: "starting", message: "The worker has not started yet." });
  else if (workerState === "draining")
    reasons.push({ code: "draining", message: "The worker is shutting down." });
  else if (workerState !== "running")
    reasons.push({ code: "stopped", message: `The worker is ${workerState}.` });
  if (!input.brokerConnected) {
    reasons.push({ code: "broker-disconnected", message: "The connection to NATS is down." });
  }
  for (const { partition, state, checkpointAgeMs, streamsNearLimit } of input.partitions) {
    for (const stream of streamsNearLimit)
      reasons.push({
        code: "retention-near",
        partition,
        message: `A limit of ${stream} is about to remove messages that are not committed.`,
      });
    if (state !== "running") {
      reasons.push({ code: "partition-not-running", partition, message: `The partition is ${state}.` });
    } else if (checkpointAgeMs > input.checkpointAgeLimitMs) {
      const seconds = Math.round(checkpointAgeMs / 1000);
      reasons.push({
        code: "checkpoint-stale",
        partition,
        message: `The last checkpoint is ${seconds} s old.`,
      });
    }
  }
  return { ready: reasons.length === 0, reasons };
}
