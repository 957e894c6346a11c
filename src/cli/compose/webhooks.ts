import type { Logger } from "pino";
import { systemClock } from "../../model/clock.ts";
import { codeOf, messageOf } from "../../model/errors.ts";
import { RepeatedFaultLog } from "../../ops/logging.ts";
import type { WorkerMetrics } from "../../ops/metrics.ts";
import {
  startWebhookServer,
  type WebhookOutcome,
  type WebhookReceiver,
  type WebhookServer,
} from "../../ops/webhook-server.ts";
import type { WorkerConfig } from "../config/worker-config.ts";

/** Whoever finds the address may ask as often as they like: what is refused is told this often. */
const REPEATED_REFUSAL_INTERVAL_MS = 60_000;
const TAKEN: ReadonlySet<WebhookOutcome> = new Set(["received", "handshake"]);

/**
 * Listens for the notifications of a process's connections; undefined where none is notified, or this process does not listen. Throws what `startWebhookServer` throws.
 */
export async function listenForWebhooks(
  receivers: readonly WebhookReceiver[],
  address: WorkerConfig["webhooks"],
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Pick<WorkerMetrics, "erpNotified"> },
): Promise<WebhookServer | undefined> {
  const connections = receivers.map(({ connection }) => connection);
  if (address === undefined) {
    if (connections.length > 0)
      logger.info({ connections }, "Notifications of these ERPs have to reach another worker.");
    return undefined;
  }
  if (connections.length === 0) {
    logger.warn("The webhooks port is not opened: no ERP connection of this worker is notified.");
    return undefined;
  }
  const repeated = new RepeatedFaultLog({
    logger,
    clock: systemClock,
    intervalMs: REPEATED_REFUSAL_INTERVAL_MS,
  });
  const server = await startWebhookServer({
    ...address,
    receivers,
    clock: systemClock,
    onRequest: (connection, outcome) => {
      metrics.erpNotified(connection, outcome, 1);
      if (!TAKEN.has(outcome))
        repeated.write(
          "warn",
          `${connection} ${outcome}`,
          { connection, reason: outcome },
          "A request to the webhooks port was not taken.",
        );
    },
    onFault: (fault) => {
      repeated.write(
        "error",
        codeOf(fault),
        { code: codeOf(fault), reason: messageOf(fault) },
        "A request to the webhooks port failed.",
      );
    },
  });
  logger.info({ host: server.host, port: server.port, connections }, "The webhooks port listens.");
  return server;
}
