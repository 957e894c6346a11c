import type { NewestState } from "../../../fleet/snapshots/newest-state.ts";
import type { WorkerConfig } from "../../config/worker-config.ts";

/** What the thread that moves states is started with. */
export interface StateThreadData {
  readonly config: WorkerConfig;
}

/** `provide` sees to it that the newest state is on the disk, `snapshot` puts the last checkpoint away. */
export type StateTask =
  | { readonly kind: "provide"; readonly partition: number }
  | { readonly kind: "snapshot"; readonly partition: number }
  | { readonly kind: "close" };

/** States that were left out, for people. */
export interface LeftOut {
  readonly state: string;
  readonly reason: string;
}

export type StateResult =
  | { readonly kind: "provided"; readonly state: NewestState; readonly leftOut: readonly LeftOut[] }
  | {
      readonly kind: "snapshot-taken";
      readonly id: string;
      readonly bytes: number;
      readonly storedBytes: number;
    }
  | { readonly kind: "closed" };
