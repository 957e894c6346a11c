import type { Command } from "commander";
import { usageStream } from "../../ingest/jetstream/names.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import { numberingOffsetOf } from "../../pipeline/accepted-gaps.ts";
import { reportOf, type UsageReport } from "../../pipeline/partition-report.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { Inspection } from "../compose/inspection.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine, printProducers, printReport, printTable } from "../print.ts";

interface StreamLine {
  readonly partition: number;
  readonly stream: string;
  /** Last message that the stream stored, and the last one whose effect is committed. */
  readonly stored: number;
  readonly processed: number;
  readonly waiting: number;
}

export function addReconcileCommand(program: Command): void {
  addConfiguredOptions(
    program
      .command("reconcile")
      .summary("the balance: every event accounted for by one outcome, every accepted unit in one cell")
      .description(
        "Checks the last checkpoints: counts against outcomes, accepted readings and quantities against cells, rated against emitted\n" +
          "quantities, and with the broker reachable the messages stored against those processed. Exit code 4 when a check differs.",
      )
      .option("--offline", "don't ask the broker what it has stored"),
  ).action(async (options: ConfiguredOptions & { offline?: boolean }) => {
    process.exitCode = await reconcile(options);
  });
}

async function reconcile(options: ConfiguredOptions & { offline?: boolean }): Promise<ExitCode> {
  const inspection = await Inspection.open(readConfig(options));
  try {
    const report = reportOf(inspection.partitions);
    const streams = options.offline === true ? [] : await streamLines(inspection);
    if (options.json === true) printJson(withStreams(report, streams));
    else {
      printReport(report);
      printAcceptedGaps(report.acceptedGaps);
      printOpenProducers(report.producers);
      printPostings(report.postings);
      if (streams.length > 0) {
        printLine();
        printTable(
          ["stream", "stored", "processed", "waiting"],
          streams.map((line) => [
            line.stream,
            String(line.stored),
            String(line.processed),
            String(line.waiting),
          ]),
        );
      }
    }
    return report.balanced ? ExitCode.done : ExitCode.unbalanced;
  } finally {
    await inspection.close();
  }
}

function withStreams(report: UsageReport, streams: readonly StreamLine[]): object {
  const { counts, messages, acceptedGaps, unbilled, invoiced, unbilledTotals, exceptions } = report;
  const { producers, postings, checks, balanced } = report;
  return {
    counts,
    messages,
    acceptedGaps,
    streams,
    unbilled,
    invoiced,
    unbilledTotals,
    exceptions,
    producers,
    postings,
    checks,
    balanced,
  };
}

/** What operators gave up is shown in every balance: it is explained, not gone. */
function printAcceptedGaps(gaps: UsageReport["acceptedGaps"]): void {
  if (gaps.length === 0) return;
  printLine();
  printTable(
    ["partition", "accepted gap before", "messages lost", "by", "at", "reason"],
    gaps.map((gap) => [
      String(gap.partition),
      String(gap.resumeAt),
      String(gap.lostMessages),
      gap.actor,
      gap.decidedAt,
      gap.reason,
    ]),
  );
}

function printPostings(postings: UsageReport["postings"]): void {
  if (postings.length === 0) return;
  printLine();
  printTable(
    ["ERP connection", "state", "documents", "amounts", "oldest of"],
    postings.map(({ connection, state, documents, amounts, oldestDay }) => [
      connection,
      state,
      String(documents),
      Object.entries(amounts)
        .map(([currency, amount]) => `${amount} ${currency}`)
        .join(", "),
      oldestDay,
    ]),
  );
}

/** What producers have numbered or announced and what did not come, or came without being announced. */
function printOpenProducers(producers: UsageReport["producers"]): void {
  if (producers.length === 0) return;
  const open = producers.filter((row) => row.missingBatches + row.missingEvents + row.unannouncedEvents > 0);
  printLine();
  if (open.length > 0) printProducers(open);
  printLine(
    `${producers.length} epochs of producers of numbered batches, ${producers.length - open.length} of them without a gap or difference.`,
  );
}

async function streamLines(inspection: Inspection): Promise<StreamLine[]> {
  const broker = await inspection.broker();
  const lines: StreamLine[] = [];
  for (const { partition, engine } of inspection.partitions) {
    const { lastSequence } = await openUsageLog(broker, partition).identity();
    // In the stream's own sequences, which an accepted gap may have set apart from the partition's numbering.
    const processed = engine.position.usageSequence - numberingOffsetOf(engine.gaps);
    lines.push({
      partition,
      stream: usageStream(partition),
      stored: lastSequence,
      processed,
      waiting: lastSequence - processed,
    });
  }
  return lines;
}
