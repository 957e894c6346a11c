import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import type { PartitionClose } from "../../pipeline/close/partition-close.ts";
import type { TimedScope } from "../../pipeline/close/close-scope.ts";
import type { RequestHead } from "../../pipeline/operations/operation.ts";
import { hexOfBytes } from "../../pipeline/accepted-gaps.ts";
import { sha256 } from "../compose/partition-worker.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { readConfig } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine } from "../print.ts";
import { askPartitions, printAnswers, type PartitionAnswer } from "./ask-partitions.ts";
import { addDecisionOptions, requestHeadOf, type DecisionOptions } from "./decision-options.ts";
import { loadReport, type LoadedReport } from "./load-report.ts";
import { printCloseReport } from "./print-report.ts";
import { DEFAULT_LISTED_ITEMS } from "./report.ts";
import { addScopeOptions, type ScopeOptions } from "./scope-options.ts";

interface SignOffOptions extends DecisionOptions, ScopeOptions {
  readonly override?: boolean;
}

/** Reason of a sign-off that overrides nothing and names none. */
const NOTHING_OPEN = "Every line is zero or explained.";
/** A partition may book between the report and the request: the report is made again so often. */
const MAX_ATTEMPTS = 5;
/** Longer than the usual interval of checkpoints: what was booked is in the state file by then. */
const ATTEMPT_WAIT_MS = 1_500;

export function addSignOffCommand(close: Command): void {
  addScopeOptions(
    addDecisionOptions(
      close
        .command("sign-off")
        .summary("close the period: what is booked for its days later goes to the first open day")
        .description(
          "Makes the report and signs it off in every partition. Refuses with exit code 4 while a line is open, and says which; with --override\n" +
            "it signs off all the same and records what was open. Sign-offs of a legal entity follow one another without a gap.",
        ),
    ),
  )
    .option("--override", "sign off though lines are open; needs --reason")
    .option("--reason <text>", "why, for the record")
    .action(async (options: SignOffOptions) => {
      process.exitCode = await signOff(options);
    });
}

async function signOff(options: SignOffOptions): Promise<ExitCode> {
  const { override = false, reason } = options;
  if (override && reason === undefined)
    throw new TributaryError("usage-invalid", "--override needs --reason.");
  const config = readConfig(options);
  const head = requestHeadOf("period-signed-off", options, reason ?? NOTHING_OPEN);
  const loaded = await loadReport(config, options, DEFAULT_LISTED_ITEMS);
  if (isRefused(loaded, override)) return printRefusal(loaded, options);
  const broker = await connectBroker({ ...config.nats, name: "tributary-close" });
  try {
    return await askAll(config, broker, loaded, options, head);
  } finally {
    await broker.close();
  }
}

async function askAll(
  config: WorkerConfig,
  broker: BrokerConnection,
  first: LoadedReport,
  options: SignOffOptions,
  head: RequestHead,
): Promise<ExitCode> {
  const { override = false } = options;
  const answers = new Map<number, PartitionAnswer>();
  let loaded = first;
  for (let attempt = 1; ; attempt++) {
    const { scope } = loaded;
    const requests = loaded.parts
      .filter(({ partition }) => answers.get(partition)?.decided !== true)
      .map((part) => [part.partition, requestOf(head, scope, part, override)] as const);
    for (const answer of await askPartitions(broker, requests, options.timeout))
      answers.set(answer.partition, answer);
    const hasMoved = [...answers.values()].some(({ refusal }) => refusal === "books-moved");
    if (!hasMoved || attempt >= MAX_ATTEMPTS)
      return printAnswers(head.request, [...answers.values()], options.json === true);
    await delay(ATTEMPT_WAIT_MS);
    loaded = await loadReport(config, options, DEFAULT_LISTED_ITEMS);
    if (isRefused(loaded, override)) return printRefusal(loaded, options);
  }
}

/** An override is for lines that were looked at: of a partition without a state here nobody has looked at any. */
function isRefused({ report }: LoadedReport, override: boolean): boolean {
  return report.missingPartitions.length > 0 || (!report.closable && !override);
}

function printRefusal({ report }: LoadedReport, { json }: SignOffOptions): ExitCode {
  if (json === true) printJson({ decided: false, report });
  else {
    printCloseReport(report);
    printLine("Not signed off.");
  }
  return ExitCode.unbalanced;
}

function requestOf(
  head: RequestHead,
  { legalEntity, from, to }: TimedScope,
  part: PartitionClose,
  override: boolean,
): RequestHead {
  const { usageSequence, controlSequence, place } = part;
  const open = part.lines
    .filter((line) => line.open.count > 0 || Object.keys(line.open.amounts).length > 0)
    .map(({ line, open: figures }) => ({ line, ...figures }));
  const request = {
    ...head,
    legalEntity,
    from,
    to,
    override,
    asOf: { usageSequence, controlSequence, ...place },
    report: hexOfBytes(sha256(new TextEncoder().encode(JSON.stringify(part)))),
    open,
  };
  return request;
}
