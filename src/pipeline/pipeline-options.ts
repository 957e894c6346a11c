import type { Clock } from "../model/clock.ts";
import type { ControlRecord } from "../model/control.ts";
import type { ErpDescription } from "../model/erp-description.ts";
import type { MessageDecoder } from "../model/event-batch.ts";
import type { FaultInjector } from "../model/fault-injection.ts";
import type { ControlLog, LogMessage, UsageLog } from "../model/log.ts";
import type { NumberingLog } from "../model/numbering.ts";
import type { DeliveredOrdinal } from "../model/outputs.ts";
import type { CheckpointChanges, PartitionStore } from "../model/store.ts";
import type { RegionSource } from "../model/stream-condition.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import type { TaxDeskOptions } from "./tax-desk.ts";

/**
 * Life of a partition's pipeline.
 * - `starting`: verifies the logs against the checkpoint and takes the partition.
 * - `running`: reads, processes, commits.
 * - `draining`: no new pulls; what was delivered is finished and committed.
 * - `stopped`: ended by `stop`, everything is committed.
 * - `failed`: ended by a fault; the last checkpoint stands.
 */
export type PipelineState = "starting" | "running" | "draining" | "stopped" | "failed";

/** Makes a decision of its place: the usage sequence after which it applies, and the time of it. */
export type MakeRecord = (appliesAfter: number, decidedAt: string) => ControlRecord;

/** Told what happens, for metrics and logs; must not throw. */
export interface PipelineObserver {
  processed(messages: readonly LogMessage[], elapsedMs: number): void;
  committed(changes: CheckpointChanges, elapsedMs: number): void;
  decided(record: ControlRecord): void;
}

export interface PartitionPipelineOptions {
  readonly partition: number;
  readonly partitionCount: number;
  /** Name of this worker, for the control log's readers. */
  readonly worker: string;
  /** Random, one each time that a process takes the partition. */
  readonly instance: string;
  /** Of the lease that the partition is held by; absent where it is assigned by configuration. */
  readonly leaseEpoch?: number;
  /**
   * Last control record that an earlier pipeline of this process knew of. Where another instance has taken the partition
   * behind it, the start is refused: a worker that was overtaken must not take the partition back by starting again.
   */
  readonly knownControlSequence: number | undefined;
  /**
   * Makes the delivery targets refuse a former owner and returns what they have from it. Called before the partition is
   * taken: so all that was ever delivered follows from the logs as they stand at that moment.
   */
  readonly fenceDeliveries: () => Promise<readonly DeliveredOrdinal[]>;
  readonly usageLog: UsageLog;
  readonly controlLog: ControlLog;
  /** What each kind of ERP needs of a mapping. */
  readonly erpDescriptions?: readonly ErpDescription[];
  /** Where documents get their numbers. */
  readonly numbering: NumberingLog;
  /** Told that documents could not be numbered; they wait and are tried again. */
  readonly onNumberingFailed: (fault: unknown) => void;
  /** The tax service, and how long its answers may take. */
  readonly tax: Omit<TaxDeskOptions, "clock" | "faults">;
  readonly store: PartitionStore;
  /** Makes the decoder for the partition's key of the event-id hash (32 hexadecimal digits). */
  readonly createDecoder: (hashKey: string) => MessageDecoder;
  /** A fresh key, from a secure random source; used once, when the partition's control log begins. */
  readonly randomHashKey: () => string;
  readonly sha256: (...parts: readonly Uint8Array[]) => Uint8Array;
  /** The catalog that this worker was started with: takes effect when it is not the one in effect already. */
  readonly catalog: CompiledCatalog;
  /** A catalog version by its hash, for records of the log. */
  readonly loadCatalog: (version: string) => Promise<CompiledCatalog>;
  readonly clock: Clock;
  readonly faults: FaultInjector;
  readonly observer: PipelineObserver;
  readonly checkpointIntervalMs: number;
  /** A region without events for this long, with nothing pending, stops holding the watermark back. */
  readonly idleTimeoutMs: number;
  /** How the sources are that regions' usage comes from; none where left out. */
  readonly regionSources?: () => Promise<readonly RegionSource[]>;
  readonly idleCheckMs: number;
  /** How often what is due to be billed is looked for. */
  readonly billingCheckMs: number;
}
