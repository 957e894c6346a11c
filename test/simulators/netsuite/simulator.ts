import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { answerControl } from "../common/control-commands.ts";
import { FaultPlan } from "../common/fault-plan.ts";
import { readBody, sendJson } from "../common/http-messages.ts";
import { LoopbackServer } from "../common/loopback-server.ts";
import type { SimulatorOptions } from "../common/options.ts";
import { RequestLog } from "../common/request-log.ts";
import { StateFile } from "../common/state-file.ts";
import { randomOf } from "../seeded-random.ts";
import { sampleAccount, type Account } from "./account.ts";
import { AsynchronousJobs } from "./asynchronous-jobs.ts";
import { CONTROL_COMMAND, type ControlCommand, type Fault, type FaultRule } from "./control-commands.ts";
import { performControl, type Switches } from "./controls.ts";
import { errorBody, invalidLogin, NetSuiteError, noSuchInstance, unexpectedError } from "./errors.ts";
import { fitsRule } from "./faults.ts";
import type { Answer, ApiRequest } from "./http-exchange.ts";
import { ledgerRecord, ledgerRecords, type Ledger, type LedgerRecord, type LoggedRequest } from "./ledger.ts";
import { BODY_LIMIT, CONTENT_TYPE, decodedParts } from "./http-messages.ts";
import { Login, TOKEN_PATH } from "./login.ts";
import type { MachineCredentials } from "./machine-authentication.ts";
import { RecordService } from "./record-service.ts";
import { RequestExecution } from "./request-execution.ts";
import { RequestPool } from "./request-pool.ts";
import { RecordStore } from "./record-store.ts";
import { RecordWriter } from "./record-writer.ts";
import { localTime } from "./suiteql/dates.ts";
import type { TokenCredentials } from "./token-authentication.ts";
import type { Books } from "./transaction-rules.ts";

export interface NetSuiteSimulatorOptions extends SimulatorOptions {
  readonly account?: Account;
  readonly token?: TokenCredentials;
  readonly machine?: MachineCredentials;
  readonly tokenLifetimeSeconds?: number;
  readonly minNonceLength?: number;
  readonly allowsLoopback?: boolean;
  /** Requests that the account takes at once, over all integrations. */
  readonly concurrency?: number;
  /** How long after it was taken an asynchronous job is done. */
  readonly asyncDelayMs?: number;
}

/** A Standard account's pool. */
const DEFAULT_CONCURRENCY = 5;
const API = "/services/rest/";

/**
 * A local stand-in for a NetSuite account's REST API: strict about who asks and how, about records and their rules and about the
 * account's pool of requests, with faults on demand. It shares no code with the adapter.
 */
export class NetSuiteSimulator {
  readonly controlToken: string;
  readonly #options: NetSuiteSimulatorOptions;
  readonly #account: Account;
  readonly #store: RecordStore;
  readonly #writer: RecordWriter;
  readonly #execution: RequestExecution;
  readonly #login: Login;
  readonly #jobs: AsynchronousJobs;
  readonly #faults: FaultPlan<FaultRule>;
  readonly #books: Books;
  readonly #switches: Switches;
  readonly #pool: RequestPool;
  readonly #requests = new RequestLog<LoggedRequest>();
  readonly #ended = new AbortController();
  readonly #server = new LoopbackServer((request, response) => this.#serve(request, response));

