import { systemClock } from "../../model/clock.ts";
import type { TributaryError } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { PublicationLog, UsagePublisher } from "../../model/log.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { DeliveryTarget } from "../../sinks/delivery-target.ts";
import { fileTarget } from "../../sinks/file/file-target.ts";
import type { TaxService } from "../../model/tax-service.ts";
import { type ChunkLimits, FILE_CHUNK, PUBLICATION_CHUNK } from "../../sinks/outbox-chunk.ts";
import { OutboxDelivery } from "../../sinks/outbox-delivery.ts";
import { OutboxRunner } from "../../sinks/outbox-runner.ts";
import {
  alertTarget,
  commandTarget,
  deadLetterTarget,
  documentTarget,
  ratedTarget,
} from "../../sinks/publication-target.ts";
import { rerouteTarget } from "../../sinks/reroute-target.ts";
import {
  isTaxedDocument,
  TAX_COMMIT_CHUNK,
  taxCommitTarget,
  type TaxCommitTargetOptions,
} from "../../sinks/tax/commit-target.ts";
import type { WorkerConfig } from "../config/worker-config.ts";

/** The logs that all partitions publish to. */
export interface PublicationLogs {
  readonly rated: PublicationLog;
  readonly deadLetter: PublicationLog;
  readonly alert: PublicationLog;
  readonly document: PublicationLog;
  readonly usage: UsagePublisher;
  /** By ERP connection. */
  readonly commands: ReadonlyMap<string, PublicationLog>;
}

/** The delivery targets of a partition that the configuration asks for, each with its runner. */
export function createDelivery(options: {
  readonly partition: number;
  /** Random, one each time that a process takes the partition. */
  readonly instance: string;
  readonly config: WorkerConfig;
  readonly store: PartitionStore;
  readonly logs: PublicationLogs;
  readonly faults: FaultInjector;
  readonly taxService: TaxService | undefined;
  /** Whether the catalog has a legal entity whose documents a tax service taxes. */
  readonly isTaxedByService: boolean;
  readonly onTaxCommitRefused: TaxCommitTargetOptions["onRefused"];
  readonly onAttemptFailed: (target: string, error: unknown) => void;
  readonly onFailed: (target: string, error: TributaryError) => void;
}): OutboxDelivery {
  const { partition, instance, config, store, logs, faults, onAttemptFailed, onFailed } = options;
  const targets: DeliveryTarget[] = [
    deadLetterTarget({ partition, log: logs.deadLetter, faults }),
    alertTarget({ partition, log: logs.alert, faults }),
    documentTarget({ partition, log: logs.document, faults }),
    rerouteTarget({ partition, publisher: logs.usage, faults }),
  ];
  const { taxService, isTaxedByService, onTaxCommitRefused } = options;
  // Also without a service: what was taxed by one before must not count as delivered.
  if (taxService !== undefined || isTaxedByService || hasTaxedDocuments(store))
    targets.push(taxCommitTarget({ service: taxService, faults, onRefused: onTaxCommitRefused }));
  for (const [connection, log] of logs.commands)
    targets.push(commandTarget({ partition, connection, log, faults }));
  if (config.sinks.rated.enabled) targets.push(ratedTarget({ partition, log: logs.rated, faults }));
  const file = config.sinks.file;
  if (file !== undefined) {
    const formats = file.format === "both" ? (["ndjson", "csv"] as const) : ([file.format] as const);
    for (const format of formats)
      targets.push(
        fileTarget({
          partition,
          folder: file.directory,
          format,
          faults,
          ...(file.shared && { owner: instance }),
        }),
      );
  }
  return new OutboxDelivery(
    store,
    targets.map(
      (target) =>
        new OutboxRunner({
          store,
          target,
          limits: limitsOf(target),
          clock: systemClock,
          random: Math.random,
          onAttemptFailed: (error) => {
            onAttemptFailed(target.name, error);
          },
          onFailed: (error) => {
            onFailed(target.name, error);
          },
        }),
    ),
  );
}

/** Entries read at a time where the outbox is looked through. */
const OUTBOX_PAGE = 500;

/** Whether documents that a tax service has taxed are in the outbox: few are, as all that has been delivered leaves it. */
function hasTaxedDocuments(store: PartitionStore): boolean {
  for (let after = 0; ;) {
    const page = store.outboxAfter("document", after, OUTBOX_PAGE);
    if (page.some(isTaxedDocument)) return true;
    const last = page.at(-1);
    if (last === undefined) return false;
    after = last.ordinal;
  }
}

function limitsOf({ name }: DeliveryTarget): ChunkLimits {
  if (name.startsWith("file-")) return FILE_CHUNK;
  return name === "tax-commit" ? TAX_COMMIT_CHUNK : PUBLICATION_CHUNK;
}
