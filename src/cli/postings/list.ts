import { Option, type Command } from "commander";
import { EXCEPTION_STATES, POSTING_STATES, type PostingState } from "../../model/posting.ts";
import { openPostingLog } from "../../ingest/jetstream/posting-logs.ts";
import { printJson, printLine, printTable } from "../print.ts";
import {
  addConnectionOption,
  type ConnectionOptions,
  connectionOf,
  withBroker,
} from "./connection-option.ts";
import { type PostedRow, viewPostings } from "./posting-log-view.ts";

interface ListOptions extends ConnectionOptions {
  readonly state?: readonly PostingState[];
  readonly all?: boolean;
}

/** What people look at first: exceptions, and what nobody knows the outcome of. */
const SHOWN_STATES: readonly PostingState[] = [...EXCEPTION_STATES, "unknown"];

export function addListCommand(postings: Command): void {
  addConnectionOption(
    postings
      .command("list")
      .summary("documents that somebody has to look at, and strays in the ERP")
      .description(
        "Reads the connection's log of postings from the broker and checks its chain of hashes. Shows documents that are parked, held,\n" +
          "rejected, in conflict or of unknown outcome, unless told otherwise; and documents that were found in the ERP and that nobody\n" +
          "here knows.",
      )
      .addOption(new Option("--state <state...>", "only documents in these states").choices(POSTING_STATES))
      .option("--all", "documents in all states"),
  ).action(async (options: ListOptions) => {
    await list(options);
  });
}

async function list(options: ListOptions): Promise<void> {
  const connection = await connectionOf(options);
  const view = await withBroker(options, (broker) => viewPostings(openPostingLog(broker, connection)));
  const states = new Set<PostingState>(
    options.all === true ? POSTING_STATES : (options.state ?? SHOWN_STATES),
  );
  const rows = [...view.documents.values()].filter(({ transition }) => states.has(transition.to));
  if (options.json === true) {
    printJson({ connection, documents: rows.map(jsonRow), strays: view.strays });
    return;
  }
  printTable(
    ["key", "state", "since", "attempts", "ERP id", "why"],
    rows.map(({ transition }) => [
      transition.key,
      transition.to,
      transition.at,
      String(transition.attempt),
      transition.erp?.id ?? "-",
      whyOf(transition),
    ]),
  );
  for (const { finding, key, erp } of view.strays)
    printLine(`${finding}: ${key} (${erp.map(({ id }) => id).join(", ")})`);
  printLine(`${view.documents.size} documents, ${view.records} records: the chain of hashes is whole.`);
}

function jsonRow({ transition, payment }: PostedRow): Record<string, unknown> {
  const { key, partition, to, at, attempt, reason, code, message, erp, notBefore } = transition;
  return {
    key,
    partition,
    state: to,
    since: at,
    attempt,
    reason,
    code,
    message,
    erp,
    notBefore,
    payment: payment === undefined ? null : { status: payment.status, openAmount: payment.openAmount },
  };
}

export function whyOf({ reason, code, message }: PostedRow["transition"]): string {
  return [reason, code, message].filter((text) => text !== null && text !== "").join(": ");
}
