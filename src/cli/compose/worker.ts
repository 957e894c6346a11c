import { mkdir } from "node:fs/promises";
import type { Logger } from "pino";
import { systemClock } from "../../model/clock.ts";
import { codeOf, messageOf, type ErrorCode } from "../../model/errors.ts";
import type { ControlRecord } from "../../model/control.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { TaxService } from "../../model/tax-service.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openNumberingLog } from "../../ingest/jetstream/numbering-log.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import {
  ALERT_STREAM,
  DEAD_LETTER_STREAM,
  DOCUMENT_STREAM,
  RATED_STREAM,
  commandStream,
} from "../../ingest/jetstream/names.ts";
import { serveOperators } from "../../ingest/jetstream/operator-channel.ts";
import { openPartitionStreams } from "../../ingest/jetstream/partition-streams.ts";
import { openPublicationLog } from "../../ingest/jetstream/publication-log.ts";
import { openReferenceStore } from "../../ingest/jetstream/reference-store.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import { openUsagePublisher } from "../../ingest/jetstream/usage-publisher.ts";
import { createDecoder } from "../../ingest/wire/decoder.ts";
import { RepeatedFaultLog } from "../../ops/logging.ts";
import type { PipelineObserver } from "../../pipeline/pipeline-options.ts";
import { retentionAlarm, type RetentionMargin } from "../../pipeline/retention-margin.ts";
import { hasRoom } from "../../state/disk-room.ts";
import { partitionFolder } from "../../state/open-database.ts";
import { openPartitionStore } from "../../state/partition-store.ts";
import type { AvataxClient } from "../../sinks/tax/avatax/client.ts";
import { WriterPool } from "../../state/writer/writer-pool.ts";
import { loadCatalogDirectory, type LoadedCatalog } from "../catalog-directory.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { CloseParts } from "./close-parts.ts";
import { CatalogVersions } from "./catalogs.ts";
import { ERP_DESCRIPTIONS } from "./erp-descriptions.ts";
import { createDelivery, type PublicationLogs } from "./partition-sinks.ts";
import { PartitionWorker, randomHashKey } from "./partition-worker.ts";
import { prepareTopology } from "./prepare-topology.ts";
import { createTaxService, servedEntities, taxWaits, type OnTaxRequest } from "./tax-service.ts";

/** Tells this process from every other one. */
const INSTANCE = randomHashKey();
/** How often a pipeline looks for idle regions. */
const IDLE_CHECK_MS = 1_000;
/** How often a pipeline looks for contracts that are due to be billed. */
const BILLING_CHECK_MS = 250;
/** How often a partition's streams are looked at: limits that remove messages do so in hours. */
const STREAM_CHECK_MS = 10_000;
/** A target that is down says so this often. */
const REPEATED_FAULT_INTERVAL_MS = 30_000;

/**
 * Threads that write checkpoints: four fsyncs may wait for the disk at the same time. More would each cost some
 * megabytes for the rare moment at which all partitions commit together. Worker threads share them out.
 */
const WRITER_THREADS = 4;

export interface WorkerPorts {
  readonly logger: Logger;
  readonly faults: FaultInjector;
  readonly observerOf: (partition: number, store: PartitionStore) => PipelineObserver;
  /** Told of each failed delivery. */
  readonly onSinkFault: (target: string, code: ErrorCode) => void;
  /** Told of each request to the tax service. */
  readonly onTaxRequest: OnTaxRequest;
  /** Told of each fault that stops a partition. */
  readonly onPartitionFault: (partition: number, code: ErrorCode) => void;
  /** The catalog, where it is at hand; else it is read from the configured directory. */
  readonly catalog?: LoadedCatalog | undefined;
}

/** All that a running worker consists of; made in the order of its parts, taken down in the reverse order. */
export class Worker {
  readonly config: WorkerConfig;
  readonly broker: BrokerConnection;
  readonly partitions: readonly PartitionWorker[];
  readonly #stores: readonly PartitionStore[];
  readonly #writers: WriterPool;
  readonly #taxService: AvataxClient | undefined;

  private constructor(
    config: WorkerConfig,
    broker: BrokerConnection,
    partitions: readonly PartitionWorker[],
    stores: readonly PartitionStore[],
    writers: WriterPool,
    taxService: AvataxClient | undefined,
  ) {
    this.config = config;
    this.broker = broker;
    this.partitions = partitions;
    this.#stores = stores;
    this.#writers = writers;
    this.#taxService = taxService;
  }

