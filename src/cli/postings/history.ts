import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import type { PostingRecord } from "../../model/posting.ts";
import { openPostingLog } from "../../ingest/jetstream/posting-logs.ts";
import { printJson, printTable } from "../print.ts";
import {
  addConnectionOption,
  type ConnectionOptions,
  connectionOf,
  withBroker,
} from "./connection-option.ts";
import { whyOf } from "./list.ts";
import { postingRecords } from "./posting-log-view.ts";

export function addPostingHistoryCommand(postings: Command): void {
  addConnectionOption(
    postings
      .command("history")
      .summary("every step of a document, with when and why")
      .argument("<key>", "key of the document, as `postings list` shows it")
      .description(
        "Reads the connection's log of postings from the broker and checks its chain of hashes: every transition, payment and decision of\n" +
          "a document, in order.",
      ),
  ).action(async (key: string, options: ConnectionOptions) => {
    const connection = await connectionOf(options);
    const records = await withBroker(options, async (broker) => {
      const found: PostingRecord[] = [];
      for await (const record of postingRecords(openPostingLog(broker, connection)))
        if (record.kind !== "acquired" && record.key === key) found.push(record);
      return found;
    });
    if (records.length === 0)
      throw new TributaryError("usage-invalid", `Nothing was written of ${key} in connection ${connection}.`);
    if (options.json === true) printJson({ connection, key, records });
    else printTable(["at", "what", "attempt", "ERP id", "why"], records.map(cellsOf));
  });
}

function cellsOf(record: PostingRecord): readonly string[] {
  const { at } = record;
  if (record.kind === "transition")
    return [at, record.to, String(record.attempt), record.erp?.id ?? "-", whyOf(record)];
  if (record.kind === "payment")
    return [at, `payment: ${record.status}`, "-", "-", `${record.openAmount} ${record.currency} open`];
  if (record.kind === "decision")
    return [at, `decision: ${record.decision}`, "-", "-", `${record.actor}: ${record.reason}`];
  if (record.kind === "stray")
    return [at, record.finding, "-", record.erp.map(({ id }) => id).join(", "), ""];
  return [at, "taken by a runner", "-", "-", record.owner];
}
