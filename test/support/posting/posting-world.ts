import type { ErpSink } from "../../../src/sinks/erp/erp-sink.ts";
import { RunnerWorld, type RunnerWorldOptions } from "./runner-world.ts";
import { ScriptedErp, type ScriptedErpOptions } from "./scripted-erp.ts";
import type { SimProcess } from "./sim-process.ts";

export interface WorldOptions extends RunnerWorldOptions {
  readonly erp?: Partial<ScriptedErpOptions>;
}

export const DEADLINE_MS = 30_000;
export const SETTLE_MS = 60_000;

/** A connection in front of an ERP that does what a script says, all in memory. */
export class PostingWorld extends RunnerWorld {
  readonly erp: ScriptedErp;

  constructor(options: WorldOptions = {}) {
    super(options);
    this.erp = new ScriptedErp({
      clock: this.clock,
      requestDeadlineMs: DEADLINE_MS,
      settleDelayMs: SETTLE_MS,
      maxReadBack: 10,
      latencyMs: () => 300,
      behaviour: () => ({ kind: "answer" }),
      refusesDuplicates: false,
      limits: { maxConcurrent: options.quota?.maxConcurrent ?? 3 },
      ...options.erp,
    });
  }

  protected override sinkOf(process: SimProcess): ErpSink {
    return this.erp.sinkOf(process);
  }
}