  /** Connects, creates what is missing on the broker, opens the states. Nothing is read until `start`. */
  static async create(config: WorkerConfig, ports: WorkerPorts): Promise<Worker> {
    const catalog = ports.catalog ?? (await loadCatalogDirectory(config.catalogDir));
    const broker = await connectBroker({ ...config.nats, name: `tributary-${config.workerName}` });
    const stores: PartitionStore[] = [];
    const taxService = await createTaxService(config, ports.onTaxRequest);
    warnOfMissingTaxService(config, catalog, ports.logger);
    const writers = new WriterPool(
      Math.min(Math.ceil(WRITER_THREADS / config.threads), config.partitions.owned.length),
    );
    try {
      const connections = catalog.compiled.posting.connections.map(({ key }) => key);
      await prepareTopology(config, broker, ports.logger, {
        legalEntities: [...catalog.compiled.legalEntities.keys()],
        erpConnections: connections,
      });
      const versions = new CatalogVersions(openReferenceStore(broker));
      await versions.publish(catalog);
      await mkdir(config.stateDir, { recursive: true });
      const logs: PublicationLogs = {
        rated: openPublicationLog(broker, RATED_STREAM),
        deadLetter: openPublicationLog(broker, DEAD_LETTER_STREAM),
        alert: openPublicationLog(broker, ALERT_STREAM),
        document: openPublicationLog(broker, DOCUMENT_STREAM),
        usage: openUsagePublisher(broker),
        commands: new Map(connections.map((key) => [key, openPublicationLog(broker, commandStream(key))])),
      };
      const partitions: PartitionWorker[] = [];
      for (const partition of config.partitions.owned) {
        const identity = { partition, partitionCount: config.partitions.count };
        const store = openPartitionStore(partitionFolder(config.stateDir, partition), identity, {
          faults: ports.faults,
          writers,
        });
        stores.push(store);
        partitions.push(
          createPartition({ partition, config, ports, broker, store, logs, catalog, versions, taxService }),
        );
      }
      return new Worker(config, broker, partitions, stores, writers, taxService);
    } catch (fault) {
      for (const store of stores) store.close();
      await writers.close();
      await taxService?.close();
      await broker.close();
      throw fault;
    }
  }

  async start(): Promise<void> {
    for (const partition of this.partitions) await partition.start();
  }

