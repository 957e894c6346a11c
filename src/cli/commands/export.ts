import { createWriteStream } from "node:fs";
import { once } from "node:events";
import type { Writable } from "node:stream";
import type { Command } from "commander";
import { decodeControl, type GenesisRecord } from "../../model/control.ts";
import type { LogMessage, UsageLog } from "../../model/log.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import { connectBroker } from "../../ingest/jetstream/connection.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import { WireDecoder } from "../../ingest/wire/decoder.ts";
import { controlLine, eventLine, messageLine } from "../../pipeline/export-line.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { randomHashKey } from "../compose/partition-worker.ts";
import { printProgress } from "../progress.ts";

interface ExportOptions extends ConfiguredOptions {
  readonly output: string;
}

export function addExportCommand(program: Command): void {
  addConfiguredOptions(
    program
      .command("export")
      .summary("write the live streams as a file that `simulate` reads")
      .description(
        "Writes every event of the owned partitions' streams, with its arrival, and the decisions of the control logs at their place,\n" +
          "as lines of JSON; messages that their producers have numbered stay whole. `simulate --events` of it gives the counts and\n" +
          "aggregates of a worker that has processed the same.",
      )
      .option("--output <file>", "file to write; - for standard output", "-"),
  ).action(async (options: ExportOptions) => {
    await exportStreams(options);
  });
}

async function exportStreams(options: ExportOptions): Promise<void> {
  const config = readConfig(options);
  const broker = await connectBroker({ ...config.nats, name: "tributary-export" });
  const output: Writable = options.output === "-" ? process.stdout : createWriteStream(options.output);
  const write = async (line: string): Promise<void> => {
    if (!output.write(`${line}\n`)) await once(output, "drain");
  };
  try {
    let events = 0;
    let undecodable = 0;
    for (const partition of config.partitions.owned) {
      const control = await readControl(openControlLog(broker, partition));
      const usage = openUsageLog(broker, partition);
      const decoder = new WireDecoder(randomHashKey());
      const due = async (processed: number): Promise<void> => {
        for (;;) {
          const next = control[0];
          if (next === undefined || next.appliesAfter > processed) return;
          control.shift();
          await write(controlLine(partition, next.sequence, next.text));
        }
      };
      await due(0);
      for await (const message of messagesOf(usage)) {
        const run = decoder.decode([message]);
        undecodable += run.undecodable.length;
        const [numbered] = run.batch.numbered;
        if (numbered !== undefined) {
          await write(messageLine(message, partition, numbered.region));
          events += run.batch.count;
          await due(message.sequence);
          continue;
        }
        for (let row = 0; row < run.batch.count; row++) {
          const text = decoder.eventText(message, run.batch.index[row] ?? row);
          await write(
            eventLine(
              text,
              partition,
              run.batch.regions[run.batch.region[row] ?? 0] ?? "",
              message.arrivalMs,
            ),
          );
          events++;
        }
        await due(message.sequence);
        printProgress(`partition ${partition}: ${events} events`);
      }
    }
    printProgress(`${events} events exported, ${undecodable} undecodable messages left out`, true);
  } finally {
    if (output !== process.stdout) {
      output.end();
      await once(output, "finish");
    }
    await broker.close();
  }
}

async function readControl(
  log: ReturnType<typeof openControlLog>,
): Promise<{ sequence: number; appliesAfter: number; text: string }[]> {
  const { lastSequence } = await log.identity();
  if (lastSequence === 0) return [];
  return (await log.readFrom(1)).map((message) => {
    const record = decodeControl(message.data);
    return {
      sequence: message.sequence,
      appliesAfter: record.appliesAfter,
      text: JSON.stringify(record.kind === "genesis" ? withoutKey(record) : record),
    };
  });
}

/** Who knows the key can choose event ids that collide: it stays with the broker. */
function withoutKey(record: GenesisRecord): Omit<GenesisRecord, "hashKey"> {
  const { hashKey: _, ...rest } = record;
  return rest;
}

/** Stored messages from first to last as of now, by sequence; needs no consumer, so it disturbs no worker. */
async function* messagesOf(log: UsageLog): AsyncIterable<LogMessage> {
  const { firstSequence, lastSequence } = await log.identity();
  for await (const message of log.readRange(firstSequence, lastSequence)) yield message;
}
