import { systemClock } from "../../model/clock.ts";
import { closeReport, type CloseReport } from "../../pipeline/close/close-report.ts";
import type { TimedScope } from "../../pipeline/close/close-scope.ts";
import { partitionClose, type PartitionClose } from "../../pipeline/close/partition-close.ts";
import { DOCUMENT_TARGET } from "../../sinks/publication-target.ts";
import { Inspection } from "../compose/inspection.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { scopeOf, type ScopeOptions } from "./scope-options.ts";

export interface LoadedReport {
  readonly scope: TimedScope;
  readonly report: CloseReport;
  /** Of each partition in the state directory. */
  readonly parts: readonly PartitionClose[];
}

/** Makes the report from the last checkpoints in the state directory, while a worker may run on them. */
export async function loadReport(
  config: WorkerConfig,
  options: ScopeOptions,
  listedItems: number,
): Promise<LoadedReport> {
  const inspection = await Inspection.open(config);
  try {
    const { partitions } = inspection;
    const scope = scopeOf(options, partitions);
    const parts = partitions.map((partition) => ({
      part: partitionClose({ ...partition, documentTarget: DOCUMENT_TARGET }, scope, listedItems),
      signedOff: partition.engine.invoices.book.closed
        .entries()
        .find(({ legalEntity, to }) => legalEntity === scope.legalEntity && to >= scope.to),
    }));
    const report = closeReport(scope, parts, config.partitions.count, systemClock.nowMs());
    return { scope, report, parts: parts.map(({ part }) => part) };
  } finally {
    await inspection.close();
  }
}
