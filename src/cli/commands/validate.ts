import { Option, type Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { compileCatalog } from "../../billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import { loadCatalog, parseCanonical } from "../../billing/catalog/load.ts";
import {
  catalogChanges,
  entityCounts,
  successionFaults,
  type CatalogChanges,
} from "../../billing/catalog/succession.ts";
import { mappingGaps } from "../../billing/posting/mapping-gaps.ts";
import { connectBroker } from "../../ingest/jetstream/connection.ts";
import { openReferenceStore } from "../../ingest/jetstream/reference-store.ts";
import { checkTopology, type TopologyDifference } from "../../ingest/jetstream/topology.ts";
import { isLoopbackHost } from "../../ops/loopback.ts";
import { readCatalogFiles, type LoadedCatalog } from "../catalog-directory.ts";
import { catalogWarnings, type Warning } from "../catalog-warnings.ts";
import { catalogInEffect } from "../compose/catalog-in-effect.ts";
import { ERP_DESCRIPTIONS } from "../../sinks/erp/descriptions.ts";
import { CATALOG_KIND } from "../compose/catalogs.ts";
import { servedEntities } from "../compose/tax-service.ts";
import { type ConnectionReport, checkConnections } from "../erp-check.ts";
import { loadWorkerConfig, type WorkerConfig } from "../config/worker-config.ts";
import { addConfiguredOptions, type ConfiguredOptions } from "../configured.ts";
import { capacityFault } from "../dedupe-capacity.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine } from "../print.ts";

interface ValidateOptions extends ConfiguredOptions {
  readonly catalog?: string;
  readonly connect?: boolean;
  readonly strict?: boolean;
}

interface Fault {
  readonly in: "configuration" | "catalog" | "catalog in effect" | "ERP connection";
  readonly path: string;
  readonly message: string;
}

/** A version in effect on some partitions, and what the checked catalog would change there. */
interface InEffect {
  readonly version: string | null;
  readonly partitions: readonly number[];
  readonly changes: CatalogChanges | null;
}

interface Connected {
  readonly serverVersion: string;
  readonly differences: readonly TopologyDifference[];
  readonly inEffect: readonly InEffect[];
  /** ERP connections that the configuration says how to reach, with what stands in their way. */
  readonly erp: readonly ConnectionReport[];
}

export function addValidateCommand(program: Command): void {
  addConfiguredOptions(
    program
      .command("validate")
      .summary("check a configuration and its catalog whole, before a worker does")
      .description(
        "Lists every fault of the configuration and of the catalog that it names, each with its path, and what is allowed but\n" +
          "probably not meant: also all that the mappings of its ERP connections lack, since documents would wait for it. Prints the\n" +
          "catalog's version and what it holds. Exit code 2 where there is a fault.",
      ),
  )
    .addOption(
      new Option("--catalog <directory>", "check this catalog (alone, or in place of the configuration's)"),
    )
    .option(
      "--connect",
      "also reach NATS (server version, streams, what the catalog would change against the one in effect) and the ERPs (credentials,\n" +
        "rights, ids of the mapping)",
    )
    .option("--strict", "exit code 2 also where there is a warning")
    .action(async (options: ValidateOptions) => {
      process.exitCode = await validate(options);
    });
}

async function validate(options: ValidateOptions): Promise<ExitCode> {
  if (options.config === undefined && options.catalog === undefined) {
    throw new TributaryError(
      "usage-invalid",
      "Name what to check: --config <file>, --catalog <directory> or both.",
    );
  }
  if (options.connect === true && options.config === undefined) {
    throw new TributaryError("usage-invalid", "--connect needs --config: it says where NATS is.");
  }
  const faults: Fault[] = [];
  const warnings: Warning[] = [];
  const config = options.config === undefined ? undefined : checkConfig(options.config, faults, warnings);
  const directory = options.catalog ?? config?.catalogDir;
  const catalog = directory === undefined ? undefined : await checkCatalog(directory, faults, warnings);
  if (catalog !== undefined) warnings.push(...mappingWarnings(catalog));
  if (config !== undefined && catalog !== undefined) checkCapacity(config, catalog, faults);
  if (config !== undefined && catalog !== undefined) warnings.push(...taxServiceWarnings(config, catalog));
  const connected =
    options.connect === true && config !== undefined ? await connect(config, catalog, faults) : undefined;
  const summary = {
    valid: faults.length === 0,
    faults,
    warnings,
    catalog:
      catalog === undefined
        ? null
        : { version: catalog.compiled.version, counts: entityCounts(catalog.canonical) },
    ...(connected === undefined ? {} : { connected }),
  };
  if (options.json === true) printJson(summary);
  else printSummary(summary);
  const isRefused = !summary.valid || (options.strict === true && warnings.length > 0);
  return isRefused ? ExitCode.usage : ExitCode.done;
}

function checkConfig(file: string, faults: Fault[], warnings: Warning[]): WorkerConfig | undefined {
  const result = loadWorkerConfig({ file, env: process.env });
  if (!result.ok) {
    faults.push(
      ...result.faults.map(({ path, message }) => ({ in: "configuration" as const, path, message })),
    );
    return undefined;
  }
  const { nats, sinks } = result.config;
  const remote = nats.servers.filter(
    (server) => !server.startsWith("tls://") && !isLoopbackHost(hostOf(server)),
  );
  if (nats.tls === undefined && remote.length > 0) {
    warnings.push({
      path: "nats.tls",
      message: `usage and credentials may cross the network unencrypted to ${remote.join(", ")}`,
    });
  }
  if (!sinks.rated.enabled && sinks.file === undefined) {
    warnings.push({
      path: "sinks",
      message: "rated aggregates go nowhere: sinks.rated is off and there is no sinks.file",
    });
  }
  return result.config;
}

/** What the configuration expects and the catalog's horizon together ask for. */
function checkCapacity(config: WorkerConfig, catalog: LoadedCatalog, faults: Fault[]): void {
  const { count: partitionCount, expectedEventsPerDay: eventsPerDay } = config.partitions;
  if (eventsPerDay === undefined) return;
  const { dedupeHorizonMs } = catalog.compiled.settings;
  const message = capacityFault({ eventsPerDay, partitionCount, dedupeHorizonMs });
  if (message === undefined) return;
  faults.push({ in: "configuration", path: "partitions.expected_events_per_day", message });
}

/** A legal entity and a configuration that don't speak of the same tax service. */
function taxServiceWarnings({ tax }: WorkerConfig, catalog: LoadedCatalog): Warning[] {
  const served = servedEntities(catalog);
  if (tax === undefined && served.length > 0)
    return [
      { path: "tax", message: `is missing: documents of ${served.join(", ")} will wait for a tax service` },
    ];
  if (tax === undefined || served.length > 0) return [];
  return [{ path: "tax", message: "is not used: no legal entity of the catalog has tax: service" }];
}

/** Documents that a mapping lacks something for would be billed and wait. */
function mappingWarnings({ compiled }: LoadedCatalog): Warning[] {
  const descriptions = new Map(ERP_DESCRIPTIONS.map((description) => [description.adapter, description]));
  const today = new Date().toISOString().slice(0, 10);
  return mappingGaps(compiled, descriptions, today).map(({ connection, missing, contracts }) => ({
    path: `erp/${connection}`,
    message:
      contracts.length === 0
        ? missing
        : `the mapping lacks ${missing}: documents will wait, like those of contract ${contracts.join(", ")}`,
  }));
}

function hostOf(server: string): string {
  return server.replace(/^[a-z]+:\/\//, "").replace(/:\d+$/, "");
}

async function checkCatalog(
  directory: string,
  faults: Fault[],
  warnings: Warning[],
): Promise<LoadedCatalog | undefined> {
  let files: Map<string, string>;
  try {
    files = await readCatalogFiles(directory);
  } catch {
    faults.push({ in: "catalog", path: directory, message: "can't be read" });
    return undefined;
  }
  const result = loadCatalog(files);
  if (!result.ok) {
    for (const { file, path, message } of result.faults) {
      faults.push({ in: "catalog", path: path === "" ? file : `${file}: ${path}`, message });
    }
    return undefined;
  }
  warnings.push(...catalogWarnings(result.catalog));
  return { compiled: compileCatalog(result.catalog, result.version), canonical: result.canonical };
}

async function connect(
  config: WorkerConfig,
  catalog: LoadedCatalog | undefined,
  faults: Fault[],
): Promise<Connected> {
  const broker = await connectBroker({ ...config.nats, name: "tributary-validate" });
  try {
    const { differences } = await checkTopology(broker, {
      partitionCount: config.partitions.count,
      replicas: config.replicas,
      regions: config.regions,
    });
    const byVersion = new Map<string | null, number[]>();
    for (let partition = 0; partition < config.partitions.count; partition++) {
      const version = await catalogInEffect(broker, partition);
      byVersion.set(version, [...(byVersion.get(version) ?? []), partition]);
    }
    const erp = await reachErps(config, catalog, faults);
    const reference = openReferenceStore(broker);
    const inEffect: InEffect[] = [];
    for (const [version, partitions] of byVersion) {
      const stored = version === null ? undefined : await reference.get(CATALOG_KIND, version);
      if (version !== null && stored === undefined) {
        faults.push({
          in: "catalog in effect",
          path: partitionsText(partitions),
          message: `version ${version} is in effect but not in the REFERENCE stream`,
        });
      }
      const canonical = stored === undefined ? undefined : new TextDecoder().decode(stored);
      const changes =
        canonical === undefined || catalog === undefined
          ? null
          : catalogChanges(canonical, catalog.canonical);
      if (canonical !== undefined && version !== null && catalog !== undefined) {
        const before: CompiledCatalog = compileCatalog(parseCanonical(canonical), version);
        for (const message of successionFaults(before, catalog.compiled)) {
          faults.push({ in: "catalog in effect", path: partitionsText(partitions), message });
        }
      }
      inEffect.push({ version, partitions, changes });
    }
    return { serverVersion: broker.serverVersion, differences, inEffect, erp };
  } finally {
    await broker.close();
  }
}

/** What stands in the way of documents: each finding is a fault, since they would wait or be refused. */
async function reachErps(
  { erpConnectionsFile: file }: WorkerConfig,
  catalog: LoadedCatalog | undefined,
  faults: Fault[],
): Promise<ConnectionReport[]> {
  if (file === undefined || catalog === undefined) return [];
  const reports = await checkConnections(file, catalog);
  for (const { connection, findings } of reports)
    for (const { message } of findings) faults.push({ in: "ERP connection", path: connection, message });
  return reports;
}

function partitionsText(partitions: readonly number[]): string {
  return partitions.length === 1 ? `partition ${partitions[0]}` : `partitions ${partitions.join(", ")}`;
}

function printSummary(summary: {
  readonly faults: readonly Fault[];
  readonly warnings: readonly Warning[];
  readonly catalog: { readonly version: string; readonly counts: Readonly<Record<string, number>> } | null;
  readonly connected?: Connected;
}): void {
  for (const fault of summary.faults) printLine(`fault in ${fault.in}: ${fault.path}: ${fault.message}`);
  for (const warning of summary.warnings) printLine(`warning: ${warning.path}: ${warning.message}`);
  if (summary.catalog !== null) {
    const counts = Object.entries(summary.catalog.counts).map(([kind, count]) => `${count} ${kind}`);
    printLine(`Catalog ${summary.catalog.version}: ${counts.join(", ")}.`);
  }
  if (summary.connected !== undefined) printConnected(summary.connected, summary.catalog?.version);
  printLine(summary.faults.length === 0 ? "Valid." : `NOT VALID: ${summary.faults.length} faults.`);
}

function printConnected(
  { serverVersion, differences, inEffect, erp }: Connected,
  version: string | undefined,
): void {
  printLine(`NATS server ${serverVersion}.`);
  for (const { connection, adapter, findings } of erp)
    if (findings.length === 0)
      printLine(`ERP connection ${connection} (${adapter}): nothing stands in the way.`);
  for (const { stream, setting, expected, actual } of differences) {
    printLine(
      setting === "exists"
        ? `stream ${stream} is missing: a worker creates it`
        : `stream ${stream}: ${setting} is ${JSON.stringify(actual) ?? "absent"}, expected ${JSON.stringify(expected) ?? "absent"}`,
    );
  }
  for (const effect of inEffect) {
    const where = partitionsText(effect.partitions);
    if (effect.version === null) printLine(`No catalog is in effect yet in ${where}.`);
    else if (effect.version === version) printLine(`The catalog is in effect already in ${where}.`);
    else {
      printLine(`In effect in ${where}: ${effect.version}. This catalog changes:`);
      for (const line of changeLines(effect.changes)) printLine(`  ${line}`);
    }
  }
}

function changeLines(changes: CatalogChanges | null): string[] {
  if (changes === null) return ["(can't be compared)"];
  const { settingsChanged, ...kinds } = changes;
  const lines = Object.entries(kinds).flatMap(([kind, { added, changed, removed }]) =>
    Object.entries({ added, changed, removed }).flatMap(([what, keys]) =>
      keys.length === 0 ? [] : [`${kind} ${what}: ${keys.join(", ")}`],
    ),
  );
  return settingsChanged ? ["settings changed", ...lines] : lines;
}
