/** How a figure is told. */
interface FigureFormat {
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
}

/** Everything that scenarios measure besides events a second of a contender. */
export const FIGURES = {
  accountGrowthRatio: { label: "events/s with many accounts, of those with few", unit: "", digits: 2 },
  keyGrowthRatio: { label: "events/s with many remembered keys, of those with few", unit: "", digits: 2 },
  hotKeyBytes: { label: "memory of a remembered key, hot", unit: "bytes", digits: 1 },
  sealedKeyBytes: { label: "memory of a remembered key, sealed", unit: "bytes", digits: 2 },
  manyKeysBytes: { label: "memory of a remembered key, with many of them", unit: "bytes", digits: 1 },
  backlogGrowthMiB: {
    label: "resident memory, keys apart: last third of a backlog beyond the first",
    unit: "MiB",
    digits: 0,
  },
  backlogEvents: { label: "events of that backlog", unit: "", digits: 0 },
  manyKeysRestoreSeconds: {
    label: "start with many remembered keys until all partitions run",
    unit: "s",
    digits: 2,
  },
  manyKeysSealed: { label: "sealed ones of the many remembered keys", unit: "", digits: 0 },
  cellBytes: { label: "memory of an open numeric cell", unit: "bytes", digits: 0 },
  liveMostPerSecond: { label: "events/s of a backlog, the maximum load", unit: "", digits: 0 },
  latencyRatePerSecond: { label: "load while latency was measured", unit: "events/s", digits: 0 },
  latencyP50Ms: { label: "arrival → committed, median", unit: "ms", digits: 0 },
  latencyP99Ms: { label: "arrival → committed, p99", unit: "ms", digits: 0 },
  latencyP999Ms: { label: "arrival → committed, p99.9", unit: "ms", digits: 0 },
  loopRatePerSecond: { label: "load while the event loop was watched", unit: "events/s", digits: 0 },
  loopDelayP99Ms: { label: "event loop blocked, p99", unit: "ms", digits: 1 },
  loopDelayMostMs: { label: "event loop blocked, longest", unit: "ms", digits: 1 },
  restoreSeconds: { label: "start behind a kill until all partitions run", unit: "s", digits: 2 },
  recoverySeconds: { label: "kill until what came meanwhile is committed (RTO)", unit: "s", digits: 2 },
  restoredKeys: { label: "remembered keys that were back", unit: "", digits: 0 },
  restoredCells: { label: "open cells that were back", unit: "", digits: 0 },
  monthEndPerMinute: { label: "month-end: invoices a minute", unit: "", digits: 0 },
  monthEndEventsPerSecond: { label: "month-end: events/s of the next month meanwhile", unit: "", digits: 0 },
  monthEndLoopDelayP99Ms: { label: "month-end: event loop blocked, p99", unit: "ms", digits: 1 },
  erpPlacesUsed: {
    label: "ERP drain: part that is used of a quota of requests at a time",
    unit: "",
    digits: 3,
  },
  erpRateUsed: { label: "ERP drain: part that is used of a quota of requests a second", unit: "", digits: 3 },
  erpMostUsed: { label: "ERP drain: most that was used of either quota", unit: "", digits: 2 },
  scaleOutTwo: { label: "events per CPU-second with 2 threads, of those with 1", unit: "", digits: 2 },
  scaleOutFour: { label: "events per CPU-second with 4 threads, of those with 1", unit: "", digits: 2 },
  fleetTwo: { label: "events per CPU-second with 2 workers, of those with 1", unit: "", digits: 2 },
  fleetFour: { label: "events per CPU-second with 4 workers, of those with 1", unit: "", digits: 2 },
  failoverKeys: { label: "failover: remembered keys of the fleet", unit: "", digits: 0 },
  failoverCells: { label: "failover: open cells of the fleet", unit: "", digits: 0 },
  failoverSnapshotAgeSeconds: {
    label: "failover: age of the newest snapshots at the kill, of the partition where it is oldest",
    unit: "s",
    digits: 1,
  },
  failoverPartitions: { label: "failover: partitions of the fleet", unit: "", digits: 0 },
  failoverMovedByJoin: {
    label: "failover: partitions that moved when a second worker came",
    unit: "",
    digits: 0,
  },
  failoverMovedByDeath: {
    label: "failover: partitions that moved when one of the two died",
    unit: "",
    digits: 0,
  },
  failoverTakenOverSeconds: {
    label: "failover: kill until another worker runs all partitions",
    unit: "s",
    digits: 1,
  },
  failoverLagFallsSeconds: { label: "failover: kill until the lag falls", unit: "s", digits: 1 },
  failoverCaughtUpSeconds: { label: "failover: kill until the lag is gone", unit: "s", digits: 1 },
  ratingPerUnit: { label: "charges per unit", unit: "a second, one core", digits: 0 },
  ratingGraduated: { label: "charges by graduated tiers", unit: "a second, one core", digits: 0 },
  ratingVolume: { label: "charges by volume", unit: "a second, one core", digits: 0 },
  ratingPackage: { label: "charges by package", unit: "a second, one core", digits: 0 },
} as const satisfies Readonly<Record<string, FigureFormat>>;

export type FigureId = keyof typeof FIGURES;
export type Figures = Readonly<Partial<Record<FigureId, number>>>;

export function figureIds(): FigureId[] {
  return Object.keys(FIGURES).filter((id): id is FigureId => id in FIGURES);
}

export function formatFigure(id: FigureId, value: number): string {
  const { unit, digits } = FIGURES[id];
  const number = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "" ? number : `${number} ${unit}`;
}
