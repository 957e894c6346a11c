import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { connectBroker, type BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { whenAvailable } from "../../../src/ingest/jetstream/when-available.ts";
import { ErpLandscape } from "../erp/erp-landscape.ts";
import { startNatsCluster, type TestCluster } from "../nats-cluster.ts";
import { waitUntil } from "../wait-until.ts";
import { Workspace } from "../worker/workspace.ts";
import { audit } from "./audit.ts";
import { CHAOS_PARTITIONS, ChaosTimes, writeChaosCatalog } from "./chaos-catalog.ts";
import { ChaosFleet } from "./chaos-fleet.ts";
import { ChaosLoad } from "./chaos-load.ts";
import { ChaosProducer } from "./chaos-producer.ts";
import type { ChaosReport } from "./chaos-report.ts";
import { FaultPerformer } from "./perform-faults.ts";
import { ProgressWatch } from "./progress-watch.ts";
import { type Assignment, FAULT_KINDS, type FaultKind, faultText, makeSchedule } from "./schedule.ts";
import { settle, settlePartitions } from "./settle.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const WORKERS = 3;
const REPLICAS = 3;
/** On a busy machine a new cluster takes its time to find all of its servers. */
const SET_UP_MS = 180_000;
/** Of the load, so many are published while things fail; the others behind, when all must recover. */
const DISTURBED_SHARE = 0.9;

export interface ChaosOptions {
  readonly seed: number;
  /** How long things fail, milliseconds. */
  readonly faultsMs: number;
  readonly events: number;
  readonly assignment: Assignment;
  /** Keys of simulated ERPs. */
  readonly erps: readonly string[];
  /** How long everything may take to settle when nothing fails any more. */
  readonly settleMs: number;
  /** Logs of a run that fails are kept below it. */
  readonly keepFolder: string;
  /** Logs of a run that goes well, too. */
  readonly keepsAllLogs: boolean;
  readonly say: (text: string) => void;
}

interface Stage {
  readonly cluster: TestCluster;
  readonly connection: BrokerConnection;
  readonly workspace: Workspace;
  readonly erps: ErpLandscape;
  readonly lines: readonly (readonly TcpProxy[])[];
  readonly fleet: ChaosFleet;
  readonly times: ChaosTimes;
}

/** Runs one seed from the first broker to the last comparison. Throws what differs, the seed and the folder of the logs in its message. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const closers: (() => Promise<void>)[] = [];
  const stage = await setUp(options, closers).catch(async (cause: unknown) => {
    await closeAll(closers);
    throw cause;
  });
  const folder = join(options.keepFolder, `seed-${options.seed}`);
  try {
    const report = await play(options, stage);
    if (options.keepsAllLogs) await keepLogs(folder, stage, undefined);
    return report;
  } catch (cause) {
    await keepLogs(folder, stage, cause);
    throw new Error(`seed ${options.seed} (${options.assignment}); logs are in ${folder}: ${String(cause)}`, {
      cause,
    });
  } finally {
    await closeAll(closers);
  }
}

async function setUp(options: ChaosOptions, closers: (() => Promise<void>)[]): Promise<Stage> {
  const { seed, assignment } = options;
  const times = new ChaosTimes(Date.now());
  const cluster = await startNatsCluster({ partitionCount: CHAOS_PARTITIONS });
  closers.push(() => cluster.stop());
  const connection = await connectBroker({ servers: cluster.urls, name: "chaos" });
  closers.push(() => connection.close());
  const [natsUrl = ""] = cluster.urls;
  const workspace = new Workspace({
    natsUrl,
    partitionCount: CHAOS_PARTITIONS,
    catalog: { anchorDay: 1 },
  });
  closers.push(() => workspace.close());
  const erps = await ErpLandscape.start(workspace.folder, seed, options.erps);
  closers.push(() => erps.close());
  writeChaosCatalog(workspace.catalogFolder, times, erps.catalog());
  // The leader of a new cluster does not know all servers at once.
  await whenAvailable(
    () =>
      ensureTopology(connection, {
        partitionCount: CHAOS_PARTITIONS,
        replicas: REPLICAS,
        legalEntities: ["north", "south"],
        erpConnections: options.erps,
      }),
    { deadlineMs: SET_UP_MS },
  );
  const lines = await Promise.all(
    Array.from({ length: WORKERS }, () =>
      Promise.all(cluster.servers.map(({ port }) => TcpProxy.start(port))),
    ),
  );
  closers.push(async () => {
    await Promise.all(lines.flat().map((line) => line.close()));
  });
  const fleet = new ChaosFleet({
    workspace,
    workers: WORKERS,
    assignment,
    erp: erps.settings(),
    lines,
  });
  closers.push(() => fleet.close());
  return { cluster, connection, workspace, erps, lines, fleet, times };
}

async function play(options: ChaosOptions, stage: Stage): Promise<ChaosReport> {
  const { seed, assignment, faultsMs, say } = options;
  const { cluster, connection, workspace, erps, lines, fleet, times } = stage;
  const startedMs = performance.now();
  const kinds = possibleKinds(fleet);
  const schedule = makeSchedule({
    seed,
    durationMs: faultsMs,
    workers: WORKERS,
    brokers: cluster.servers.length,
    assignment,
    kinds,
  });
  say(
    `seed ${seed}, ${assignment}: ${schedule.length} faults\n${schedule.map((fault) => `  ${faultText(fault)}\n`).join("")}`,
  );
  const load = new ChaosLoad(seed, options.events, times);
  for (let worker = 0; worker < WORKERS; worker++) fleet.start(worker);
  await waitUntil("all partitions to run", () => fleet.runsAllPartitions());

  const stop = new AbortController();
  const progress = new ProgressWatch(fleet);
  const producer = new ChaosProducer({
    connection,
    seed,
    onStored: (stored) => {
      progress.stored(stored);
    },
    signal: stop.signal,
  });
  const performer = new FaultPerformer({ cluster, fleet, lines }, stop.signal);
  progress.start();
  erps.beginPassingFaults();
  const disturbed = Math.floor(load.messages.length * DISTURBED_SHARE);
  try {
    await Promise.all([
      performer.perform(schedule, () => undefined),
      producer.publishInDisorder(load.messages.slice(0, disturbed), faultsMs),
    ]);
    erps.endPassingFaults();
    await producer.publishInDisorder(load.messages.slice(disturbed), 0);
    const settling = { workspace, fleet, connection, erps, deadlineMs: options.settleMs };
    const calmMs = performance.now();
    // Behind all the rest, events that were sent on too: late changes are published when the watermark moves on.
    await settlePartitions(settling);
    await producer.publishAll(load.closing);
    await settle(settling);
    const settledMs = performance.now() - calmMs;
    progress.stop();
    await fleet.drain();
    const figures = await audit({ workspace, fleet, connection, load, times, erps, urls: cluster.urls });
    return {
      seed,
      assignment,
      faultsMs,
      elapsedMs: Math.round(performance.now() - startedMs),
      settledMs: Math.round(settledMs),
      longestWithoutProgress: progress.longest,
      faults: Object.fromEntries(performer.performed),
      leftOut: FAULT_KINDS.filter((kind) => !kinds.includes(kind)),
      ownExits: fleet.ownExits.map(({ worker, code, signal }) => ({ worker, code, signal })),
      published: producer.figures,
      ...figures,
    };
  } finally {
    stop.abort();
    progress.stop();
  }
}

/** A disk that is not a file system of its own can't be full for one worker. */
function possibleKinds(fleet: ChaosFleet): readonly FaultKind[] {
  const canBeFull = fleet.disks.every((disk) => disk.canBeFull);
  return FAULT_KINDS.filter((kind) => kind !== "disk-full" || canBeFull);
}

async function keepLogs(folder: string, { fleet, cluster }: Stage, cause: unknown): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  fleet.writeLogs(folder);
  if (cause !== undefined) writeFileSync(join(folder, "failure.txt"), inspect(cause));
  for (const member of cluster.servers.keys())
    await cp(
      join(cluster.directory, `server-${member}`, "nats-server.log"),
      join(folder, `nats-server-${member}.log`),
    );
}

/** In the reverse order; what can't be closed must not keep the rest. */
async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closers.toReversed())
    await close().catch((fault: unknown) => {
      process.stderr.write(`closing after a run: ${String(fault)}\n`);
    });
}
