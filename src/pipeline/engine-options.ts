import type { MessageDecoder } from "../model/event-batch.ts";
import type { ErpDescription } from "../model/erp-description.ts";
import type { KeySegments } from "../model/key-segments.ts";
import type { SliceBudget } from "../model/sliced-work.ts";
import type { CompiledSettings } from "../billing/catalog/compiled.ts";
import type { SealingLimits } from "../operators/deduplicate/sealing-policy.ts";

/** What an engine is made with. */
export interface PartitionEngineOptions {
  readonly partition: number;
  readonly partitionCount: number;
  readonly decoder: MessageDecoder;
  /** Key of the event-id hash (32 hexadecimal digits) that `decoder` was made with; kept in the state for `explain`. */
  readonly hashKey: string;
  /** Settings of the catalog in effect at the checkpoint, or of the first one to take effect. */
  readonly settings: Pick<CompiledSettings, "cellMs" | "dedupeHorizonMs">;
  /** SHA-256 of bytes. */
  readonly sha256: (...parts: readonly Uint8Array[]) => Uint8Array;
  /** Where dedupe keys are sealed: the store's, whose checkpoints name them. Without it all keys stay in memory. */
  readonly segments?: KeySegments | undefined;
  /** When keys are sealed; only tests give others. */
  readonly sealing?: SealingLimits;
  /** What each kind of ERP needs of a mapping. */
  readonly erpDescriptions?: readonly ErpDescription[] | undefined;
  /** How much work is one slice; only tests give another. */
  readonly budget?: SliceBudget;
}
