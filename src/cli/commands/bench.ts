import { Option, type Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { DEFAULT_PARTITION_COUNT, MAX_PARTITION_COUNT } from "../../model/partition.ts";
import { connectBroker } from "../../ingest/jetstream/connection.ts";
import { MAX_EVENTS_PER_MESSAGE } from "../../ingest/wire/limits.ts";
import { LOAD_FORMS, type LoadForm } from "../../load/encode/load-encoder.ts";
import { checkShape, MAX_ACCOUNTS, MAX_METERS, type LoadShape } from "../../load/event-plan.ts";
import { expectedTotals, type ExpectedTotals } from "../../load/expected-totals.ts";
import { writeLoadCatalog } from "../../load/load-catalog.ts";
import { publishLoad, type LoadResult } from "../../load/publisher.ts";
import { isLoopbackHost } from "../../ops/loopback.ts";
import { parseDuration, parseInstant, parseInteger, parseList, parseNumber } from "../option-values.ts";
import { printJson, printLine, printTable } from "../print.ts";
import { printProgress } from "../progress.ts";

const HOUR_MS = 3_600_000;
const DEFAULT_SERVER = "nats://127.0.0.1:4222";
/** Two days: a load of the default shape has late events and several windows, and stays within every age limit. */
const DEFAULT_SPAN = "2d";

interface BenchLoadOptions {
  readonly servers: readonly string[];
  readonly allowRemote?: boolean;
  readonly partitions: number;
  readonly seed: number;
  readonly events: number;
  readonly accounts: number;
  readonly meters: number;
  readonly regions: readonly string[];
  readonly skew: number;
  readonly duplicateRatio: number;
  readonly disorder: number;
  readonly lateRatio: number;
  readonly start?: number;
  readonly span: number;
  readonly form: LoadForm;
  readonly batchSize: number;
  readonly rate?: number;
  readonly writeCatalog?: string;
  readonly json?: boolean;
}

export function addBenchCommand(program: Command): void {
  const bench = program
    .command("bench")
    .summary("publish a load whose right totals are known")
    .description("Measures a set-up with usage that follows from a seed.");
  bench
    .command("load")
    .summary("publish planned usage as fast as possible, or at a rate")
    .description(
      "Publishes usage events that follow from the seed and the other options alone, and prints the totals that a worker must\n" +
        "come to, counted without one. The partitions' streams must exist (`run` makes them). The events count by the catalog\n" +
        "that --write-catalog writes. Interrupted, it waits for what it has sent, and prints the totals of that.",
    )
    .option("--servers <list>", "addresses of NATS servers, comma-separated", parseList, [DEFAULT_SERVER])
    .option("--allow-remote", "also publish to servers that are not on this machine")
    .option(
      "--partitions <count>",
      "partition count of the streams",
      parseInteger(1, MAX_PARTITION_COUNT),
      DEFAULT_PARTITION_COUNT,
    )
    .option("--seed <number>", "another seed is another load", parseInteger(0, 2 ** 32 - 1), 1)
    .option(
      "--events <count>",
      "events, duplicates included",
      parseInteger(0, Number.MAX_SAFE_INTEGER),
      1_000_000,
    )
    .option("--accounts <count>", "accounts", parseInteger(1, MAX_ACCOUNTS), 10_000)
    .option("--meters <count>", "meters", parseInteger(1, MAX_METERS), 4)
    .option("--regions <list>", "regions, comma-separated", parseList, ["eu", "us"])
    .option(
      "--skew <exponent>",
      "exponent of Zipf's law over the accounts; 0: all alike",
      parseNumber(0, 10),
      1,
    )
    .option(
      "--duplicate-ratio <share>",
      "share of events that repeat an earlier one; of numbered batches, share of batches",
      parseNumber(0, 1),
      0.01,
    )
    .addOption(
      durationOption("--disorder <duration>", "event times stand up to this behind the newest", "1m"),
    )
    .option("--late-ratio <share>", "share of events that stand further behind", parseNumber(0, 1), 0.01)
    .option(
      "--start <time>",
      "first event time, RFC 3339; by default a full hour, chosen so that the last one is not ahead of now",
      parseInstant,
    )
    .addOption(durationOption("--span <duration>", "event times are spread over this", DEFAULT_SPAN))
    .addOption(
      new Option(
        "--form <form>",
        "an event a message, CloudEvents batches, columnar batches, or those with their producer's numbers and no ids",
      )
        .choices(LOAD_FORMS)
        .default("columnar"),
    )
    .option(
      "--batch-size <events>",
      "events a message of the batch forms",
      parseInteger(1, MAX_EVENTS_PER_MESSAGE),
      1_000,
    )
    .option("--rate <events>", "events a second; as fast as possible where left out", parseNumber(0.001, 1e9))
    .option("--write-catalog <directory>", "write the load's catalog there and publish nothing")
    .option("--json", "print JSON")
    .action(async (options: BenchLoadOptions) => {
      await benchLoad(options);
    });
}

function durationOption(flags: string, description: string, byDefault: string): Option {
  return new Option(flags, description).argParser(parseDuration).default(parseDuration(byDefault), byDefault);
}

async function benchLoad(options: BenchLoadOptions): Promise<void> {
  const shape = shapeOf(options);
  checkShape(shape);
  if (options.writeCatalog !== undefined) {
    writeLoadCatalog(options.writeCatalog, shape);
    if (options.json === true) printJson({ catalog: options.writeCatalog });
    else printLine(`The load's catalog is in ${options.writeCatalog}.`);
    return;
  }
  if (options.allowRemote !== true) refuseRemote(options.servers);
  const result = await publish(shape, options);
  const totals = expectedTotals(shape, {
    partitionCount: options.partitions,
    events: result.events,
    form: options.form,
    repeated: result.repeated,
  });
  if (options.json === true) printJson(summaryOf(shape, options, result, totals));
  else printSummary(shape, result, totals);
}

function shapeOf(options: BenchLoadOptions): LoadShape {
  const { seed, events, accounts, meters, regions, skew, duplicateRatio, lateRatio } = options;
  const startMs = options.start ?? Math.floor((Date.now() - options.span) / HOUR_MS) * HOUR_MS;
  return {
    seed,
    events,
    accounts,
    meters,
    regions,
    skew,
    duplicateRatio,
    disorderMs: options.disorder,
    lateRatio,
    startMs,
    spanMs: options.span,
  };
}

/** A load is many times what a server is sized for, and its events would be billed. */
function refuseRemote(servers: readonly string[]): void {
  const remote = servers.filter((server) => !isLoopbackHost(hostOf(server)));
  if (remote.length > 0)
    throw new TributaryError(
      "usage-invalid",
      `${remote.join(", ")} is not on this machine; --allow-remote publishes there all the same`,
    );
}

function hostOf(server: string): string {
  const address = server.includes("://") ? server : `nats://${server}`;
  try {
    return new URL(address).hostname;
  } catch {
    throw new TributaryError("usage-invalid", `${server} is no server's address`);
  }
}

async function publish(shape: LoadShape, options: BenchLoadOptions): Promise<LoadResult> {
  const broker = await connectBroker({ servers: options.servers, name: "tributary-bench-load" });
  const stop = new AbortController();
  // A second one ends the process at once.
  const interrupt = (): void => {
    stop.abort();
  };
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    const result = await publishLoad(broker, shape, {
      form: options.form,
      batchSize: options.batchSize,
      partitionCount: options.partitions,
      ...(options.rate === undefined ? {} : { rate: options.rate }),
      signal: stop.signal,
      onProgress: ({ events, seconds }) => {
        printProgress(
          `${events} of ${shape.events} events, ${Math.round(events / Math.max(seconds, 0.001))} a second`,
        );
      },
    });
    printProgress(`${result.events} events in ${result.seconds.toFixed(2)} s`, true);
    return result;
  } finally {
    process.removeListener("SIGINT", interrupt);
    process.removeListener("SIGTERM", interrupt);
    await broker.close();
  }
}

