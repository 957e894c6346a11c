import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import { messageOf, TributaryError } from "../../model/errors.ts";
import { DEFAULT_PARTITION_COUNT, MAX_PARTITION_COUNT } from "../../model/partition.ts";
import { createDecoder } from "../../ingest/wire/decoder.ts";
import { readLine } from "../../pipeline/simulation-line.ts";
import { Simulation } from "../../pipeline/simulation.ts";
import { invoicesOf, journalOf } from "../../pipeline/billing-report.ts";
import { reportOf } from "../../pipeline/partition-report.ts";
import { openPartitionStore } from "../../state/partition-store.ts";
import { loadCatalogDirectory } from "../catalog-directory.ts";
import { ERP_DESCRIPTIONS } from "../../sinks/erp/descriptions.ts";
import { sha256 } from "../compose/partition-worker.ts";
import { ExitCode } from "../exit-codes.ts";
import { parseDuration, parseInstant, parseInteger } from "../option-values.ts";
import { printJson, printLine, printReport } from "../print.ts";

interface SimulateOptions {
  readonly catalog: string;
  readonly events: string;
  readonly until?: number;
  readonly partitions: number;
  readonly idleTimeout: number;
  readonly json?: boolean;
}

/** A fixed key: the same file gives the same run. */
const SIMULATION_HASH_KEY = "000102030405060708090a0b0c0d0e0f";

export function addSimulateCommand(program: Command): void {
  program
    .command("simulate")
    .summary("run events of a file through the real operators, without a broker")
    .description(
      "Runs a file of events through the real operators in virtual time, without a broker, and prints what would be counted, rated and invoiced.\n" +
        "Events are lines of CloudEvents JSON in the order of arrival; the attribute `arrival` (RFC 3339, default: `time`) is the clock,\n" +
        "`region` moves the watermark. A file written by `tributary export` gives what the live worker has, the answers of its\n" +
        "tax service included. No service is asked: without such answers, documents of legal entities with `tax: service` stay held.",
    )
    .requiredOption("--catalog <dir>", "catalog directory")
    .requiredOption("--events <file>", "events, one a line; - for standard input")
    .option(
      "--until <time>",
      "let virtual time run on to here (RFC 3339): nothing before it is expected any more",
      parseInstant,
    )
    .option(
      "--partitions <n>",
      "partition count",
      parseInteger(1, MAX_PARTITION_COUNT),
      DEFAULT_PARTITION_COUNT,
    )
    .option(
      "--idle-timeout <duration>",
      "virtual idle time after which a region stops holding the watermark",
      parseDuration,
      60_000,
    )
    .option("--json", "print JSON")
    .action(async (options: SimulateOptions) => {
      process.exitCode = await simulate(options);
    });
}

async function simulate(options: SimulateOptions): Promise<ExitCode> {
  const catalog = await loadCatalogDirectory(options.catalog);
  const simulation = new Simulation({
    catalog: catalog.compiled,
    partitionCount: options.partitions,
    idleTimeoutMs: options.idleTimeout,
    hashKey: SIMULATION_HASH_KEY,
    createDecoder,
    openStore: (partition) =>
      openPartitionStore(":memory:", { partition, partitionCount: options.partitions }),
    sha256,
    erpDescriptions: ERP_DESCRIPTIONS,
  });
  try {
    const input = options.events === "-" ? process.stdin : createReadStream(options.events);
    await feedAll(simulation, input, options.events);
    await simulation.finish(options.until);
    const report = reportOf(simulation.partitions());
    const alerts = simulation.alerts().map((body): unknown => JSON.parse(body));
    if (options.json === true) {
      const sources = simulation.partitions();
      printJson({
        ...report,
        alerts,
        invoices: invoicesOf(sources),
        journal: journalOf(sources),
        commands: simulation.commands().map((body) => JSON.parse(body) as unknown),
      });
    } else {
      printReport(report);
      printHeld(simulation.partitions());
    }
    return report.balanced ? ExitCode.done : ExitCode.unbalanced;
  } finally {
    simulation.close();
  }
}

/** Documents that have no figures to rely on yet: a simulation asks no tax service and guesses no rate. */
function printHeld(sources: ReturnType<Simulation["partitions"]>): void {
  const counts = new Map<string, number>();
  for (const { engine } of sources)
    for (const { reason, count } of engine.invoices.serviceTaxes.heldFigures())
      counts.set(reason, (counts.get(reason) ?? 0) + count);
  for (const [reason, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    printLine(`Held without tax and number: ${count} documents (${reason}).`);
}

async function feedAll(simulation: Simulation, input: Readable, name: string): Promise<void> {
  // An error of the stream does not end the lines' iteration by itself.
  let unreadable: unknown;
  const lines = createInterface({ input, crlfDelay: Infinity });
  input.once("error", (cause) => {
    unreadable = cause;
    lines.close();
  });
  for await (const line of lines) {
    if (line.trim() !== "") await simulation.feed(readLine(line));
  }
  if (unreadable !== undefined) {
    throw new TributaryError(
      "usage-invalid",
      `The events in ${name} can't be read: ${messageOf(unreadable)}`,
    );
  }
}
