import { existsSync } from "node:fs";
import type { Command } from "commander";
import { decodeControl } from "../../model/control.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import {
  decisionHistory,
  type HistoryEntry,
  type HistoryFault,
} from "../../pipeline/close/decision-history.ts";
import { Inspection } from "../compose/inspection.ts";
import { sha256 } from "../compose/partition-worker.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine, printTable } from "../print.ts";

export function addHistoryCommand(close: Command): void {
  addConfiguredOptions(
    close
      .command("history")
      .summary(
        "what people decided: sign-offs, reopenings, overrides, explanations, corrections, closes, accepted gaps",
      )
      .description(
        "Reads the control logs of all partitions from the broker, and compares them with the chain of hashes that their records form and with\n" +
          "the hashes in the state directory. Exit code 4 where a log does not say what was decided.",
      ),
  ).action(async (options: ConfiguredOptions) => {
    process.exitCode = await history(options);
  });
}

async function history(options: ConfiguredOptions): Promise<ExitCode> {
  const config = readConfig(options);
  // A machine without states still has the chain that the logs form.
  const inspection = await Inspection.open(config, existsSync(config.stateDir) ? undefined : []);
  const entries: HistoryEntry[] = [];
  const faults: HistoryFault[] = [];
  try {
    const broker = await inspection.broker();
    const states = new Map(
      inspection.partitions.map(({ partition, engine }) => [partition, engine.requests]),
    );
    for (let partition = 0; partition < config.partitions.count; partition++) {
      const messages = await openControlLog(broker, partition).readFrom(1);
      const records = messages.map(({ sequence, data }) => ({
        placed: { sequence, record: decodeControl(data) },
        data,
      }));
      const found = decisionHistory(partition, records, states.get(partition), sha256);
      entries.push(...found.entries);
      faults.push(...found.faults);
    }
  } finally {
    await inspection.close();
  }
  entries.sort((a, b) => (a.decidedAt < b.decidedAt ? -1 : a.decidedAt > b.decidedAt ? 1 : 0));
  if (options.json === true) printJson({ decisions: entries, faults });
  else {
    printTable(
      ["decided", "kind", "about", "actor", "reason", "partition", "record", "request"],
      entries.map((entry) => [
        entry.decidedAt,
        entry.kind,
        aboutOf(entry),
        entry.actor,
        entry.reason,
        String(entry.partition),
        String(entry.controlSequence),
        entry.request ?? "-",
      ]),
    );
    for (const { partition, controlSequence, message } of faults)
      printLine(`FAULT in partition ${partition}, control record ${controlSequence}: ${message}.`);
  }
  return faults.length === 0 ? ExitCode.done : ExitCode.unbalanced;
}

/** What a decision is about, in a few words; overridden lines are named. */
function aboutOf({ record }: HistoryEntry): string {
  const {
    kind,
    legalEntity,
    from,
    to,
    line,
    item,
    open,
    override,
    upToMs,
    lostMessages,
    document,
    documents,
  } = record;
  const parts: string[] = [];
  if (typeof legalEntity === "string") parts.push(`${legalEntity} ${String(from)} to ${String(to)}`);
  if (typeof line === "string") parts.push(typeof item === "string" ? `${line} ${item}` : line);
  if (Array.isArray(open) && open.length > 0)
    parts.push(`overrides ${open.map((each: { readonly line: string }) => each.line).join(", ")}`);
  if (kind === "period-reopened" && override === true) parts.push("overrides later sign-offs");
  if (typeof document === "string") parts.push(document);
  if (kind === "tax-retry")
    parts.push(Array.isArray(documents) ? documents.join(", ") : "all held documents");
  if (typeof upToMs === "number") parts.push(`up to ${new Date(upToMs).toISOString()}`);
  if (typeof lostMessages === "number") parts.push(`${lostMessages} messages`);
  return parts.join(": ");
}
