import type { Logger } from "pino";
import { systemClock } from "../../model/clock.ts";
import type { ControlRecord } from "../../model/control.ts";
import { codeOf, messageOf, type ErrorCode } from "../../model/errors.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { TaxService } from "../../model/tax-service.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import { openNumberingLog } from "../../ingest/jetstream/numbering-log.ts";
import { serveOperators } from "../../ingest/jetstream/operator-channel.ts";
import { openPartitionStreams } from "../../ingest/jetstream/partition-streams.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import { createDecoder } from "../../ingest/wire/decoder.ts";
import { RepeatedFaultLog } from "../../ops/logging.ts";
import { retentionAlarm, type RetentionMargin } from "../../pipeline/retention-margin.ts";
import { hasRoom } from "../../state/disk-room.ts";
import { partitionFolder } from "../../state/open-database.ts";
import type { LoadedCatalog } from "../catalog-directory.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { CloseParts } from "./close-parts.ts";
import type { CatalogVersions } from "./catalogs.ts";
import { ERP_DESCRIPTIONS } from "../../sinks/erp/descriptions.ts";
import { createDelivery, type PublicationLogs } from "./partition-sinks.ts";
import { PartitionWorker, randomHashKey } from "./partition-worker.ts";
import { servedEntities, taxWaits } from "./tax-service.ts";
import type { WorkerPorts } from "./worker.ts";

/** How often a pipeline looks for idle regions. */
const IDLE_CHECK_MS = 1_000;
/** How often a pipeline looks for contracts that are due to be billed. */
const BILLING_CHECK_MS = 250;
/** How often a partition's streams are looked at: limits that remove messages do so in hours. */
const STREAM_CHECK_MS = 10_000;
/** A target that is down says so this often. */
const REPEATED_FAULT_INTERVAL_MS = 30_000;

/** One partition of a worker: the pipeline with its logs, and what is delivered from its outbox. Its store is the caller's to close. */
export function createPartition(options: {
  readonly partition: number;
  readonly config: WorkerConfig;
  readonly ports: WorkerPorts;
  readonly broker: BrokerConnection;
  readonly store: PartitionStore;
  readonly logs: PublicationLogs;
  readonly catalog: LoadedCatalog;
  readonly versions: CatalogVersions;
  readonly taxService: TaxService | undefined;
  /** Of the partition's lease, where partitions are shared out by leases. */
  readonly leaseEpoch: number | undefined;
}): PartitionWorker {
  const { partition, config, ports, broker, store, catalog, versions, taxService, leaseEpoch } = options;
  const logger = ports.logger.child({ partition });
  const repeated = new RepeatedFaultLog({
    logger,
    clock: systemClock,
    intervalMs: REPEATED_FAULT_INTERVAL_MS,
  });
  const observer = ports.observerOf(partition, store);
  // Anew each time: a process that gets a partition back is another owner than it was.
  const instance = randomHashKey();
  /** Counts what failed and is tried again, and says so now and then. */
  const noteSinkFault = (sink: string, fault: unknown, sentence: string, fields: object = {}): void => {
    const code = codeOf(fault);
    ports.onSinkFault(sink, code);
    repeated.write("warn", `${sink} ${code}`, { ...fields, code }, `${sentence}: ${messageOf(fault)}`);
  };
  const delivery = createDelivery({
    partition,
    instance,
    config,
    store,
    logs: options.logs,
    faults: ports.faults,
    taxService,
    isTaxedByService: servedEntities(catalog).length > 0,
    onTaxCommitRefused: (refusal) => worker.refuseTaxCommit(refusal),
    onAttemptFailed: (target, error) => {
      noteSinkFault(target, error, "A delivery failed and is tried again", { target });
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
      instance,
      ...(leaseEpoch !== undefined && { leaseEpoch }),
      usageLog: openUsageLog(broker, partition, {
        pullBytes: config.pull.maxBytes,
        pullMessages: config.pull.maxMessages,
      }),
      controlLog: openControlLog(broker, partition),
      erpDescriptions: ERP_DESCRIPTIONS,
      numbering: openNumberingLog(broker),
      onNumberingFailed: (fault) => {
        noteSinkFault("numbering", fault, "Documents wait for their numbers");
      },
      tax: {
        service: taxService,
        ...taxWaits(config),
        onFailed: (fault) => {
          noteSinkFault("tax", fault, "Documents wait for their taxes");
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
