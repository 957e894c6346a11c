import { strToU8, zipSync } from "fflate";
import { z } from "zod";
import { importInvoices } from "./auto-invoice.ts";
import { checkedBody, text } from "./body-check.ts";
import { refused } from "./errors.ts";
import { DISTRIBUTIONS_FILE, loadError } from "./interface-columns.ts";
import { filesOf } from "./interface-files.ts";
import { importJournal, JOURNAL_FILE } from "./journal-import.ts";
import type { Job } from "./store.ts";
import type { Books } from "./transaction-rules.ts";

/** Imports of files: taken, worked on by jobs, and asked about. Nothing keeps a file from being imported twice. */

/** What jobs do, by package and name. */
const JOBS: Readonly<Record<string, Job["does"] | undefined>> = {
  "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher": "journals",
  "/oracle/apps/ess/financials/receivables/transactions/autoInvoices,AutoInvoiceImportEss": "invoices",
  "/oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader/,InterfaceLoaderPurge": "removal",
};
const JOURNAL_COLUMNS = 149;
const JOURNAL_PARAMETERS = 7;
/** Interface of AutoInvoice, a load, a range of loads, and what a purge is meant for. */
const REMOVAL_PARAMETERS = /^2,(\d+),#NULL,#NULL,#NULL,ORA_FBDI,USER,#NULL,#NULL$/;
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
const jobSchema = z.strictObject({
  OperationName: text(60),
  JobPackageName: text(400),
  JobDefName: text(100),
  ESSParameters: text(4000),
  ReqstId: z.null().optional(),
});
const operationSchema = z.looseObject({ OperationName: text(60) });

