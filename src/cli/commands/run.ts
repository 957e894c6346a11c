import type { Command } from "commander";
import type { Logger } from "pino";
import { systemClock } from "../../model/clock.ts";
import { codeOf, messageOf } from "../../model/errors.ts";
import { startAdminServer, type AdminServer } from "../../ops/admin-server.ts";
import { createLogger } from "../../ops/logging.ts";
import { WorkerMetrics } from "../../ops/metrics.ts";
import { mergeMetrics } from "../../ops/merged-metrics.ts";
import { handleSignals, WorkerLifecycle } from "../../ops/worker-lifecycle.ts";
import type { LoadedCatalog } from "../catalog-directory.ts";
import type { Fleet } from "../compose/elastic/open-fleet.ts";
import type { Postings } from "../compose/open-postings.ts";
import type { WorkerHost } from "../compose/worker-host.ts";
import { workerReadiness, workerStatus } from "../compose/worker-status.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { addConfigOption, addSettingOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { VERSION } from "../version.ts";

/** Part of the shutdown deadline that the outbox may use; the rest is for the last checkpoint and closing. */
const DELIVERY_SHARE = 0.6;

export function addRunCommand(program: Command): void {
  addSettingOptions(
    addConfigOption(
      program
        .command("run")
        .summary("a worker: owns partitions, runs the pipeline and the sinks, serves the admin port")
        .description(
          "Runs a worker until SIGTERM or SIGINT. The first signal drains: it stops pulling, finishes what was delivered, commits and\n" +
            "publishes, within the shutdown deadline; a second signal ends the process at once, which is safe at any time.",
        ),
    ),
  ).action(async (options: ConfiguredOptions) => {
    await runWorker(readConfig(options));
  });
}

/**
 * Runs until a signal drains the process, and ends it.
 * @param catalog where it is at hand, with all partitions on this thread; else it is read from the configured directory
 */
export async function runWorker(config: WorkerConfig, catalog?: LoadedCatalog): Promise<void> {
  const logger = createLogger({ ...config.log, output: "stdout", worker: config.workerName });
  const metrics = new WorkerMetrics({ clock: systemClock });
  const lifecycle = new WorkerLifecycle((from, to) => {
    metrics.setWorkerState(to);
    logger.info({ from, to }, `The worker is ${to}.`);
  });
  metrics.setWorkerState("starting");
  let host: WorkerHost | undefined;
  let fleet: Fleet | undefined;
  let postings: Postings | undefined;
  let admin: AdminServer | undefined;
  const drain = async (): Promise<void> => {
    lifecycle.enter("draining");
    // First, so that what became of documents finds its partitions; what does not is told by the next runner.
    await postings?.stop();
    await fleet?.stop();
    await host?.stop(config.shutdownDeadlineMs * DELIVERY_SHARE);
    await admin?.close();
    metrics.close();
    lifecycle.enter("stopped");
  };
  handleSignals({
    source: process,
    clock: systemClock,
    deadlineMs: config.shutdownDeadlineMs,
    onDrain: drain,
    exit: (code) => process.exit(code),
    report: (text) => {
      logger.info(text);
    },
  });
  try {
    admin = await startAdminServer({
      ...config.admin,
      version: { version: VERSION },
      clock: systemClock,
      readiness: async () => workerReadiness((await host?.figures()) ?? [], config, lifecycle.state),
      status: async () => workerStatus((await host?.figures()) ?? [], config, lifecycle.state),
      metrics: { contentType: metrics.contentType, scrape: () => scrape(host, metrics) },
      onFault: (fault) => {
        logger.error({ err: fault }, "A request to the admin port failed.");
      },
    });
    logger.info({ host: admin.host, port: admin.port, version: VERSION }, "The admin port listens.");
    const loaded = catalog ?? (await catalogOfPostings(config));
    postings = loaded === undefined ? undefined : await postingsOf(config, loaded, logger, metrics);
    host = await createHost(config, logger, metrics, loaded);
    await host.start();
    if (config.partitions.assignment === "elastic") {
      const deliveryTimeoutMs = config.shutdownDeadlineMs * DELIVERY_SHARE;
      const { openFleet } = await import("../compose/elastic/open-fleet.ts");
      fleet = await openFleet(config, host, logger, metrics, deliveryTimeoutMs);
      fleet.start();
    }
    postings?.start();
    lifecycle.enter("running");
  } catch (fault) {
    // A drain that began meanwhile reports for itself.
    if (lifecycle.state !== "starting") return;
    lifecycle.enter("failed");
    logger.fatal({ code: codeOf(fault), err: fault }, messageOf(fault));
    process.exit(exitCodeOf(codeOf(fault)));
  }
}

/** The catalog, read once, where this process posts to ERPs; else whoever runs partitions reads it. */
async function catalogOfPostings(config: WorkerConfig): Promise<LoadedCatalog | undefined> {
  if (config.erpConnectionsFile === undefined) return undefined;
  const { loadCatalogDirectory } = await import("../catalog-directory.ts");
  return await loadCatalogDirectory(config.catalogDir);
}

// What follows is loaded where it is needed: together it is most of what a process loads, and with several threads the main one has
// use for the last alone.

async function postingsOf(
  config: WorkerConfig,
  catalog: LoadedCatalog,
  logger: Logger,
  metrics: WorkerMetrics,
): Promise<Postings | undefined> {
  const { openPostings } = await import("../compose/open-postings.ts");
  return await openPostings(config, catalog, logger, metrics);
}

/** Where the configuration wants the partitions. */
async function createHost(
  config: WorkerConfig,
  logger: Logger,
  metrics: WorkerMetrics,
  catalog: LoadedCatalog | undefined,
): Promise<WorkerHost> {
  if (config.threads === 1 || catalog !== undefined) {
    const { createMeasuredWorker, hostHere } = await import("../compose/worker-host.ts");
    return hostHere(await createMeasuredWorker(config, logger, metrics, catalog));
  }
  const { ThreadedHost } = await import("../compose/threads/threaded-host.ts");
  return await ThreadedHost.create({
    config,
    logger,
    clock: systemClock,
    onLost: (partition, fault) => {
      metrics.partitionFailed(partition, fault.code);
      metrics.partitionLost(partition);
    },
    onFound: (partition) => {
      metrics.partitionFound(partition);
    },
  });
}

async function scrape(host: WorkerHost | undefined, metrics: WorkerMetrics): Promise<string> {
  const threads = (await host?.metrics()) ?? [];
  return threads.length === 0 ? metrics.scrape() : mergeMetrics(await metrics.scrapeAsData(), threads);
}
