import { Option, type Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { connectBroker } from "../../ingest/jetstream/connection.ts";
import { CLOSE_LINE_NAMES, type CloseLineName } from "../../pipeline/close/close-lines.ts";
import type { RequestHead } from "../../pipeline/operations/operation.ts";
import { readConfig } from "../configured.ts";
import type { ExitCode } from "../exit-codes.ts";
import { parseInteger } from "../option-values.ts";
import { askPartitions, printAnswers } from "./ask-partitions.ts";
import { addDecisionOptions, requestHeadOf, type DecisionOptions } from "./decision-options.ts";
import { loadReport, type LoadedReport } from "./load-report.ts";
import { addScopeOptions, type ScopeOptions } from "./scope-options.ts";

interface ExplainOptions extends DecisionOptions, ScopeOptions {
  readonly line: CloseLineName;
  readonly reason: string;
  readonly item?: string;
  readonly partition?: number;
}

/** All items have to be looked through for the one that is meant. */
const ALL_ITEMS = Number.MAX_SAFE_INTEGER;

export function addExplainLineCommand(close: Command): void {
  addScopeOptions(
    addDecisionOptions(
      close
        .command("explain")
        .summary("answer for a line of the report, or an item of it")
        .description(
          "Records who answers for what is open and why; it changes no figure. A line's explanation covers what it comes to now: when\n" +
            "something is added or an amount changes, the line is open again. An item's covers the item.",
        ),
    ),
  )
    .addOption(
      new Option("--line <name>", "line of the report").choices(CLOSE_LINE_NAMES).makeOptionMandatory(),
    )
    .option("--item <id>", "this item only; with --partition where several partitions have one of that name")
    .option("--partition <number>", "in this partition only", parseInteger(0, 65_535))
    .requiredOption("--reason <text>", "why it is as it is, for the record")
    .action(async (options: ExplainOptions) => {
      process.exitCode = await explainLine(options);
    });
}

async function explainLine(options: ExplainOptions): Promise<ExitCode> {
  const config = readConfig(options);
  const head = requestHeadOf("close-explanation", options, options.reason);
  const requests = requestsFor(await loadReport(config, options, ALL_ITEMS), options, head);
  const broker = await connectBroker({ ...config.nats, name: "tributary-close" });
  try {
    const answers = await askPartitions(broker, requests, options.timeout);
    return printAnswers(head.request, answers, options.json === true);
  } finally {
    await broker.close();
  }
}

/** A request for each partition that has something to explain. Throws `usage-invalid` where none has. */
function requestsFor(
  { scope: { legalEntity, from, to }, parts }: LoadedReport,
  { line, item, partition: only }: ExplainOptions,
  head: RequestHead,
): (readonly [number, RequestHead])[] {
  const requests = parts.flatMap(({ partition, lines }) => {
    if (only !== undefined && partition !== only) return [];
    const part = lines.find((each) => each.line === line);
    const listed = part?.items.find(({ id }) => id === item);
    if (part === undefined || (item === undefined ? part.open.count === 0 : listed === undefined)) return [];
    const figures =
      listed === undefined
        ? part.open
        : {
            count: listed.count,
            amounts:
              listed.amount === null || listed.currency === null ? {} : { [listed.currency]: listed.amount },
          };
    return [[partition, { ...head, legalEntity, from, to, line, item: item ?? null, figures }] as const];
  });
  if (requests.length === 0)
    throw new TributaryError(
      "usage-invalid",
      item === undefined ? `Nothing is open in ${line}.` : `There is no item ${item} in ${line}.`,
    );
  if (item !== undefined && requests.length > 1)
    throw new TributaryError(
      "usage-invalid",
      `Several partitions have an item ${item}: name one of ${requests.map(([partition]) => partition).join(", ")} with --partition.`,
    );
  return requests;
}
