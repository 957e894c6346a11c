import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { answerControl } from "../common/control-commands.ts";
import { FaultPlan } from "../common/fault-plan.ts";
import { deliver, isDeliveryFault } from "../common/faults.ts";
import { readBody, sendJson } from "../common/http-messages.ts";
import { LoopbackServer } from "../common/loopback-server.ts";
import type { SimulatorOptions } from "../common/options.ts";
import { RequestLog } from "../common/request-log.ts";
import { EntraTokenEndpoint } from "../entra/token-endpoint.ts";
import { randomOf } from "../seeded-random.ts";
import { type Answer, type ApiRequest, ApiService } from "./api-service.ts";
import { answerBatch, operationCount } from "./batch-service.ts";
import { CONTROL_COMMAND, type ControlCommand, type Fault, type FaultRule } from "./control-commands.ts";
import { performControl, type Switches } from "./controls.ts";
import { type Environment, sampleEnvironment } from "./environment.ts";
import {
  BusinessCentralError,
  entityChanged,
  noPermission,
  notAuthenticated,
  serverError,
} from "./errors.ts";
import { fitsRule } from "./faults.ts";
import { BODY_LIMIT, CONTENT_TYPE } from "./http-messages.ts";
import { type Ledger, type LedgerRecord, ledgerRecords, type LoggedRequest } from "./ledger.ts";
import { NotificationSender } from "./notification-sender.ts";
import { RequestGate } from "./request-gate.ts";
import { type RecordSet, Store } from "./store.ts";
import { SubscriptionService } from "./subscription-service.ts";

export interface BusinessCentralSimulatorOptions extends SimulatorOptions {
  readonly environment?: Environment;
  readonly client: { readonly id: string; readonly secret: string };
  readonly tokenLifetimeSeconds?: number;
  /** Requests that run and wait at once, and of a window. */
  readonly running?: number;
  readonly waiting?: number;
  readonly requestsPerWindow?: number;
  readonly windowMs?: number;
  /** Rows of a page at most. */
  readonly pageRows?: number;
  /** From a change until its subscribers are told, and before further tries. */
  readonly notificationDelayMs?: number;
  readonly notificationRetriesMs?: readonly number[];
}

/** What one user may do: 5 requests run, 95 wait, 6000 in five minutes. */
const LIMITS = { running: 5, waiting: 95, perWindow: 6_000, windowMs: 300_000 };
const MAX_PAGE_ROWS = 20_000;
const MAX_WRONG = 1_000;
/** Of a tenant; they last three days. */
const SUBSCRIPTIONS = { maxSubscriptions: 200, lifetimeMs: 3 * 24 * 60 * 60_000 };
const NOTIFICATIONS = {
  delayMs: 30_000,
  retryDelaysMs: [60_000, 60_000, 600_000, 6_000_000, 60_000_000],
  maxNotifications: 1_000,
};
export const SCOPE = "https://api.businesscentral.dynamics.com/.default";
/** Codes of requests that a right sender never makes. */
const WRONG =
  /^(BadRequest(_InvalidOperation|_InvalidRequestUrl|_ResourceNotFound|_MethodNotAllowed|_InvalidToken)?|Unknown|Application_(StringExceededLength|InvalidGUID))$/;

/**
 * A local stand-in for Business Central's API v2.0, with the login that it trusts: strict about fields, references, rules and limits, with faults on demand. It shares no code with the
 * adapter.
 */
export class BusinessCentralSimulator {
  readonly controlToken: string;
  readonly environment: Environment;
  readonly #options: BusinessCentralSimulatorOptions;
  readonly #store: Store;
  readonly #api: ApiService;
  readonly #login: EntraTokenEndpoint;
  readonly subscriptions: SubscriptionService;
  readonly notifications: NotificationSender;
  readonly #faults: FaultPlan<FaultRule>;
  readonly #gate: RequestGate;
  readonly #switches: Switches;
  readonly #requests = new RequestLog<LoggedRequest>();
  readonly #wrong: string[] = [];
  readonly #server = new LoopbackServer((request, response) => this.#serve(request, response));

