import { byteSizeText } from "./byte-size.ts";
import { ownedPartitionsText } from "./owned-partitions.ts";
import type { WorkerConfig } from "./worker-config.ts";
import { durationText } from "../../model/duration.ts";

/** What stands in for a secret. */
export const MASK = "********";

/** The configuration in effect in the form of the file, every secret masked: for printing. */
export function effectiveConfig(config: WorkerConfig): Record<string, unknown> {
  const { nats, partitions, snapshots, sinks, tax, admin } = config;
  return withoutAbsent({
    nats: withoutAbsent({
      servers: nats.servers,
      user: nats.user,
      password: masked(nats.password),
      token: masked(nats.token),
      credentials_file: nats.credentialsFile,
      tls:
        nats.tls === undefined
          ? undefined
          : withoutAbsent({
              ca_file: nats.tls.caFile,
              cert_file: nats.tls.certFile,
              key_file: nats.tls.keyFile,
            }),
    }),
    partitions:
      partitions.assignment === "static"
        ? { count: partitions.count, owned: ownedPartitionsText(partitions.owned, partitions.count) }
        : { count: partitions.count, assignment: "elastic", lease: durationText(partitions.leaseMs) },
    ...(partitions.assignment === "elastic" && {
      snapshots: { interval: durationText(snapshots.intervalMs), keep: snapshots.keep },
    }),
    state_dir: config.stateDir,
    catalog_dir: config.catalogDir,
    worker_name: config.workerName,
    checkpoint_interval: durationText(config.checkpointIntervalMs),
    accrued_interval: durationText(config.accruedIntervalMs),
    idle_timeout: durationText(config.idleTimeoutMs),
    shutdown_deadline: durationText(config.shutdownDeadlineMs),
    threads: config.threads,
    pull: { max_messages: config.pull.maxMessages, max_bytes: byteSizeText(config.pull.maxBytes) },
    replicas: config.replicas,
    sinks: withoutAbsent({ rated: sinks.rated, file: sinks.file }),
    tax:
      tax === undefined
        ? undefined
        : {
            service: tax.service,
            url: tax.url,
            account_id: tax.accountId,
            license_key: masked(tax.licenseKey),
            deadline: durationText(tax.deadlineMs),
            max_in_flight: tax.maxInFlight,
            overdue_after: durationText(tax.overdueAfterMs),
            ask_again_after: durationText(tax.askAgainAfterMs),
          },
    erp_connections: config.erpConnectionsFile,
    webhooks: config.webhooks,
    admin: withoutAbsent({ host: admin.host, port: admin.port, token: masked(admin.token) }),
    log: config.log,
  });
}

function masked(secret: string | undefined): string | undefined {
  return secret === undefined ? undefined : MASK;
}

function withoutAbsent(section: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined));
}
