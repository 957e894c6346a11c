import type { Command } from "commander";
import { codeOf, messageOf, TributaryError } from "../../model/errors.ts";
import { accountToken, partitionOf } from "../../model/partition.ts";
import { lastStoredMs, readBrokerFacts } from "../../ingest/jetstream/broker-facts.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { probeMapping } from "../../ingest/jetstream/subject-mapping.ts";
import { visitRegions } from "../../ingest/jetstream/regional-streams.ts";
import { checkTopology, DEFAULT_MAX_MESSAGE_BYTES } from "../../ingest/jetstream/topology.ts";
import { loadCatalogDirectory } from "../catalog-directory.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { gather, ok, type Finding } from "../doctor/finding.ts";
import { regionFindings } from "../doctor/region-findings.ts";
import { retentionFindings } from "../doctor/retention-findings.ts";
import { readMonitor, type MonitorFacts } from "../doctor/monitor.ts";
import {
  clockFinding,
  consumerFindings,
  mappingFindings,
  storageFindings,
  syncFinding,
  versionFinding,
} from "../doctor/server-findings.ts";
import { differenceFindings, streamFindings } from "../doctor/stream-findings.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine } from "../print.ts";

/** Region of the probes: no catalog names it, so that they hold no watermark back. */
const PROBE_REGION = "probe";
/** Accounts that are probed. A mapping for another partition count would have to agree on all of them by chance. */
const PROBE_ACCOUNTS = Array.from({ length: 24 }, (_, i) => `tributary-probe-${i}`);

interface DoctorOptions extends ConfiguredOptions {
  readonly monitor?: string;
  readonly skipProbes?: boolean;
}

export function addDoctorCommand(program: Command): void {
  addConfiguredOptions(
    program
      .command("doctor")
      .summary("look at the live NATS set-up and say what could lose money")
      .description(
        "Each finding says what was seen, why it matters and what to do. Exit code 1 when something is critical.\n" +
          "Changes no setting. It publishes a few empty probe messages, which workers count as probes and otherwise ignore.",
      )
      .option(
        "--monitor <url>",
        "the server's monitoring endpoint, such as http://127.0.0.1:8222: tells more than a client sees",
      )
      .option("--skip-probes", "publish nothing: the subject mapping and the clock are then not checked"),
  ).action(async (options: DoctorOptions) => {
    const config = readConfig(options);
    const monitor = options.monitor === undefined ? undefined : await readMonitor(options.monitor);
    const findings = gather(await examine(config, monitor, options.skipProbes === true));
    const healthy = findings.every(({ severity }) => severity !== "critical");
    if (options.json === true) printJson({ healthy, findings });
    else printFindings(findings);
    process.exitCode = healthy ? ExitCode.done : ExitCode.fault;
  });
}

async function examine(
  config: WorkerConfig,
  monitor: MonitorFacts | undefined,
  skipProbes: boolean,
): Promise<Finding[]> {
  let broker: BrokerConnection;
  try {
    broker = await connectBroker({ ...config.nats, name: "tributary-doctor" });
  } catch (fault) {
    return [connectionFinding(fault)];
  }
  try {
    const { count, owned } = config.partitions;
    const { differences } = await checkTopology(broker, {
      partitionCount: count,
      replicas: config.replicas,
      regions: config.regions,
    });
    const regions = await visitRegions(broker, config.regions, {
      create: false,
      maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
    });
    const facts = await readBrokerFacts(broker, count);
    const horizon = await dedupeHorizon(config);
    const leastReplicas = Math.min(...facts.streams.map((stream) => stream.replicas), config.replicas);
    return [
      versionFinding(facts.serverVersion),
      syncFinding(monitor, leastReplicas),
      ...differenceFindings(differences),
      ...streamFindings(facts.streams, {
        dedupeHorizonMs: horizon,
        pullBytes: config.pull.maxBytes,
        hasSources: config.regions.length > 0,
      }),
      ...regionFindings(regions, facts.sources, horizon),
      ...retentionFindings(facts.needs, Date.now()),
      ...consumerFindings(facts.consumers, owned),
      ...storageFindings(facts, monitor),
      ...(skipProbes ? [] : await probe(broker, count)),
    ];
  } finally {
    await broker.close();
  }
}

function connectionFinding(fault: unknown): Finding {
  const version = fault instanceof TributaryError ? fault.details["version"] : undefined;
  if (codeOf(fault) === "broker-version-unsupported" && typeof version === "string") {
    const finding = versionFinding(version);
    if (finding.severity === "critical") return finding;
  }
  if (codeOf(fault) === "internal-fault") throw fault;
  return {
    severity: "critical",
    check: "connection",
    of: [],
    seen: messageOf(fault),
    why: "Without the broker nothing is taken in and nothing is published.",
    action: "Start the server with JetStream, or correct `nats` in the configuration.",
  };
}

/** 0 where the catalog has faults: `validate` says which, and the month of usage is looked at all the same. */
async function dedupeHorizon(config: WorkerConfig): Promise<number> {
  try {
    return (await loadCatalogDirectory(config.catalogDir)).compiled.settings.dedupeHorizonMs;
  } catch (fault) {
    if (codeOf(fault) === "catalog-invalid") return 0;
    throw fault;
  }
}

async function probe(broker: BrokerConnection, partitionCount: number): Promise<Finding[]> {
  const probes = await probeMapping(broker, {
    partitionCount,
    tokens: PROBE_ACCOUNTS.map(accountToken),
    region: PROBE_REGION,
  });
  const mapping = mappingFindings(probes, partitionCount);
  if (mapping.some(({ severity }) => severity !== "ok")) return mapping;
  // One more, timed: the broker stored it between the two readings of our clock.
  const account = PROBE_ACCOUNTS[0] ?? "";
  const beforeMs = Date.now();
  await probeMapping(broker, { partitionCount, tokens: [accountToken(account)], region: PROBE_REGION });
  const afterMs = Date.now();
  const storedMs = await lastStoredMs(broker, partitionOf(account, partitionCount), PROBE_REGION);
  if (storedMs === undefined) return [...mapping, ok("clock", "the probe is gone: not compared")];
  return [...mapping, clockFinding(storedMs - (beforeMs + afterMs) / 2, (afterMs - beforeMs) / 2 + 1)];
}

function printFindings(findings: readonly Finding[]): void {
  for (const { severity, check, of, seen, why, action } of findings) {
    printLine(
      `${severity.toUpperCase().padEnd(8)}  ${check}: ${seen}${of.length === 0 ? "" : ` (${namesText(of)})`}`,
    );
    if (why !== "") printLine(`          ${why}`);
    if (action !== "") printLine(`          → ${action.trimEnd().replaceAll("\n", "\n            ")}`);
  }
  const critical = findings.filter(({ severity }) => severity === "critical").length;
  const warnings = findings.filter(({ severity }) => severity === "warn").length;
  printLine();
  printLine(
    `${critical} critical, ${warnings} to look at, ${findings.length - critical - warnings} in order.`,
  );
}

/** All names where they are few. */
function namesText(names: readonly string[]): string {
  const shown = 4;
  if (names.length <= shown + 1) return names.join(", ");
  return `${names.slice(0, shown).join(", ")} and ${names.length - shown} more`;
}
