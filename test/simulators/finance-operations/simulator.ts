import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { answerControl } from "../common/control-commands.ts";
import { FaultPlan } from "../common/fault-plan.ts";
import { deliver, isDeliveryFault } from "../common/faults.ts";
import { readBody, sendText } from "../common/http-messages.ts";
import { LoopbackServer } from "../common/loopback-server.ts";
import type { SimulatorOptions } from "../common/options.ts";
import { RequestLog } from "../common/request-log.ts";
import { type EntraClient, EntraTokenEndpoint } from "../entra/token-endpoint.ts";
import { randomOf } from "../seeded-random.ts";
import { type BatchOperationAnswer, parsedBatch, renderedBatch } from "./batch-request.ts";
import { Books } from "./books.ts";
import { CONTROL_COMMAND, type ControlCommand, type Fault, type FaultRule } from "./control-commands.ts";
import { performControl, type Switches } from "./controls.ts";
import { EntityService } from "./entity-service.ts";
import { type Environment, sampleEnvironment } from "./environment.ts";
import {
  badQuery,
  FinanceOperationsError,
  frontEndError,
  noSegment,
  throttled,
  unauthorized,
  updateConflict,
} from "./errors.ts";
import { fitsRule } from "./faults.ts";
import {
  type Ledger,
  type LedgerInvoice,
  type LedgerJournal,
  ledgerRecords,
  type LoggedRequest,
} from "./ledger.ts";
import { type Answer, answerOf, BODY_LIMIT, decoded } from "./http-messages.ts";
import { PostingJob } from "./posting-job.ts";
import { StateFile } from "./state-file.ts";
import { UserLimits } from "./user-limits.ts";

export interface FinanceOperationsSimulatorOptions extends SimulatorOptions {
  readonly environment?: Environment;
  readonly client: EntraClient;
  /** How long after it was finished a document is posted. */
  readonly postingDelayMs?: number;
}

const MAX_AUDIT = 1_000;
/** Rows of one page. */
const PAGE_ROWS = 10_000;
const ROOT = "/data/";

/**
 * A local stand-in for the OData service of a Finance & Operations environment, and for Microsoft Entra that gives tokens for it: strict about who
 * asks, about entities and their rules, with batch jobs that post, and faults on demand. It shares no code with the adapter.
 */
export class FinanceOperationsSimulator {
  readonly controlToken: string;
  readonly #options: FinanceOperationsSimulatorOptions;
  readonly #books: Books;
  readonly #entra: EntraTokenEndpoint;
  readonly #faults: FaultPlan<FaultRule>;
  readonly #switches: Switches;
  readonly #service: EntityService;
  readonly #job: PostingJob;
  readonly #limits: UserLimits;
  readonly #requests = new RequestLog<LoggedRequest>();
  readonly #audit: string[] = [];
  readonly #server = new LoopbackServer((request, response) => this.#serve(request, response));

