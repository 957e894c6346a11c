import type { Logger } from "pino";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { visitRegions } from "../../ingest/jetstream/regional-streams.ts";
import { DEFAULT_MAX_MESSAGE_BYTES, ensureTopology } from "../../ingest/jetstream/topology.ts";
import type { WorkerConfig } from "../config/worker-config.ts";

/** Creates what is missing on the broker, in the regions too, and logs what is otherwise than expected. */
export async function prepareTopology(
  config: WorkerConfig,
  broker: BrokerConnection,
  logger: Logger,
  keys: { readonly legalEntities: readonly string[]; readonly erpConnections: readonly string[] },
): Promise<void> {
  const report = await ensureTopology(broker, {
    partitionCount: config.partitions.count,
    replicas: config.replicas,
    regions: config.regions,
    ...keys,
  });
  if (report.created.length > 0)
    logger.info({ streams: report.created }, "Created the streams that were missing.");
  if (report.sourced.length > 0)
    logger.info({ streams: report.sourced }, "Usage streams now get the usage of further regions.");
  for (const difference of report.differences) {
    logger.warn(
      { ...difference },
      "A stream's setting differs from what Tributary would create; see `tributary doctor`.",
    );
  }
  const regions = await visitRegions(broker, config.regions, {
    create: true,
    maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
  });
  for (const { region, stream, state, reason } of regions) {
    if (state === "created") logger.info({ region, stream }, "Created the stream of a region.");
    if (state === "unreachable")
      logger.warn({ region, reason }, "A region can't be reached: its usage waits there.");
  }
}
