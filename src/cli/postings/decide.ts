import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import type { PostingDecisionRecord } from "../../model/posting.ts";
import { askRunner } from "../../ingest/jetstream/operator-channel.ts";
import { type PostingDecisionAnswer, postingDecisionAnswerSchema } from "../compose/posting-decision.ts";
import { addDecisionOptions, type DecisionOptions } from "../close/decision-options.ts";
import { printJson, printLine } from "../print.ts";
import {
  CONNECTION_FLAG,
  CONNECTION_HELP,
  type ConnectionOptions,
  connectionOf,
  withBroker,
} from "./connection-option.ts";

type Decision = PostingDecisionRecord["decision"];

interface DecideOptions extends DecisionOptions, ConnectionOptions {
  readonly reason: string;
}

const DECISIONS: Readonly<Record<Decision, string>> = {
  retry: "try a document again that was rejected, parked, held or is in conflict",
  hold: "hold a document back that was not sent yet",
  release: "let a document go on that is held",
  cancel: "give a document up that the ERP does not have",
  adopt: "take the ERP's document for ours, although it differs",
};

export function addDecisionCommands(postings: Command): void {
  for (const [decision, summary] of Object.entries(DECISIONS))
    addDecisionOptions(
      postings
        .command(decision)
        .summary(summary)
        .argument("<key>", "key of the document, as `postings list` shows it")
        .description(
          "Decided by the process that has the connection, once for each request, and written to the log of postings with who and why.\n" +
            "Without an answer it may have been decided or not: ask again with the same --request.",
        )
        .requiredOption("--reason <text>", "why, for the record")
        .option(CONNECTION_FLAG, CONNECTION_HELP),
    ).action(async (key: string, options: DecideOptions) => {
      await decide(decision, key, options);
    });
}

async function decide(decision: string, key: string, options: DecideOptions): Promise<void> {
  const connection = await connectionOf(options);
  const { actor, reason, request = randomUUID() } = options;
  const data = new TextEncoder().encode(JSON.stringify({ decision, key, actor, reason, request }));
  const reply = await withBroker(options, (broker) => askRunner(broker, connection, data, options.timeout));
  if (reply.outcome === "no-owner")
    throw new TributaryError(
      "operator-no-owner",
      `No worker has the ERP connection ${connection}: start one that is configured for it. Nothing was decided.`,
    );
  if (reply.outcome === "unknown")
    throw new TributaryError(
      "operator-answer-unknown",
      `It is not known whether request ${request} was decided (${reply.message}). Ask again with --request ${request}: it is ` +
        "decided once. `tributary postings history` shows what was written.",
    );
  const answer = answerOf(reply.data);
  if (answer.status === "refused")
    throw new TributaryError("operator-refused", `It was refused: ${answer.message}`);
  if (options.json === true) printJson({ connection, key, decision, request, repeated: answer.isRepeated });
  else
    printLine(
      answer.isRepeated
        ? "It had been decided before; nothing was done now."
        : `Decided: ${decision} ${key}.`,
    );
}

function answerOf(data: Uint8Array): PostingDecisionAnswer {
  return postingDecisionAnswerSchema.parse(
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data)),
  );
}