  /** Drains all partitions, delivers what was committed for at most `deliveryTimeoutMs`, closes. */
  async stop(deliveryTimeoutMs: number): Promise<void> {
    await Promise.all(this.partitions.map((partition) => partition.stop(deliveryTimeoutMs)));
    for (const store of this.#stores) store.close();
    await this.#writers.close();
    await this.#taxService?.close();
    await this.broker.close();
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

function createPartition(options: {
  readonly partition: number;
  readonly config: WorkerConfig;
  readonly ports: WorkerPorts;
  readonly broker: BrokerConnection;
  readonly store: PartitionStore;
  readonly logs: PublicationLogs;
  readonly catalog: LoadedCatalog;
  readonly versions: CatalogVersions;
  readonly taxService: TaxService | undefined;
}): PartitionWorker {
  const { partition, config, ports, broker, store, catalog, versions, taxService } = options;
  const logger = ports.logger.child({ partition });
  const repeated = new RepeatedFaultLog({
    logger,
    clock: systemClock,
    intervalMs: REPEATED_FAULT_INTERVAL_MS,
  });
  const observer = ports.observerOf(partition, store);
  const delivery = createDelivery({
    partition,
    config,
    store,
    logs: options.logs,
    faults: ports.faults,
    taxService,
    isTaxedByService: servedEntities(catalog).length > 0,
    onTaxCommitRefused: (refusal) => worker.refuseTaxCommit(refusal),
    onAttemptFailed: (target, error) => {
      const code = codeOf(error);
      ports.onSinkFault(target, code);
      repeated.write(
        "warn",
        `${target} ${code}`,
        { target, code },
        `A delivery failed and is tried again: ${messageOf(error)}`,
      );
    },
    onFailed: (target, error) => {
      if (error.code === "publication-fenced") worker.abort(error);
      logger.error({ target, code: error.code }, `Deliveries to the target have stopped: ${error.message}`);
    },
  });
  const streams = openPartitionStreams(broker, partition);
  const worker: PartitionWorker = new PartitionWorker({
    delivery,
    streams: {
      port: streams,
      intervalMs: STREAM_CHECK_MS,
      onLook: ({ usage, control }) => {
        for (const margin of [usage, control]) warnOfRetention(repeated, margin);
      },
    },
    hasRoom: () => hasRoom(partitionFolder(config.stateDir, partition)),
    pipeline: {
      partition,
      partitionCount: config.partitions.count,
      worker: config.workerName,
      instance: INSTANCE,
      usageLog: openUsageLog(broker, partition, {
        pullBytes: config.pull.maxBytes,
        pullMessages: config.pull.maxMessages,
      }),
      controlLog: openControlLog(broker, partition),
      erpDescriptions: ERP_DESCRIPTIONS,
      numbering: openNumberingLog(broker),
      onNumberingFailed: (fault) => {
        const code = codeOf(fault);
        ports.onSinkFault("numbering", code);
        repeated.write(
          "warn",
          `numbering ${code}`,
          { code },
          `Documents wait for their numbers: ${messageOf(fault)}`,
        );
      },
      tax: {
        service: taxService,
        ...taxWaits(config),
        onFailed: (fault) => {
          const code = codeOf(fault);
          ports.onSinkFault("tax", code);
          repeated.write(
            "warn",
            `tax ${code}`,
            { code },
            `Documents wait for their taxes: ${messageOf(fault)}`,
          );
        },
      },
      store,
      createDecoder,
      catalog: catalog.compiled,
      loadCatalog: (version) => versions.load(version),
      clock: systemClock,
      faults: ports.faults,
      observer: {
        processed: (messages, elapsedMs) => {
          observer.processed(messages, elapsedMs);
        },
        committed: (changes, elapsedMs) => {
          observer.committed(changes, elapsedMs);
          delivery.kick();
        },
        decided: (record) => {
          observer.decided(record);
          logDecision(logger, record);
        },
      },
      checkpointIntervalMs: config.checkpointIntervalMs,
      idleTimeoutMs: config.idleTimeoutMs,
      regionSources: async () => (await streams.usage()).sources,
      billingCheckMs: BILLING_CHECK_MS,
      idleCheckMs: Math.min(IDLE_CHECK_MS, config.idleTimeoutMs),
    },
    accruedIntervalMs: config.accruedIntervalMs,
    partitionsOfThread: config.partitions.owned.length,
    onAccruedFault: (fault) => {
      const code = codeOf(fault);
      repeated.write(
        "error",
        `accrued ${code}`,
        { code },
        `The accrued value can't be read: ${messageOf(fault)}`,
      );
    },
    closeParts: new CloseParts(config, partition),
    serveOperators: (answer) =>
      serveOperators(broker, partition, answer, (fault) => {
        logger.error({ code: codeOf(fault) }, `Operators' requests can't be taken: ${messageOf(fault)}`);
      }),
    onFault: (fault, restartInMs) => {
      const fields = { code: fault.code, restartInMs };
      ports.onPartitionFault(partition, fault.code);
      if (restartInMs === undefined) logger.error(fields, `The partition has stopped: ${fault.message}`);
      else logger.warn(fields, `The partition stopped and starts again: ${fault.message}`);
    },
  });
  return worker;
}

function warnOfRetention(log: RepeatedFaultLog, margin: RetentionMargin | undefined): void {
  const alarm = retentionAlarm(margin);
  if (margin === undefined || alarm === undefined) return;
  const code: ErrorCode = "retention-near";
  log.write(
    alarm === "critical" ? "error" : "warn",
    `${code} ${margin.stream} ${alarm}`,
    { code, ...margin },
    `A limit of ${margin.stream} is going to remove messages that have to stay: raise it, or see to it that the partition catches up.`,
  );
}

/** Numbers come by the hundred; who wants them reads the documents. */
function logDecision(logger: Logger, record: ControlRecord): void {
  const { kind } = record;
  if (kind === "documents-numbered")
    logger.info({ kind, documents: record.numbers.length }, "Numbered documents.");
  else if (kind === "documents-taxed")
    logger.info({ kind, documents: record.replies.length }, "Wrote down answers of the tax service.");
  else if (kind === "posting-result")
    logger.info(
      { kind, results: record.results.length },
      "Wrote down what has become of documents in an ERP.",
    );
  else logger.info({ record }, "Wrote a decision to the control log.");
}
