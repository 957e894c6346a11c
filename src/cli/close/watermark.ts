import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { connectBroker } from "../../ingest/jetstream/connection.ts";
import { readConfig } from "../configured.ts";
import type { ExitCode } from "../exit-codes.ts";
import { parseInstant, parseInteger } from "../option-values.ts";
import { askPartitions, printAnswers } from "./ask-partitions.ts";
import { addDecisionOptions, requestHeadOf, type DecisionOptions } from "./decision-options.ts";

interface WatermarkOptions extends DecisionOptions {
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly upTo: number;
  readonly partition?: number;
}

export function addWatermarkCommand(close: Command): void {
  addDecisionOptions(
    close
      .command("watermark")
      .summary("say that no usage before a time is expected any more")
      .description(
        "Moves the watermark of all partitions (or of one) to a time: for a region that went silent and holds it back. Windows that end\n" +
          "by then complete, billing periods whose grace ends by then close. It can't be taken back; usage that comes all the same is\n" +
          "late, not lost. A partition whose watermark is further refuses.",
      )
      .requiredOption("--reason <text>", "why, for the record")
      .requiredOption("--up-to <time>", "RFC 3339 time, not in the future", parseInstant)
      .option("--partition <number>", "only this partition", parseInteger(0, 65_535)),
  ).action(async (options: WatermarkOptions) => {
    process.exitCode = await closeWatermark(options);
  });
}

async function closeWatermark(options: WatermarkOptions): Promise<ExitCode> {
  const config = readConfig(options);
  const { count } = config.partitions;
  const { partition, upTo } = options;
  if (partition !== undefined && partition >= count)
    throw new TributaryError(
      "usage-invalid",
      `There is no partition ${partition}: there are ${count}, counted from 0.`,
    );
  const partitions = partition === undefined ? Array.from({ length: count }, (_, i) => i) : [partition];
  const request = { ...requestHeadOf("close", options, options.reason), upToMs: upTo };
  const broker = await connectBroker({ ...config.nats, name: "tributary-close" });
  try {
    const answers = await askPartitions(
      broker,
      partitions.map((each) => [each, request] as const),
      options.timeout,
    );
    return printAnswers(request.request, answers, options.json === true);
  } finally {
    await broker.close();
  }
}
