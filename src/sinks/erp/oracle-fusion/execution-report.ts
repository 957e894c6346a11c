import { XMLParser } from "fast-xml-parser";
import type { OracleClient } from "./client.ts";
import { readImportFiles } from "./import-log.ts";
import { MAX_INTERFACE_SEGMENT_CHARACTERS, MAX_REPORT_CHARACTERS } from "./limits.ts";
import { isXmlNode } from "./soap.ts";

/**
 * What AutoInvoice says of lines that it has rejected (RA_INTERFACE_ERRORS_ALL): a data file of its execution report, and the job's log. Names of the
 * report's groups differ by release and by who has changed its layout, so that a record is known by the values that it has: the segment or number of
 * a document of ours beside a message.
 */
export interface ExecutionReport {
  /** Messages of the records that have one of the values. */
  messagesOf(values: readonly string[]): readonly string[];
  /** First line of the log that says why the job as a whole has ended; "" where none does. */
  readonly ending: string;
}

const PARSER = new XMLParser({ parseTagValue: false, trimValues: true });
const MESSAGE_FIELD = /MESSAGE|ERROR/i;
const INVALID_VALUE_FIELD = /INVALID_VALUE/i;
/** What a log says where a job gave up, for all lines alike. */
const ENDING = /\b(error|must|couldn't|can't|isn't valid|is invalid|failed)\b/i;
/** Groups of a report lie in each other, a few deep. */
const MAX_DEPTH = 20;
const MAX_MESSAGES = 20;
const MAX_MESSAGE_CHARACTERS = 400;

export async function readExecutionReport(
  client: OracleClient,
  handle: string,
  signal: AbortSignal,
): Promise<ExecutionReport> {
  return executionReport(await readImportFiles(client, handle, MAX_REPORT_CHARACTERS, signal));
}

/** Reads the texts of a job's files; of those that are none of a report's nothing is said. */
export function executionReport(files: readonly string[]): ExecutionReport {
  const messages = new Map<string, Set<string>>();
  const note = (value: string, message: string): void => {
    const known = messages.get(value) ?? new Set();
    if (known.size < MAX_MESSAGES) known.add(message.slice(0, MAX_MESSAGE_CHARACTERS));
    messages.set(value, known);
  };
  const logs: string[] = [];
  for (const file of files) {
    const text = file.trimStart();
    if (!text.startsWith("<")) logs.push(text);
    else {
      const root = parsedXml(text);
      if (root !== undefined) noteRecords(root, note, 0);
    }
  }
  const lines = logs.flatMap((log) => log.split(/\r?\n/));
  return {
    messagesOf: (values) => [...new Set(values.flatMap((value) => [...(messages.get(value) ?? [])]))],
    ending: (lines.find((line) => ENDING.test(line)) ?? "").trim().slice(0, MAX_MESSAGE_CHARACTERS),
  };
}

function parsedXml(text: string): unknown {
  try {
    return PARSER.parse(text);
  } catch {
    return undefined;
  }
}

/** A record is an element whose children are texts, one of them a message. */
function noteRecords(node: unknown, note: (value: string, message: string) => void, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(node)) {
    for (const each of node) noteRecords(each, note, depth + 1);
    return;
  }
  if (!isXmlNode(node)) return;
  const fields = Object.entries(node).filter(
    (field): field is [string, string] => typeof field[1] === "string" && field[1] !== "",
  );
  const invalid = fields.find(([name]) => INVALID_VALUE_FIELD.test(name))?.[1];
  const said = fields.filter(([name]) => MESSAGE_FIELD.test(name)).map(([, text]) => text);
  for (const message of said)
    for (const [, value] of fields)
      if (value.length <= MAX_INTERFACE_SEGMENT_CHARACTERS)
        note(value, invalid === undefined ? message : `${message} [${invalid}]`);
  for (const child of Object.values(node)) noteRecords(child, note, depth + 1);
}
