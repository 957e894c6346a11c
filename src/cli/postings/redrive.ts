import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { askPartitions, printAnswers } from "../close/ask-partitions.ts";
import { addDecisionOptions, requestHeadOf, type DecisionOptions } from "../close/decision-options.ts";
import { Inspection } from "../compose/inspection.ts";
import { readConfig } from "../configured.ts";
import type { ExitCode } from "../exit-codes.ts";
import {
  CONNECTION_FLAG,
  CONNECTION_HELP,
  type ConnectionOptions,
  connectionOf,
} from "./connection-option.ts";

interface RedriveOptions extends DecisionOptions, ConnectionOptions {
  readonly reason: string;
}

export function addRedriveCommand(postings: Command): void {
  addDecisionOptions(
    postings
      .command("redrive")
      .summary("have a document's partition queue it again, by the mapping as it is now")
      .argument("<key>", "key of the document, as `inspect postings` shows it")
      .description(
        "For documents that are parked, held, rejected, cancelled, in conflict, or that wait although nothing is missing any more. The worker that owns\n" +
          "the partition queues the next revision and writes to its control log who asked for it and why; `retry` sends again what was queued\n" +
          "before. What the ERP has, or may have, is never queued a second time. The document is looked for in the last checkpoints of the\n" +
          "state directory.",
      )
      .requiredOption("--reason <text>", "why, for the record")
      .option(CONNECTION_FLAG, CONNECTION_HELP),
  ).action(async (key: string, options: RedriveOptions) => {
    process.exitCode = await redrive(key, options);
  });
}

async function redrive(key: string, options: RedriveOptions): Promise<ExitCode> {
  const connection = await connectionOf(options);
  const inspection = await Inspection.open(readConfig(options));
  try {
    const request = { ...requestHeadOf("posting-redrive", options, options.reason), connection, key };
    // A customer may be known to several partitions: each has a command of its own.
    const partitions = inspection.partitions.filter(
      ({ engine }) => engine.postings.book.numberOf(connection, key) !== undefined,
    );
    if (partitions.length === 0)
      throw new TributaryError(
        "usage-invalid",
        `No partition has a document ${key} for ${connection} in the last checkpoints of the state directory.`,
      );
    const asked = partitions.map(({ partition }) => [partition, request] as const);
    const answers = await askPartitions(await inspection.broker(), asked, options.timeout);
    return printAnswers(request.request, answers, options.json === true);
  } finally {
    await inspection.close();
  }
}
