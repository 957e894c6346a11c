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
  deadLetterTarget,
  documentTarget,
  ratedTarget,
} from "../../sinks/publication-target.ts";
import { rerouteTarget } from "../../sinks/reroute-target.ts";
import {
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
}

/** The delivery targets of a partition that the configuration asks for, each with its runner. */
export function createDelivery(options: {
  readonly partition: number;
  readonly config: WorkerConfig;
  readonly store: PartitionStore;
  readonly logs: PublicationLogs;
  readonly faults: FaultInjector;
  readonly taxService: TaxService | undefined;
  readonly onTaxCommitRefused: TaxCommitTargetOptions["onRefused"];
  readonly onAttemptFailed: (target: string, error: unknown) => void;
  readonly onFailed: (target: string, error: TributaryError) => void;
}): OutboxDelivery {
  const { partition, config, store, logs, faults, onAttemptFailed, onFailed } = options;
  const targets: DeliveryTarget[] = [
    deadLetterTarget({ partition, log: logs.deadLetter, faults }),
    alertTarget({ partition, log: logs.alert, faults }),
    documentTarget({ partition, log: logs.document, faults }),
    rerouteTarget({ partition, publisher: logs.usage, faults }),
    // Also without a service: what was taxed by one before must not count as delivered.
    taxCommitTarget({ service: options.taxService, faults, onRefused: options.onTaxCommitRefused }),
  ];
  if (config.sinks.rated.enabled) targets.push(ratedTarget({ partition, log: logs.rated, faults }));
  const file = config.sinks.file;
  if (file !== undefined) {
    const formats = file.format === "both" ? (["ndjson", "csv"] as const) : ([file.format] as const);
    for (const format of formats)
      targets.push(fileTarget({ partition, folder: file.directory, format, faults }));
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

function limitsOf({ name }: DeliveryTarget): ChunkLimits {
  if (name.startsWith("file-")) return FILE_CHUNK;
  return name === "tax-commit" ? TAX_COMMIT_CHUNK : PUBLICATION_CHUNK;
}
