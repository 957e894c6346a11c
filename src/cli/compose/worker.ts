import { mkdir } from "node:fs/promises";
import type { Logger } from "pino";
import { codeOf, messageOf, type ErrorCode } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { PartitionStore } from "../../model/store.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import {
  ALERT_STREAM,
  DEAD_LETTER_STREAM,
  DOCUMENT_STREAM,
  RATED_STREAM,
  commandStream,
} from "../../ingest/jetstream/names.ts";
import { openPublicationLog } from "../../ingest/jetstream/publication-log.ts";
import { openReferenceStore } from "../../ingest/jetstream/reference-store.ts";
import { whenAvailable } from "../../ingest/jetstream/when-available.ts";
import { openUsagePublisher } from "../../ingest/jetstream/usage-publisher.ts";
import type { PipelineObserver } from "../../pipeline/pipeline-options.ts";
import { partitionFolder } from "../../state/open-database.ts";
import { refuseDuringRepartition } from "../../state/repartition-plan.ts";
import { openPartitionStore } from "../../state/partition-store.ts";
import type { AvataxClient } from "../../sinks/tax/avatax/client.ts";
import { WriterPool } from "../../state/writer/writer-pool.ts";
import { loadCatalogDirectory, type LoadedCatalog } from "../catalog-directory.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { CatalogVersions } from "./catalogs.ts";
import { createPartition } from "./create-partition.ts";
import type { PublicationLogs } from "./partition-sinks.ts";
import type { PartitionWorker } from "./partition-worker.ts";
import { prepareTopology } from "./prepare-topology.ts";
import { createTaxService, servedEntities, type OnTaxRequest } from "./tax-service.ts";

/**
 * Threads that write checkpoints: four fsyncs may wait for the disk at the same time. More would each cost some
 * megabytes for the rare moment at which all partitions commit together. Worker threads share them out.
 */
const WRITER_THREADS = 4;

/** Partitions of a thread that start at the same time: each asks the broker some dozen questions, one after the other. */
const STARTING_AT_A_TIME = 16;

export interface WorkerPorts {
  readonly logger: Logger;
  readonly faults: FaultInjector;
  readonly observerOf: (partition: number, store: PartitionStore) => PipelineObserver;
  /** Told of each failed delivery. */
  readonly onSinkFault: (target: string, code: ErrorCode) => void;
  /** Told of each request to the tax service. */
  readonly onTaxRequest: OnTaxRequest;
  /** Told of each partition whose state is open from now on, and of each that is closed. */
  readonly onOpened: (partition: PartitionWorker) => void;
  readonly onClosed: (partition: number) => void;
  /** Told of each fault that stops a partition. */
  readonly onPartitionFault: (partition: number, code: ErrorCode) => void;
  /** The catalog, where it is at hand; else it is read from the configured directory. */
  readonly catalog?: LoadedCatalog | undefined;
}

interface OpenPartition {
  readonly worker: PartitionWorker;
  readonly store: PartitionStore;
}

/** What all partitions of a worker have in common. */
interface WorkerParts {
  readonly ports: WorkerPorts;
  readonly catalog: LoadedCatalog;
  readonly versions: CatalogVersions;
  readonly logs: PublicationLogs;
  readonly writers: WriterPool;
  readonly taxService: AvataxClient | undefined;
}

/** All that a running worker consists of; made in the order of its parts, taken down in the reverse order. */
export class Worker {
  readonly config: WorkerConfig;
  readonly broker: BrokerConnection;
  readonly #parts: WorkerParts;
  readonly #open = new Map<number, OpenPartition>();

  private constructor(config: WorkerConfig, broker: BrokerConnection, parts: WorkerParts) {
    this.config = config;
    this.broker = broker;
    this.#parts = parts;
  }