  private constructor(options: NetSuiteSimulatorOptions) {
    this.#options = options;
    // Each job that is under way listens for the end.
    setMaxListeners(0, this.#ended.signal);
    this.controlToken = options.controlToken ?? randomBytes(16).toString("hex");
    this.#account = options.account ?? sampleAccount();
    this.#switches = {
      latencyMs: options.latencyMs ?? 0,
      asyncDelayMs: options.asyncDelayMs ?? 0,
      skewMs: 0,
      revoked: new Set(),
    };
    const stateFile = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
    const random = randomOf(options.seed ?? 1);
    const nowMs = (): number => this.#nowMs();
    this.#store = new RecordStore(stateFile);
    this.#books = {
      account: this.#account,
      store: this.#store,
      today: () => localTime(nowMs(), this.#account.utcOffsetMinutes).slice(0, 10),
    };
    this.#writer = new RecordWriter(this.#books, nowMs);
    const records = new RecordService(this.#books, this.#writer, this.#switches.revoked);
    this.#faults = new FaultPlan(random, fitsRule);
    this.#pool = new RequestPool(options.concurrency ?? DEFAULT_CONCURRENCY, nowMs);
    this.#login = new Login(this.#account, {
      token: options.token,
      machine: options.machine,
      tokenLifetimeSeconds: options.tokenLifetimeSeconds,
      minNonceLength: options.minNonceLength,
      allowsLoopback: options.allowsLoopback ?? true,
    });
    this.#jobs = new AsynchronousJobs({
      records,
      stateFile,
      delayMs: () => this.#switches.asyncDelayMs,
      nowMs,
      random,
      signal: this.#ended.signal,
    });
    this.#execution = new RequestExecution({
      records,
      jobs: this.#jobs,
      books: this.#books,
      login: this.#login,
      faults: this.#faults,
      pool: this.#pool,
      revoked: this.#switches.revoked,
    });
  }

  static async start(options: NetSuiteSimulatorOptions = {}): Promise<NetSuiteSimulator> {
    const simulator = new NetSuiteSimulator(options);
    await simulator.#server.listen(options.port);
    return simulator;
  }

  /** Without a slash at the end; requests go to `<url>/services/rest/…`. */
  get url(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    this.#pool.release();
    this.#ended.abort();
    await this.#server.close();
  }

  /** Throws RangeError for what a command names and does not exist. */
  control(command: ControlCommand): object {
    return performControl(command, {
      account: this.#account,
      store: this.#store,
      writer: this.#writer,
      faults: this.#faults,
      switches: this.#switches,
      expireTokens: () => {
        this.#login.expireTokens();
      },
      runJobs: () => {
        this.#jobs.runAll();
      },
      endStorm: () => {
        this.#pool.endStorm();
      },
      pool: this.#pool,
      setRefusing: (isRefusing) => {
        this.#login.isRefusing = isRefusing;
      },
      ledger: () => this.ledger(),
    });
  }

  fault(fault: Fault, where: Omit<FaultRule, "fault"> = { times: 1 }): void {
    this.control({ do: "add-fault", rule: { fault, ...where } });
  }

  ledger(): Ledger {
    return {
      records: ledgerRecords(this.#store),
      highestConcurrency: this.#pool.highest,
      refusedForConcurrency: this.#pool.refused,
      requests: this.#requests.all(),
      loginAudit: [...this.#login.audit],
    };
  }

  /** A record by its external id. */
  find(type: string, externalId: string): LedgerRecord | undefined {
    const record = this.#store.findExternal(type, externalId);
    return record === undefined ? undefined : ledgerRecord(record, this.#store);
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)() + this.#switches.skewMs;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startMs = performance.now();
    let answer: Answer | "lost";
    let code: string | null = null;
    try {
      const body = await readBody(request, BODY_LIMIT);
      if ((request.url ?? "").startsWith("/control")) {
        sendJson(response, this.#answerControl(request, body), CONTENT_TYPE);
        return;
      }
      answer = await this.#answer(request, body);
    } catch (error) {
      // What no rule foresees is an error of the system too, as it would be there.
      const known = error instanceof NetSuiteError ? error : unexpectedError(500);
      if (!(error instanceof NetSuiteError)) this.#login.note(`simulator failed: ${String(error)}`);
      code = known.details[0]?.code ?? null;
      answer = { status: known.status, headers: known.headers, body: errorBody(known) };
    }
    this.#log(request, answer === "lost" ? 0 : answer.status, code, performance.now() - startMs);
    if (answer === "lost") request.socket.destroy();
    else sendJson(response, answer, CONTENT_TYPE);
  }

  async #answer(request: IncomingMessage, body: string): Promise<Answer | "lost"> {
    const origin = this.#login.originOf(request);
    const url = request.url ?? "";
    const [pathname = "", query = ""] = url.split(/\?(.*)/s);
    if (origin === undefined) {
      this.#login.note("WrongHost");
      throw invalidLogin();
    }
    if (!pathname.startsWith(API)) throw noSuchInstance(pathname);
    if (pathname === TOKEN_PATH) return this.#answerToken(request, body, origin);
    this.#login.check(request, origin, this.#nowMs());
    const apiRequest: ApiRequest = {
      method: request.method ?? "",
      baseUrl: `${origin}${API.slice(0, -1)}`,
      path: decodedParts(pathname.slice(API.length)),
      query: new URLSearchParams(query),
      headers: request.headers,
      body,
    };
    return this.#pool.run(async () => {
      if (this.#switches.latencyMs > 0) await delay(this.#switches.latencyMs);
      return this.#execution.answer(apiRequest);
    });
  }

  async #answerToken(request: IncomingMessage, body: string, origin: string): Promise<Answer> {
    const type = request.headers["content-type"] ?? "";
    if (request.method !== "POST" || !type.startsWith("application/x-www-form-urlencoded"))
      return { status: 400, headers: JSON_TYPE, body: { error: "invalid_request" } };
    const answer = await this.#login.answerToken(new URLSearchParams(body), origin, this.#nowMs());
    return { status: answer.status, headers: JSON_TYPE, body: answer.body };
  }

  #answerControl({ headers: { authorization } }: IncomingMessage, body: string): Answer {
    const answer = answerControl(
      { authorization, body },
      this.controlToken,
      (command) => this.control(CONTROL_COMMAND.parse(command)),
      (error) => error instanceof NetSuiteError,
    );
    return { ...answer, headers: JSON_TYPE };
  }

  #log(request: IncomingMessage, status: number, code: string | null, elapsedMs: number): void {
    this.#requests.add({
      at: new Date(this.#nowMs()).toISOString(),
      method: request.method ?? "",
      path: request.url ?? "",
      status,
      code,
      elapsedMs,
    });
  }
}

const JSON_TYPE = { "content-type": "application/json" };
