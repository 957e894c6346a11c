import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { z } from "zod";
import { checkedBody, text } from "./body-check.ts";
import { refused } from "./errors.ts";
import { importJournal } from "./journal-import.ts";
import type { Job } from "./store.ts";
import type { Books } from "./transaction-rules.ts";

/** Imports of files: taken, worked on by jobs, and asked about. Nothing keeps a file from being imported twice. */

const JOURNAL_IMPORT = "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher";
const COLUMNS = 149;
const PARAMETERS = 7;
const MAX_ROWS = 100_000;
/** What a job is told as while it is under way: the parent waits, runs, and pauses for its children. */
const WAYS = ["WAIT", "RUNNING", "PAUSED"] as const;

const importSchema = z.strictObject({
  OperationName: text(60),
  DocumentContent: z.string().optional(),
  ContentType: text(20),
  FileName: text(200),
  DocumentAccount: text(200),
  JobName: text(400),
  ParameterList: text(4000),
  CallbackURL: text(400),
  NotificationCode: text(10),
  JobOptions: text(400),
});

export interface ImportSwitches {
  /** How long an import takes. */
  importDelayMs: number;
  /** Told instead of a job's state; undefined: the true one. */
  jobState: string | undefined;
}

export class Imports {
  readonly #books: Books;
  readonly #switches: ImportSwitches;
  /** Requests that a right sender never makes. */
  readonly #noteWrong: (what: string) => void;

  constructor(books: Books, switches: ImportSwitches, noteWrong: (what: string) => void) {
    this.#books = books;
    this.#switches = switches;
    this.#noteWrong = noteWrong;
  }

  /** @param isPartial the lines that are wrong are left out, and the others imported */
  submit(body: unknown, isRefused: boolean, isPartial: boolean): object {
    const { store, environment, nowMs } = this.#books;
    const given = checkedBody(importSchema, body);
    if (given.OperationName !== "importBulkData")
      throw refused("The operation isn't known.", "FUN-OPERATION");
    const answer = (ReqstId: string): object => ({
      OperationName: given.OperationName,
      ReqstId,
      RequestStatus: null,
    });
    if (
      isRefused ||
      given.JobName !== JOURNAL_IMPORT ||
      given.DocumentAccount !== environment.importAccount ||
      given.ContentType !== "zip"
    )
      return answer("-1");
    const rows = rowsOf(given.DocumentContent ?? "");
    const parameters = (given.ParameterList ?? "").split(",");
    if (parameters.length !== PARAMETERS) this.#noteWrong(`an import with ${parameters.length} parameters`);
    if (typeof rows === "string") this.#noteWrong(rows);
    const job: Job = {
      kind: "job",
      id: store.nextId(),
      submittedMs: nowMs(),
      rows: typeof rows === "string" ? [] : rows,
      parameters,
      isPartial,
      createdMs: nowMs(),
      changedMs: nowMs(),
    };
    store.put(job);
    return answer(job.id);
  }

  /** Does what is due. */
  advance(): void {
    for (const job of this.#books.store.all("job"))
      if (job.ended === undefined && this.#books.nowMs() - job.submittedMs >= this.#switches.importDelayMs)
        this.#end(job);
  }

  /** Does all that is under way, due or not. */
  finish(): void {
    for (const job of this.#books.store.all("job")) if (job.ended === undefined) this.#end(job);
  }

  #end(job: Job): void {
    job.ended = importJournal(job, this.#books);
    job.changedMs = this.#books.nowMs();
    this.#books.store.put(job);
  }

  stateOf(job: Job): string {
    if (this.#switches.jobState !== undefined) return this.#switches.jobState;
    if (job.ended !== undefined) return job.ended.state;
    const share = (this.#books.nowMs() - job.submittedMs) / Math.max(1, this.#switches.importDelayMs);
    return WAYS[Math.min(WAYS.length - 1, Math.floor(share * WAYS.length))] ?? "WAIT";
  }

  /** Finders of the resource erpintegrations: "name;variable=value,variable=value". */
  find(finder: string): object {
    const [name = "", variables = ""] = finder.split(";");
    const given = new Map(
      variables
        .split(",")
        .map((each) => [each.split("=", 1)[0] ?? "", each.replace(/^[^=]*=?/, "")] as const),
    );
    const job = this.#books.store.all("job").find(({ id }) => id === given.get("requestId"));
    if (name === "ESSJobStatusRF")
      // Of a job that it does not know it tells no state.
      return { items: [{ RequestStatus: job === undefined ? "" : this.stateOf(job) }] };
    if (name === "ESSExecutionDetailsRF" && given.get("fileType") === "ALL")
      return { items: job?.ended === undefined ? [] : [{ DocumentContent: zipped(job.id, job.ended.log) }] };
    throw refused(`The finder ${name} isn't known.`);
  }

  /** Scheduler's own list of requests: newest first. */
  requests(query: URLSearchParams): object {
    const since = /^submissionTime gt "([^"]+)"$/.exec(query.get("q") ?? "")?.[1];
    if (since === undefined) throw refused("The filter isn't valid.");
    const items = this.#books.store
      .all("job")
      .filter(({ submittedMs }) => submittedMs > Date.parse(since))
      .map((job) => ({
        requestId: { $number: job.id },
        state: this.stateOf(job),
        jobDefinitionId: `JobDefinition://oracle/apps/ess/financials/generalLedger/programs/common/JournalImportLauncher`,
      }))
      .reverse();
    return { items, count: { $number: String(items.length) } };
  }
}

function zipped(id: string, log: string): string {
  return Buffer.from(zipSync({ [`${id}.log`]: strToU8(log) })).toString("base64");
}

/** Rows of the one file of a ZIP; a text that says what is wrong with it. */
function rowsOf(content: string): readonly (readonly string[])[] | string {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(Buffer.from(content, "base64"));
  } catch {
    return "the document is no ZIP";
  }
  const csv = files["GlInterface.csv"];
  if (csv === undefined || Object.keys(files).length !== 1)
    return "the ZIP has other files than GlInterface.csv";
  const rows = csvRows(strFromU8(csv));
  if (rows.length === 0 || rows.length > MAX_ROWS) return `the file has ${rows.length} rows`;
  const wrong = rows.find((row) => row.length !== COLUMNS);
  if (wrong !== undefined) return `a row has ${wrong.length} columns`;
  if (rows.some(([status]) => status !== "NEW")) return "a row's status is not NEW (a header?)";
  return rows;
}

/** RFC 4180. */
function csvRows(csv: string): string[][] {
  const rows: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let row: string[] = [];
  while (cell.lastIndex < csv.length) {
    const match = cell.exec(csv);
    if (match === null) return [];
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
