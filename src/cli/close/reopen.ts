import type { Command } from "commander";
import { connectBroker } from "../../ingest/jetstream/connection.ts";
import { readConfig } from "../configured.ts";
import type { ExitCode } from "../exit-codes.ts";
import { askPartitions, printAnswers } from "./ask-partitions.ts";
import { addDecisionOptions, requestHeadOf, type DecisionOptions } from "./decision-options.ts";
import { loadScope } from "./load-report.ts";
import { addScopeOptions, type ScopeOptions } from "./scope-options.ts";

interface ReopenOptions extends DecisionOptions, ScopeOptions {
  readonly reason: string;
  readonly override?: boolean;
}

export function addReopenCommand(close: Command): void {
  addScopeOptions(
    addDecisionOptions(
      close
        .command("reopen")
        .summary("open a period again that was signed off, to book into it")
        .description(
          "Takes a sign-off back in every partition: entries of the period's days are booked on them again, until it is signed off anew. What\n" +
            "was booked on later days meanwhile stays there. Name the days as they were signed off.",
        ),
    ),
  )
    .requiredOption("--reason <text>", "why, for the record")
    .option("--override", "open it though later periods are signed off; they stay closed")
    .action(async (options: ReopenOptions) => {
      process.exitCode = await reopen(options);
    });
}

async function reopen(options: ReopenOptions): Promise<ExitCode> {
  const config = readConfig(options);
  const { legalEntity, from, to } = await loadScope(config, options);
  const head = requestHeadOf("period-reopened", options, options.reason);
  const request = { ...head, legalEntity, from, to, override: options.override === true };
  const broker = await connectBroker({ ...config.nats, name: "tributary-close" });
  try {
    const partitions = Array.from({ length: config.partitions.count }, (_, partition) => partition);
    const answers = await askPartitions(
      broker,
      partitions.map((partition) => [partition, request] as const),
      options.timeout,
    );
    return printAnswers(head.request, answers, options.json === true);
  } finally {
    await broker.close();
  }
}
