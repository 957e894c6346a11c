import type { Command } from "commander";
import { systemClock } from "../../model/clock.ts";
import { TributaryError } from "../../model/errors.ts";
import { heldDocuments, type HeldDocumentRow } from "../../pipeline/held-documents.ts";
import type { RequestHead } from "../../pipeline/operations/operation.ts";
import { askPartitions, printAnswers } from "../close/ask-partitions.ts";
import { addDecisionOptions, requestHeadOf, type DecisionOptions } from "../close/decision-options.ts";
import { ageText } from "../age-text.ts";
import { Inspection } from "../compose/inspection.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printTable } from "../print.ts";

interface RetryOptions extends DecisionOptions {
  readonly reason: string;
}

export function addHeldCommand(invoices: Command): void {
  addConfiguredOptions(
    invoices
      .command("held")
      .summary("documents that wait for their tax or exchange rate: why, and for how long")
      .description("By the last checkpoints in the state directory. docs/tax.md says what ends each reason."),
  ).action(async (options: ConfiguredOptions) => {
    const inspection = await Inspection.open(readConfig(options));
    try {
      printHeld(heldDocuments(inspection.partitions, systemClock.nowMs()), options.json === true);
    } finally {
      await inspection.close();
    }
  });
}

export function addRetryTaxCommand(invoices: Command): void {
  addDecisionOptions(
    invoices
      .command("retry-tax")
      .summary("ask the tax service about held documents again at once")
      .description(
        "For when something was put right at the service: held documents are asked about again without waiting for `ask_again_after`. A service\n" +
          "that has asked for a pause gets it. The decision stands in the control log; it changes no figure by itself.",
      )
      .argument("[documents...]", "ids of held documents (default: all that wait for the service)")
      .requiredOption("--reason <text>", "why, for the record"),
  ).action(async (ids: readonly string[], options: RetryOptions) => {
    process.exitCode = await retryTax(ids, options);
  });
}

async function retryTax(ids: readonly string[], options: RetryOptions): Promise<ExitCode> {
  const inspection = await Inspection.open(readConfig(options));
  try {
    const head = requestHeadOf("tax-retry", options, options.reason);
    const held = heldDocuments(inspection.partitions, systemClock.nowMs());
    const requests = requestsFor(held, ids, head);
    const answers = await askPartitions(await inspection.broker(), requests, options.timeout);
    return printAnswers(head.request, answers, options.json === true);
  } finally {
    await inspection.close();
  }
}

/** A request for each partition with documents that are meant. Throws `usage-invalid` for one that is not held, or for none. */
function requestsFor(
  held: readonly HeldDocumentRow[],
  ids: readonly string[],
  head: RequestHead,
): (readonly [partition: number, request: RequestHead])[] {
  const asked = held.filter((row) => row.asked);
  const unknown = ids.find((id) => !asked.some((row) => row.id === id));
  if (unknown !== undefined)
    throw new TributaryError(
      "usage-invalid",
      `Document ${unknown} does not wait for a tax service in the last checkpoints.`,
    );
  if (asked.length === 0)
    throw new TributaryError("usage-invalid", "No document waits for a tax service in the last checkpoints.");
  const named = new Set(ids);
  const partitions = new Map<number, string[]>();
  for (const { partition, id } of asked)
    if (ids.length === 0 || named.has(id))
      partitions.set(partition, [...(partitions.get(partition) ?? []), id]);
  return [...partitions].map(([partition, documents]) => {
    const request = { ...head, documents: ids.length === 0 ? null : documents };
    return [partition, request] as const;
  });
}

function printHeld(rows: readonly HeldDocumentRow[], json: boolean): void {
  if (json) {
    printJson(rows);
    return;
  }
  printTable(
    ["document", "legal entity", "account", "net", "age", "reason", "detail"],
    rows.map((row) => [
      row.id,
      row.legalEntity,
      row.account,
      `${row.net} ${row.currency}`,
      ageText(row.ageSeconds),
      row.reason,
      row.detail === "" ? "-" : row.detail,
    ]),
  );
}