export interface ImportSwitches {
  /** How long an import takes. */
  importDelayMs: number;
  /** Told instead of a job's state; undefined: the true one. */
  jobState: string | undefined;
  /** How an import of invoices ends that has rejected some. */
  rejectionState: "SUCCEEDED" | "WARNING";
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
    const { OperationName: operation } = checkedBody(operationSchema, body);
    const id =
      operation === "importBulkData"
        ? this.#startImport(checkedBody(importSchema, body), isRefused, isPartial)
        : operation === "submitESSJobRequest"
          ? this.#startJob(checkedBody(jobSchema, body), isRefused)
          : undefined;
    if (id === undefined) throw refused("The operation isn't known.", "FUN-OPERATION");
    return { OperationName: operation, ReqstId: id, RequestStatus: null };
  }

  #startImport(given: z.output<typeof importSchema>, isRefused: boolean, isPartial: boolean): string {
    const { environment } = this.#books;
    const does = JOBS[given.JobName ?? ""];
    const account = does === "invoices" ? environment.invoiceImportAccount : environment.importAccount;
    if (
      isRefused ||
      does === undefined ||
      does === "removal" ||
      given.DocumentAccount !== account ||
      given.ContentType !== "zip"
    )
      return "-1";
    const files = filesOf(given.DocumentContent ?? "");
    const parameters = (given.ParameterList ?? "").split(",");
    if (does === "journals" && parameters.length !== JOURNAL_PARAMETERS)
      this.#noteWrong(`an import with ${parameters.length} parameters`);
    const wrong =
      typeof files === "string" ? files : does === "journals" ? journalError(files) : loadError(files);
    if (wrong !== undefined) this.#noteWrong(wrong);
    return this.#newJob({
      does,
      files: typeof files === "string" || wrong !== undefined ? {} : files,
      parameters,
      isPartial,
    });
  }

  #startJob(given: z.output<typeof jobSchema>, isRefused: boolean): string {
    const does = JOBS[`${given.JobPackageName ?? ""},${given.JobDefName ?? ""}`];
    const load = REMOVAL_PARAMETERS.exec(given.ESSParameters ?? "")?.[1];
    if (isRefused || does !== "removal") return "-1";
    if (load === undefined) this.#noteWrong(`a removal with the parameters ${given.ESSParameters ?? ""}`);
    return this.#newJob({ does, files: {}, parameters: [load ?? ""], isPartial: false });
  }

  #newJob(job: Pick<Job, "does" | "files" | "parameters" | "isPartial">): string {
    const { store, nowMs } = this.#books;
    const [id, now] = [store.nextId(), nowMs()];
    const times = { submittedMs: now, createdMs: now, changedMs: now };
    store.put({ kind: "job", id, ...job, ...times, isLoaded: false });
    return id;
  }

  /** Does what is due: files are loaded at half of the time, and all of them before the imports that are due with them. */
  advance(): void {
    const underWay = this.#books.store.all("job").filter(({ ended }) => ended === undefined);
    const isDue = ({ submittedMs }: Job, share: number): boolean =>
      this.#books.nowMs() - submittedMs >= this.#switches.importDelayMs * share;
    for (const job of underWay) if (isDue(job, 1 / 2)) this.#load(job);
    for (const job of underWay) if (isDue(job, 1)) this.#end(job);
  }

  /** Does all that is under way, due or not, one job after the other. */
  finish(): void {
    for (const job of this.#books.store.all("job")) if (job.ended === undefined) this.#end(job);
  }

  #load(job: Job): void {
    if (job.isLoaded || job.does !== "invoices") return;
    const { store, nowMs } = this.#books;
    const now = nowMs();
    for (const [name, rows] of Object.entries(job.files))
      for (const row of rows)
        store.put({
          kind: "interface-line",
          id: store.nextId(),
          loadId: job.id,
          isDistribution: name === DISTRIBUTIONS_FILE,
          row,
          createdMs: now,
          changedMs: now,
        });
    job.isLoaded = true;
    store.put(job);
  }

  #end(job: Job): void {
    this.#load(job);
    job.ended = this.#done(job);
    job.changedMs = this.#books.nowMs();
    this.#books.store.put(job);
  }

  #done(job: Job): NonNullable<Job["ended"]> {
    const { store } = this.#books;
    if (job.does === "journals") return importJournal(job, this.#books);
    if (job.does === "invoices")
      return importInvoices(job, this.#books, {
        rejectionState: this.#switches.rejectionState,
        isPartial: job.isPartial,
        noteWrong: this.#noteWrong,
      });
    const [load] = job.parameters;
    for (const { id, loadId } of store.all("interface-line")) if (loadId === load) store.remove(id);
    return { state: "SUCCEEDED", log: "" };
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
      return { items: job?.ended === undefined ? [] : [{ DocumentContent: zipped(job.id, job.ended) }] };
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
        jobDefinitionId: `JobDefinition:/${nameOf(job)}`,
      }))
      .reverse();
    return { items, count: { $number: String(items.length) } };
  }
}

function zipped(id: string, { log, report }: NonNullable<Job["ended"]>): string {
  const files = {
    [`${id}.log`]: strToU8(log),
    ...(report !== undefined && { [`ESS_O_${id}_BIP.xml`]: strToU8(report) }),
  };
  return Buffer.from(zipSync(files)).toString("base64");
}

function nameOf({ does }: Job): string {
  const [name = ""] = Object.entries(JOBS).find(([, each]) => each === does) ?? [];
  return name.replace(/\/?,/, "/");
}

/** What keeps a journal's file from being loaded. */
function journalError(files: Readonly<Record<string, readonly (readonly string[])[]>>): string | undefined {
  const rows = files[JOURNAL_FILE];
  if (rows === undefined || Object.keys(files).length !== 1)
    return `the ZIP has other files than ${JOURNAL_FILE}`;
  const wrong = rows.find((row) => row.length !== JOURNAL_COLUMNS);
  if (wrong !== undefined) return `a row has ${wrong.length} columns`;
  return rows.some(([status]) => status !== "NEW") ? "a row's status is not NEW (a header?)" : undefined;
}