function summaryOf(
  shape: LoadShape,
  options: BenchLoadOptions,
  result: LoadResult,
  { counts, partitions, cellCount, sum, hash }: ExpectedTotals,
) {
  return {
    shape: { ...shape, start: new Date(shape.startMs).toISOString() },
    form: options.form,
    ...(options.form === "event" ? {} : { batchSize: options.batchSize }),
    ...result,
    eventsPerSecond: perSecond(result.events, result),
    messagesPerSecond: perSecond(result.messages, result),
    expected: { counts, partitions, cells: cellCount, sum: String(sum), hash },
  };
}

function perSecond(count: number, { seconds }: LoadResult): number {
  return seconds > 0 ? Math.round(count / seconds) : 0;
}

function printSummary(shape: LoadShape, result: LoadResult, totals: ExpectedTotals): void {
  printTable(
    ["published", ""],
    [
      ["events", String(result.events)],
      ["messages", String(result.messages)],
      ["acknowledged", String(result.acks)],
      ["bytes", String(result.bytes)],
      ["seconds", result.seconds.toFixed(3)],
      ["events a second", String(perSecond(result.events, result))],
      ["messages a second", String(perSecond(result.messages, result))],
    ],
  );
  printLine();
  printTable(
    ["expected of a worker", ""],
    [
      ["read", String(totals.counts.read)],
      ["accepted", String(totals.counts.accepted)],
      ["duplicate", String(totals.counts.duplicate)],
      ["cells", String(totals.cellCount)],
      ["sum", String(totals.sum)],
    ],
  );
  printLine();
  printLine(`Hash of the totals: ${totals.hash}`);
  printLine(`First event time: ${new Date(shape.startMs).toISOString()} (seed ${shape.seed})`);
  if (result.stopped) printLine(`Interrupted: ${result.events} of ${shape.events} events were published.`);
}
