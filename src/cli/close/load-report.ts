import { systemClock } from "../../model/clock.ts";
import { closeReport, type CloseReport } from "../../pipeline/close/close-report.ts";
import type { TimedScope } from "../../pipeline/close/close-scope.ts";
import { partitionClose, type PartitionClose } from "../../pipeline/close/partition-close.ts";
import { DOCUMENT_TARGET } from "../../sinks/publication-target.ts";
import { loadCatalogDirectory } from "../catalog-directory.ts";
import { Inspection } from "../compose/inspection.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { partsOfOwners } from "./owners-parts.ts";
import { scopeOf, type ScopeOptions } from "./scope-options.ts";

export interface LoadedReport {
  readonly scope: TimedScope;
  readonly report: CloseReport;
  /** Of each partition that was read. */
  readonly parts: readonly PartitionClose[];
}

/** Makes the report from the last checkpoints in the state directory, or from the parts of the partitions' owners. */
export async function loadReport(
  config: WorkerConfig,
  options: ScopeOptions,
  listedItems: number,
): Promise<LoadedReport> {
  const { scope, parts } = await (options.owners === true
    ? askOwners(config, options, listedItems)
    : readStates(config, options, listedItems));
  return { scope, parts, report: closeReport(scope, parts, config.partitions.count, systemClock.nowMs()) };
}

/** The scope that the options name, by the catalogs in effect in the state directory, or by the configured one. */
export async function loadScope(config: WorkerConfig, options: ScopeOptions): Promise<TimedScope> {
  if (options.owners === true)
    return scopeOf(options, [(await loadCatalogDirectory(config.catalogDir)).compiled]);
  const inspection = await Inspection.open(config);
  try {
    return scopeOf(
      options,
      inspection.partitions.flatMap(({ engine }) => engine.catalog ?? []),
    );
  } finally {
    await inspection.close();
  }
}

async function askOwners(
  config: WorkerConfig,
  options: ScopeOptions,
  listedItems: number,
): Promise<Omit<LoadedReport, "report">> {
  const { compiled } = await loadCatalogDirectory(config.catalogDir);
  const scope = scopeOf(options, [compiled]);
  return { scope, parts: await partsOfOwners(config, scope, listedItems) };
}

async function readStates(
  config: WorkerConfig,
  options: ScopeOptions,
  listedItems: number,
): Promise<Omit<LoadedReport, "report">> {
  const inspection = await Inspection.open(config);
  try {
    const { partitions } = inspection;
    const scope = scopeOf(
      options,
      partitions.flatMap(({ engine }) => engine.catalog ?? []),
    );
    const parts = partitions.map((partition) =>
      partitionClose({ ...partition, documentTarget: DOCUMENT_TARGET }, scope, listedItems),
    );
    return { scope, parts };
  } finally {
    await inspection.close();
  }
}
