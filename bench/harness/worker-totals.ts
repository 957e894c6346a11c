import { loadWorkerConfig } from "../../src/cli/config/worker-config.ts";
import { Inspection } from "../../src/cli/compose/inspection.ts";
import type { CellTotal, LoadCounts } from "../../src/load/expected-totals.ts";
import { noEvents } from "../../src/model/outputs.ts";
import { Aggregation } from "../../src/operators/stage.ts";
import { archivedCells } from "../../src/operators/window/window-archive.ts";
import { checkPartition } from "../../src/pipeline/balance.ts";
import { addRegionCounts } from "../../src/pipeline/partition-report.ts";
import { hashOfCells, numberIn } from "./sums.ts";

export interface WorkerTotals {
  readonly counts: LoadCounts;
  readonly hash: string;
  /** Windows that were rated and put into the outbox. */
  readonly windows: number;
}

/** What a worker's last checkpoint says, read back from its files. Throws where it does not balance. */
export async function workerTotals(configFile: string): Promise<WorkerTotals> {
  const loaded = loadWorkerConfig({ file: configFile, env: {} });
  if (!loaded.ok) throw new Error(`the worker's configuration has faults: ${JSON.stringify(loaded.faults)}`);
  const inspection = await Inspection.open(loaded.config);
  try {
    const counts = noEvents();
    const cells: CellTotal[] = [];
    let windows = 0;
    for (const source of inspection.partitions) {
      const { engine, store } = source;
      for (const check of checkPartition(source))
        if (!check.balanced)
          throw new Error(`partition ${source.partition} does not balance: ${JSON.stringify(check)}`);
      addRegionCounts(counts, engine.regionCounts());
      windows += store.load()?.lastOrdinals.rated ?? 0;
      const add = (seriesId: number, startMs: number, value: bigint): void => {
        const { account, meter } = engine.series.get(seriesId);
        cells.push({ account: numberIn(account), meter: numberIn(meter), startMs, sum: Number(value) });
      };
      engine.cells.forEach((slot) => {
        add(
          engine.cells.seriesOf(slot),
          engine.cells.startOf(slot),
          engine.cells.value(slot, Aggregation.sum),
        );
      });
      for (const { series, startMs, value } of archivedCells(store)) add(series, startMs, value);
    }
    const { read, accepted, duplicate } = counts;
    if (read !== accepted + duplicate)
      throw new Error(`events of the load were not accepted: ${JSON.stringify(counts)}`);
    return { counts: { read, accepted, duplicate }, hash: hashOfCells(cells), windows };
  } finally {
    await inspection.close();
  }
}