  private constructor(options: FinanceOperationsSimulatorOptions) {
    this.#options = options;
    this.controlToken = options.controlToken ?? randomBytes(16).toString("hex");
    const stateFile = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
    this.#books = new Books(options.environment ?? sampleEnvironment(), stateFile);
    const nowMs = options.nowMs ?? Date.now;
    this.#entra = new EntraTokenEndpoint(options.client, nowMs);
    this.#faults = new FaultPlan(randomOf(options.seed ?? 1), fitsRule);
    this.#switches = {
      latencyMs: options.latencyMs ?? 0,
      postingDelayMs: options.postingDelayMs ?? 0,
      pageRows: PAGE_ROWS,
      isPosting: true,
      isRegistered: true,
      stormEndsMs: 0,
      userLimits: null,
      revoked: new Set(),
      closedPeriods: new Set(),
    };
    const rules = { books: this.#books, closedPeriods: this.#switches.closedPeriods };
    this.#job = new PostingJob(rules);
    this.#limits = new UserLimits(this.#switches, nowMs);
    this.#service = new EntityService({
      rules,
      revoked: this.#switches.revoked,
      nowMs,
      pageRows: () => this.#switches.pageRows,
      origin: () => this.url,
    });
  }

  static async start(options: FinanceOperationsSimulatorOptions): Promise<FinanceOperationsSimulator> {
    const simulator = new FinanceOperationsSimulator(options);
    await simulator.#server.listen(options.port);
    return simulator;
  }

  /** Without a slash at the end; requests go to `<url>/data/…`, for tokens to `<url>/<tenant>/oauth2/v2.0/token`. */
  get url(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  /** Throws RangeError for what a command names and does not exist. */
  control(command: ControlCommand): object {
    return performControl(command, {
      books: this.#books,
      faults: this.#faults,
      switches: this.#switches,
      entra: this.#entra,
      endStorm: () => {
        this.#switches.stormEndsMs = 0;
      },
      expireTokens: () => {
        this.#entra.expireTokens();
      },
      runPosting: () => {
        this.#job.run(Infinity);
      },
      ledger: () => this.ledger(),
    });
  }

  fault(fault: Fault, where: Omit<FaultRule, "fault"> = { times: 1 }): void {
    this.control({ do: "add-fault", rule: { fault, ...where } });
  }

  ledger(): Ledger {
    this.#post();
    return {
      ...ledgerRecords(this.#books),
      requests: this.#requests.all(),
      loginAudit: [...this.#audit],
      postingLog: [...new Set(this.#job.log)],
      highestConcurrency: this.#limits.highest,
    };
  }

  /** An invoice or a journal with lines, by its external id. */
  find(kind: "invoice", externalId: string): LedgerInvoice | undefined;
  find(kind: "journal", externalId: string): LedgerJournal | undefined;
  find(kind: "invoice" | "journal", externalId: string): LedgerInvoice | LedgerJournal | undefined {
    const { invoices, journals } = this.ledger();
    return kind === "invoice"
      ? invoices.find((invoice) => invoice.externalId === externalId)
      : journals.find((journal) => journal.description === externalId && journal.lines.length > 0);
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }

  /** The batch jobs run all the time: what they have done shows with the next request. */
  #post(): void {
    if (this.#switches.isPosting) this.#job.run(this.#nowMs() - this.#switches.postingDelayMs);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startMs = performance.now();
    let answer: Answer | "lost";
    let message: string | null = null;
    try {
      const body = await readBody(request, BODY_LIMIT);
      if ((request.url ?? "").startsWith("/control")) {
        sendText(response, this.#answerControl(request, body));
        return;
      }
      answer = await this.#answer(request, body);
    } catch (error) {
      const known = error instanceof FinanceOperationsError ? error : frontEndError(500);
      // What no rule foresees is an error of the service too, as it would be there.
      message =
        error instanceof FinanceOperationsError ? error.message : `simulator failed: ${String(error)}`;
      answer = answerOf(known.status, known.headers, known.body);
    }
    this.#log(request, answer === "lost" ? 0 : answer.status, message, performance.now() - startMs);
    if (answer === "lost") request.socket.destroy();
    else sendText(response, answer);
  }

  async #answer(request: IncomingMessage, body: string): Promise<Answer | "lost"> {
    const [pathname = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
    if (this.#entra.isPath(pathname)) {
      const given = this.#entra.answer(request, pathname, body);
      if (given.refusal !== undefined) this.#note(given.refusal);
      return { status: given.status, headers: given.headers, text: JSON.stringify(given.body) };
    }
    if (!pathname.startsWith(ROOT)) throw noSegment(pathname);
    if (!this.#entra.accepts(request.headers.authorization)) {
      this.#note(request.headers.authorization === undefined ? "MissingToken" : "TokenRejected");
      throw unauthorized();
    }
    if (!this.#switches.isRegistered) {
      this.#note("ApplicationNotRegistered");
      throw unauthorized();
    }
    return this.#limits.run(async () => {
      if (this.#switches.latencyMs > 0) await delay(this.#switches.latencyMs);
      this.#post();
      const fault = this.#faults.faultOf({
        method: request.method ?? "",
        path: pathname.endsWith("/$batch") ? body : pathname,
      });
      return this.#befall(fault, () => this.#perform(request, decoded(pathname), query, body));
    });
  }

  /** What a request is answered, with what goes wrong with it; "lost": its connection is broken. */
  async #befall(fault: Fault | undefined, perform: () => Answer): Promise<Answer | "lost"> {
    if (isDeliveryFault(fault))
      return deliver(fault, {
        perform,
        isRefusal: (error) => error instanceof FinanceOperationsError,
        serverError: (status) => {
          throw frontEndError(status);
        },
      });
    switch (fault.kind) {
      case "throttle-storm":
        this.#switches.stormEndsMs = this.#nowMs() + fault.ms;
        throw throttled(Math.ceil(fault.ms / 1_000), "resources");
      case "token-expiry":
        this.#entra.expireTokens();
        this.#note("TokenRejected");
        throw unauthorized();
      case "update-conflict":
        throw updateConflict("CustCustomerV3Entity");
      case "torn-answer":
      default: {
        const { text, ...others } = perform();
        return { ...others, text: text.slice(0, Math.floor(text.length / 2)) };
      }
    }
  }

  #perform(request: IncomingMessage, path: string, query: string, body: string): Answer {
    const resource = path.slice(ROOT.length);
    if (resource === "$batch") return this.#performBatch(request, body);
    const answer = this.#books.transaction(() =>
      this.#service.answer({
        method: request.method ?? "",
        resource,
        query: new URLSearchParams(query),
        body,
        prefer: String(request.headers["prefer"] ?? ""),
      }),
    );
    return answerOf(answer.status, answer.headers, answer.body);
  }

  /** All operations, or none: the first that is refused is the whole answer, with 500 in place of its own status. */
  #performBatch(request: IncomingMessage, body: string): Answer {
    if (request.method !== "POST") throw badQuery("A batch is sent by POST.");
    const operations = parsedBatch(request.headers["content-type"] ?? "", body);
    const answers: BatchOperationAnswer[] = [];
    let contentId = "";
    try {
      this.#books.transaction(() => {
        for (const { method, target, headers, body: text, contentId: id } of operations) {
          contentId = id;
          const [path = "", query = ""] = target.split(/\?(.*)/s);
          if (!path.startsWith(ROOT)) throw noSegment(path);
          const {
            status,
            headers: given,
            body: shown,
          } = this.#service.answer({
            method,
            resource: decoded(path).slice(ROOT.length),
            query: new URLSearchParams(query),
            body: text,
            prefer: headers["prefer"] ?? "",
          });
          answers.push({ contentId: id, status, headers: given, body: shown });
        }
      });
    } catch (error) {
      if (!(error instanceof FinanceOperationsError)) throw error;
      answers.splice(0, answers.length, { contentId, status: 500, headers: {}, body: error.body });
    }
    const { contentType, text } = renderedBatch(answers);
    return { status: 200, headers: { "content-type": contentType, "odata-version": "4.0" }, text };
  }

  #answerControl({ headers: { authorization } }: IncomingMessage, body: string): Answer {
    const answer = answerControl({ authorization, body }, this.controlToken, (command) =>
      this.control(CONTROL_COMMAND.parse(command)),
    );
    return answerOf(answer.status, {}, answer.body);
  }

  #note(reason: string): void {
    if (this.#audit.length < MAX_AUDIT) this.#audit.push(reason);
  }

  #log(request: IncomingMessage, status: number, message: string | null, elapsedMs: number): void {
    const { method = "", url: path = "" } = request;
    this.#requests.add({
      at: new Date(this.#nowMs()).toISOString(),
      method,
      path,
      status,
      message,
      elapsedMs,
    });
  }
}
