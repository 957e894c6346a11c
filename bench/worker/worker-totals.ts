import { loadWorkerConfig } from "../../src/cli/config/worker-config.ts";
import { Inspection, partitionsIn } from "../../src/cli/compose/inspection.ts";
import type { CellTotal, LoadCounts } from "../../src/load/expected-totals.ts";
import { noEvents, type EventCounts } from "../../src/model/outputs.ts";
import type { PartitionStore } from "../../src/model/store.ts";
import { SeriesTable } from "../../src/operators/series-table.ts";
import { Aggregation } from "../../src/operators/stage.ts";
import { CellTable } from "../../src/operators/window/cell-table.ts";
import { archivedCells } from "../../src/operators/window/window-archive.ts";
import { checkPartition } from "../../src/pipeline/balance.ts";
import { addRegionCounts } from "../../src/pipeline/partition-report.ts";
import { partitionFolder } from "../../src/state/open-database.ts";
import { openPartitionStoreReadOnly } from "../../src/state/partition-store.ts";
import { HOUR_MS, hashOfCells, numberIn } from "../harness/sums.ts";

export interface CommittedTotals {
  readonly counts: LoadCounts;
  readonly hash: string;
}

export interface WorkerTotals extends CommittedTotals {
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
      addCells(cells, engine, store);
    }
    return { counts: loadCounts(counts), hash: hashOfCells(cells), windows };
  } finally {
    await inspection.close();
  }
}

/**
 * Counts and sums of a worker's last checkpoint, without catalog and keys: for states whose keys or contracts would take
 * minutes to read. While a worker runs on it, partitions may be of different moments.
 */
export async function committedTotals(stateDirectory: string): Promise<CommittedTotals> {
  const counts = noEvents();
  const cells: CellTotal[] = [];
  for (const partition of await partitionsIn(stateDirectory)) {
    const store = openPartitionStoreReadOnly(partitionFolder(stateDirectory, partition));
    try {
      addRegionCounts(counts, store.load()?.regionCounts ?? []);
      const tables = { cells: new CellTable({ windowMs: HOUR_MS }), series: new SeriesTable() };
      tables.cells.restore(store);
      tables.series.restore(store);
      addCells(cells, tables, store);
    } finally {
      store.close();
    }
  }
  return { counts: loadCounts(counts), hash: hashOfCells(cells) };
}

/** Adds the cells in memory and those that were let go. */
function addCells(
  cells: CellTotal[],
  tables: { readonly cells: CellTable; readonly series: SeriesTable },
  store: Pick<PartitionStore, "rows">,
): void {
  const add = (seriesId: number, startMs: number, value: bigint): void => {
    const { account, meter } = tables.series.get(seriesId);
    cells.push({ account: numberIn(account), meter: numberIn(meter), startMs, sum: Number(value) });
  };
  for (const slot of tables.cells.slots()) {
    add(tables.cells.seriesOf(slot), tables.cells.startOf(slot), tables.cells.value(slot, Aggregation.sum));
  }
  for (const { series, startMs, value } of archivedCells(store)) add(series, startMs, value);
}

function loadCounts(counts: EventCounts): LoadCounts {
  const { read, accepted, duplicate } = counts;
  if (read !== accepted + duplicate)
    throw new Error(`events of the load were not accepted: ${JSON.stringify(counts)}`);
  return { read, accepted, duplicate };
}
