import type { Logger } from "pino";
import { systemClock } from "../../model/clock.ts";
import { codeOf, messageOf, TributaryError } from "../../model/errors.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { ensureTopology } from "../../ingest/jetstream/topology.ts";
import { whenAvailable } from "../../ingest/jetstream/when-available.ts";
import type { WorkerMetrics } from "../../ops/metrics.ts";
import type { WebhookServer } from "../../ops/webhook-server.ts";
import type { CompiledConnection } from "../../billing/posting/compiled-posting.ts";
import type { LoadedCatalog } from "../catalog-directory.ts";
import { type ErpConnectionConfig, loadErpConnections } from "../config/erp-connections.ts";
import type { ConfigFault } from "../config/interpolate.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { faultInjectorFrom } from "./fault-injector.ts";
import { PostingHost } from "./posting-host.ts";
import { randomHashKey } from "./partition-worker.ts";
import { listenForWebhooks } from "./webhooks.ts";

/** The ERP connections of a process, with the connection to the broker that they share. */
export interface Postings {
  start(): void;
  stop(): Promise<void>;
}

/** Connections of the catalog that the configuration says how to reach. */
export interface ReachedConnection {
  readonly compiled: CompiledConnection;
  readonly config: ErpConnectionConfig;
}

export interface ReachedConnections {
  readonly reached: readonly ReachedConnection[];
  /** Keys of the catalog's connections that the configuration does not name: another process posts to them, or none. */
  readonly unreached: readonly string[];
}

/** Puts the file of connections and the catalog together. Throws `config-invalid` with every fault. */
export function reachConnections(file: string, catalog: LoadedCatalog): ReachedConnections {
  const read = loadErpConnections({ file, env: process.env });
  if (!read.ok) throw invalid(read.faults);
  const { posting } = catalog.compiled;
  const faults: ConfigFault[] = [];
  const reached: ReachedConnection[] = [];
  for (const config of read.connections.values()) {
    const compiled = posting.connection(config.key);
    if (compiled === undefined)
      faults.push({ path: config.key, message: "the catalog has no such ERP connection" });
    else if (compiled.adapter !== config.adapter)
      faults.push({
        path: `${config.key}.adapter`,
        message: `must be ${compiled.adapter}, as in the catalog`,
      });
    else reached.push({ compiled, config });
  }
  if (faults.length > 0) throw invalid(faults);
  const keys = new Set(reached.map(({ compiled }) => compiled.key));
  return { reached, unreached: posting.connections.map(({ key }) => key).filter((key) => !keys.has(key)) };
}

function invalid(faults: readonly ConfigFault[]): TributaryError {
  const lines = faults.map(({ path, message }) => `${path}: ${message}`);
  return new TributaryError("config-invalid", `The ERP connections have faults:\n${lines.join("\n")}`, {
    details: { faults },
  });
}

/** Makes the runners of this process; undefined where the configuration names no file of connections. */
export async function openPostings(
  config: WorkerConfig,
  catalog: LoadedCatalog,
  logger: Logger,
  metrics: WorkerMetrics,
): Promise<Postings | undefined> {
  if (config.erpConnectionsFile === undefined) return undefined;
  const { reached, unreached } = reachConnections(config.erpConnectionsFile, catalog);
  if (unreached.length > 0)
    logger.warn(
      { connections: unreached },
      "This worker does not post to these ERP connections: its configuration does not name them.",
    );
  const broker = await connectBroker({ ...config.nats, name: `tributary-${config.workerName}-erp` });
  try {
    const host = await whenAvailable(
      async () => {
        await ensureTopology(broker, {
          partitionCount: config.partitions.count,
          replicas: config.replicas,
          regions: config.regions,
          erpConnections: reached.map(({ compiled }) => compiled.key),
        });
        return await createHost(config, reached, broker, logger, metrics);
      },
      {
        onRepeated: (fault) => {
          logger.warn(
            { code: codeOf(fault) },
            `The ERP connections can't be prepared yet: ${messageOf(fault)}`,
          );
        },
      },
    );
    metrics.watchPostings(() => host.snapshots());
    const webhooks = await listenOrStop(host, config, logger, metrics);
    return {
      start: () => {
        host.start();
      },
      stop: async () => {
        try {
          await webhooks?.close();
          await host.stop();
        } finally {
          await broker.close();
        }
      },
    };
  } catch (fault) {
    await broker.close();
    throw fault;
  }
}

/** Listens for notifications; where that is not possible, nothing of the host stays open. */
async function listenOrStop(
  host: PostingHost,
  config: WorkerConfig,
  logger: Logger,
  metrics: WorkerMetrics,
): Promise<WebhookServer | undefined> {
  try {
    return await listenForWebhooks(host.receivers, config.webhooks, { logger, metrics });
  } catch (fault) {
    await host.stop();
    throw fault;
  }
}

async function createHost(
  config: WorkerConfig,
  reached: readonly ReachedConnection[],
  broker: BrokerConnection,
  logger: Logger,
  metrics: WorkerMetrics,
): Promise<PostingHost> {
  return await PostingHost.create({
    partitionCount: config.partitions.count,
    broker,
    replicas: config.replicas,
    stateDir: config.stateDir,
    workerName: config.workerName,
    instance: randomHashKey(),
    connections: reached.map(({ compiled, config: connection }) => ({
      catalog: {
        key: compiled.key,
        adapter: compiled.adapter,
        prefix: compiled.prefix,
        closedPeriod: compiled.closedPeriod,
      },
      config: connection,
    })),
    logger,
    clock: systemClock,
    random: Math.random,
    faults: faultInjectorFrom(process.env),
    onRequest: (connection, operation, outcome, elapsedMs) => {
      metrics.erpAsked(connection, operation, outcome, elapsedMs);
    },
    onForged: (connection, notifications) => {
      metrics.erpNotified(connection, "credential", notifications);
    },
  });
}