  private constructor(options: BusinessCentralSimulatorOptions) {
    this.#options = options;
    this.controlToken = options.controlToken ?? randomBytes(16).toString("hex");
    this.environment = options.environment ?? sampleEnvironment();
    this.#switches = { latencyMs: options.latencyMs ?? 0, revoked: new Set() };
    this.#store = new Store(options.stateFile);
    const nowMs = (): number => this.#nowMs();
    const books = { environment: this.environment, store: this.#store, nowMs };
    this.#api = new ApiService(books, this.#switches.revoked, options.pageRows ?? MAX_PAGE_ROWS);
    this.subscriptions = new SubscriptionService({
      ...SUBSCRIPTIONS,
      environment: this.environment,
      nowMs,
    });
    this.notifications = new NotificationSender({
      ...NOTIFICATIONS,
      subscriptions: this.subscriptions,
      nowMs,
      ...(options.notificationDelayMs !== undefined && { delayMs: options.notificationDelayMs }),
      ...(options.notificationRetriesMs !== undefined && { retryDelaysMs: options.notificationRetriesMs }),
    });
    this.#store.onCommitted = (changes) => {
      this.notifications.changed(changes);
    };
    this.#faults = new FaultPlan(randomOf(options.seed ?? 1), fitsRule);
    this.#gate = new RequestGate({
      running: options.running ?? LIMITS.running,
      waiting: options.waiting ?? LIMITS.waiting,
      perWindow: options.requestsPerWindow ?? LIMITS.perWindow,
      windowMs: options.windowMs ?? LIMITS.windowMs,
      nowMs,
    });
    const { id: clientId, secret: clientSecret } = options.client;
    this.#login = new EntraTokenEndpoint(
      {
        tenant: this.environment.tenant,
        clientId,
        clientSecret,
        scope: SCOPE,
        ...(options.tokenLifetimeSeconds !== undefined && {
          tokenLifetimeSeconds: options.tokenLifetimeSeconds,
        }),
      },
      nowMs,
    );
  }

  static async start(options: BusinessCentralSimulatorOptions): Promise<BusinessCentralSimulator> {
    const simulator = new BusinessCentralSimulator(options);
    await simulator.#server.listen(options.port);
    return simulator;
  }

  /** Origin of the API, and of the login. */
  get url(): string {
    return this.#server.url;
  }

  /** Address of the environment's API. */
  get base(): string {
    return `${this.url}${this.#basePath}`;
  }

  get #basePath(): string {
    return `/v2.0/${this.environment.tenant}/${this.environment.name}/api/v2.0`;
  }

  async close(): Promise<void> {
    this.#gate.release();
    this.notifications.close();
    await this.#server.close();
  }

  /** Throws RangeError for what a command names and does not exist. */
  control(command: ControlCommand): object {
    return performControl(command, {
      environment: this.environment,
      store: this.#store,
      sales: this.#api.sales,
      faults: this.#faults,
      switches: this.#switches,
      gate: this.#gate,
      login: this.#login,
      nowMs: () => this.#nowMs(),
      endStorm: () => {
        this.#gate.endStorm();
      },
      expireTokens: () => {
        this.#login.expireTokens();
      },
      ledger: () => this.ledger(),
    });
  }

  fault(fault: Fault, where: Omit<FaultRule, "fault"> = { times: 1 }): void {
    this.control({ do: "add-fault", rule: { fault, ...where } });
  }

  ledger(): Ledger {
    return {
      records: ledgerRecords(this.#store, this.environment),
      highestConcurrency: this.#gate.highest,
      refusedForLimits: this.#gate.refused,
      requests: this.#requests.all(),
      issuedTokens: this.#login.issued,
      wrongRequests: [...this.#wrong],
    };
  }

  /** Records of a set whose external document number, number, code or document number it is. */
  find(set: RecordSet, name: string): LedgerRecord[] {
    const fields = ["externalDocumentNumber", "number", "code", "documentNumber"];
    return this.ledger().records.filter(
      (record) => record.set === set && fields.some((field) => record.values[field] === name),
    );
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startMs = performance.now();
    let answer: Answer | "lost";
    let code: string | null = null;
    try {
      const body = await readBody(request, BODY_LIMIT);
      const [pathname = ""] = (request.url ?? "").split("?");
      if (pathname === "/control") {
        sendJson(response, this.#answerControl(request, body), CONTENT_TYPE);
        return;
      }
      if (this.#login.isPath(pathname)) {
        sendJson(response, this.#login.answer(request, pathname, body), CONTENT_TYPE);
        return;
      }
      answer = await this.#answer(request, body);
    } catch (error) {
      // What no rule foresees is an error of the system too, as it would be there.
      const known = error instanceof BusinessCentralError ? error : serverError(500);
      if (known !== error) this.#noteWrong(`the simulator failed: ${String(error)}`);
      ({ code } = known);
      if (WRONG.test(code)) this.#noteWrong(`${request.method ?? ""} ${request.url ?? ""}: ${known.message}`);
      answer = { status: known.status, headers: known.headers, body: known.body };
    }
    this.#log(request, answer === "lost" ? 0 : answer.status, code, performance.now() - startMs);
    if (answer === "lost") request.socket.destroy();
    else sendJson(response, answer, CONTENT_TYPE);
  }

  async #answer(request: IncomingMessage, body: string): Promise<Answer | "lost"> {
    const url = request.url ?? "";
    const start = `${this.#basePath}/`;
    // A wrong tenant or environment is no better than a wrong token.
    if (!url.startsWith(start) || !this.#login.accepts(request.headers.authorization))
      throw notAuthenticated();
    const apiRequest: ApiRequest = {
      method: request.method ?? "",
      url: url.slice(start.length),
      base: this.base,
      header: (name) => {
        const value = request.headers[name];
        return Array.isArray(value) ? value.join(", ") : value;
      },
      body,
    };
    const isBatch = apiRequest.url === "$batch";
    const operations = isBatch ? operationCount(apiRequest) : 1;
    return this.#gate.run(operations, async () => {
      if (this.#switches.latencyMs > 0) await delay(this.#switches.latencyMs);
      if (SubscriptionService.isPath(apiRequest.url)) {
        if (this.#switches.revoked.has("subscriptions")) throw noPermission("subscriptions");
        await this.subscriptions.prepare(apiRequest);
        return this.#withFault(apiRequest, () => this.subscriptions.answer(apiRequest));
      }
      return this.#withFault(apiRequest, () =>
        isBatch ? this.#noted(answerBatch(apiRequest, this.#api, this.#store)) : this.#api.answer(apiRequest),
      );
    });
  }

  async #withFault(request: ApiRequest, perform: () => Answer): Promise<Answer | "lost"> {
    const fault = this.#faults.faultOf({ method: request.method, path: request.url });
    if (isDeliveryFault(fault))
      return deliver(fault, {
        perform,
        isRefusal: (error) => error instanceof BusinessCentralError,
        serverError: (status) => {
          throw serverError(status);
        },
      });
    switch (fault.kind) {
      case "throttle-storm":
        this.#gate.beginStorm(fault.ms);
        throw new BusinessCentralError(
          429,
          "Application_TooManyRequests",
          "The request limit of the time window is reached.",
        );
      case "token-expiry":
        this.#login.expireTokens();
        throw notAuthenticated();
      case "entity-changed":
      default:
        throw entityChanged();
    }
  }

  /** Wrong requests inside a batch are wrong too. */
  #noted(answer: Answer): Answer {
    for (const [, code = ""] of JSON.stringify(answer.body).matchAll(/"error":\{"code":"([^"]*)"/g))
      if (WRONG.test(code)) this.#noteWrong(`$batch: ${JSON.stringify(answer.body).slice(0, 500)}`);
    return answer;
  }

  #noteWrong(what: string): void {
    if (this.#wrong.length < MAX_WRONG) this.#wrong.push(what);
  }

  #answerControl({ headers: { authorization } }: IncomingMessage, body: string): Answer {
    const answer = answerControl(
      { authorization, body },
      this.controlToken,
      (command) => this.control(CONTROL_COMMAND.parse(command)),
      (error) => error instanceof BusinessCentralError,
    );
    return { ...answer, headers: {} };
  }

  #log(request: IncomingMessage, status: number, code: string | null, elapsedMs: number): void {
    this.#requests.add({
      at: new Date(this.#nowMs()).toISOString(),
      method: request.method ?? "",
      path: (request.url ?? "").slice(this.#basePath.length + 1),
      status,
      code,
      elapsedMs,
    });
  }
}