  /**
   * Connects and creates what is missing on the broker. Opens the states of the partitions that the configuration gives to this worker; where they are shared
   * out by leases, none. Nothing is read until `start` or `adopt`.
   */
  static async create(config: WorkerConfig, ports: WorkerPorts): Promise<Worker> {
    refuseDuringRepartition(config.stateDir);
    const catalog = ports.catalog ?? (await loadCatalogDirectory(config.catalogDir));
    const broker = await connectBroker({ ...config.nats, name: `tributary-${config.workerName}` });
    const taxService = await createTaxService(config, ports.onTaxRequest);
    warnOfMissingTaxService(config, catalog, ports.logger);
    const writers = new WriterPool(
      Math.min(Math.ceil(WRITER_THREADS / config.threads), config.partitions.owned.length),
    );
    let worker: Worker | undefined;
    try {
      const connections = catalog.compiled.posting.connections.map(({ key }) => key);
      const versions = new CatalogVersions(openReferenceStore(broker));
      await whenAvailable(
        async () => {
          await prepareTopology(config, broker, ports.logger, {
            legalEntities: [...catalog.compiled.legalEntities.keys()],
            erpConnections: connections,
          });
          await versions.publish(catalog);
        },
        {
          onRepeated: (fault) => {
            ports.logger.warn(
              { code: codeOf(fault) },
              `The streams can't be prepared yet: ${messageOf(fault)}`,
            );
          },
        },
      );
      await mkdir(config.stateDir, { recursive: true });
      const logs: PublicationLogs = {
        rated: openPublicationLog(broker, RATED_STREAM),
        deadLetter: openPublicationLog(broker, DEAD_LETTER_STREAM),
        alert: openPublicationLog(broker, ALERT_STREAM),
        document: openPublicationLog(broker, DOCUMENT_STREAM),
        usage: openUsagePublisher(broker),
        commands: new Map(connections.map((key) => [key, openPublicationLog(broker, commandStream(key))])),
      };
      worker = new Worker(config, broker, { ports, catalog, versions, logs, writers, taxService });
      if (config.partitions.assignment === "static")
        for (const partition of config.partitions.owned) worker.#add(partition, undefined);
      return worker;
    } catch (fault) {
      if (worker !== undefined) for (const { store } of worker.#open.values()) store.close();
      await writers.close();
      await taxService?.close();
      await broker.close();
      throw fault;
    }
  }

  /** Those that are open, in the order in which they came. */
  get partitions(): readonly PartitionWorker[] {
    return [...this.#open.values()].map(({ worker }) => worker);
  }

  /**
   * Several at a time: what one waits for at the broker is another one's time to read its state, and none begins with what came meanwhile
   * long before the others are there.
   */
  async start(): Promise<void> {
    const waiting = [...this.partitions];
    const startOneByOne = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.start();
    };
    await Promise.all(Array.from({ length: STARTING_AT_A_TIME }, startOneByOne));
  }

  /** Opens a partition's state and runs it; resolves when the first attempt has succeeded or its fault has been reported. */
  async adopt(partition: number, leaseEpoch: number): Promise<void> {
    await this.#add(partition, leaseEpoch).start();
  }

  /** Drains a partition, delivers what was committed for at most `deliveryTimeoutMs`, closes it. */
  async release(partition: number, deliveryTimeoutMs: number): Promise<void> {
    const open = this.#open.get(partition);
    if (open === undefined) return;
    await open.worker.stop(deliveryTimeoutMs);
    this.#remove(partition, open);
  }

  /** Ends a partition where it stands and closes it; nothing more is delivered. */
  async drop(partition: number): Promise<void> {
    const open = this.#open.get(partition);
    if (open === undefined) return;
    await open.worker.drop();
    this.#remove(partition, open);
  }

  /** Drains all partitions, delivers what was committed for at most `deliveryTimeoutMs`, closes. */
  async stop(deliveryTimeoutMs: number): Promise<void> {
    await Promise.all(this.partitions.map(({ partition }) => this.release(partition, deliveryTimeoutMs)));
    await this.#parts.writers.close();
    await this.#parts.taxService?.close();
    await this.broker.close();
  }

  #add(partition: number, leaseEpoch: number | undefined): PartitionWorker {
    const { config, broker } = this;
    const { ports, catalog, versions, logs, writers, taxService } = this.#parts;
    const identity = { partition, partitionCount: config.partitions.count };
    const store = openPartitionStore(partitionFolder(config.stateDir, partition), identity, {
      faults: ports.faults,
      writers,
    });
    const worker = createPartition({
      partition,
      config,
      ports,
      broker,
      store,
      logs,
      catalog,
      versions,
      taxService,
      leaseEpoch,
    });
    this.#open.set(partition, { worker, store });
    ports.onOpened(worker);
    return worker;
  }

  #remove(partition: number, open: OpenPartition): void {
    // Two ends of one partition may meet: a drain that is cut short.
    if (this.#open.get(partition) !== open) return;
    this.#open.delete(partition);
    open.store.close();
    this.#parts.ports.onClosed(partition);
  }
}

function warnOfMissingTaxService(config: WorkerConfig, catalog: LoadedCatalog, logger: Logger): void {
  if (config.tax !== undefined) return;
  const legalEntities = servedEntities(catalog);
  if (legalEntities.length > 0)
    logger.warn(
      { legalEntities },
      "Documents of these legal entities will wait: the configuration names no tax service.",
    );
}
