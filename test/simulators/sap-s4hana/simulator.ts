import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { answerControl } from "../common/control-commands.ts";
import { FaultPlan } from "../common/fault-plan.ts";
import { deliver, isDeliveryFault } from "../common/faults.ts";
import { readBody } from "../common/http-messages.ts";
import { LoopbackServer, type TlsOptions } from "../common/loopback-server.ts";
import type { SimulatorOptions } from "../common/options.ts";
import { RequestLog } from "../common/request-log.ts";
import { StateFile } from "../common/state-file.ts";
import { randomOf } from "../seeded-random.ts";
import { Billing, REQUEST_PATH } from "./billing.ts";
import type { StoredBillingDocument, StoredRequest } from "./billing-requests.ts";
import { CONTROL_COMMAND, type ControlCommand, type Fault, type FaultRule } from "./control-commands.ts";
import { performControl, type Switches } from "./controls.ts";
import { Documents, type StoredDocument } from "./documents.ts";
import { errorBody, SapError, soapFault } from "./errors.ts";
import { fitsRule } from "./faults.ts";
import type { Books } from "./journal-rules.ts";
import { JOURNAL_PATH } from "./journal-service.ts";
import { Login, TOKEN_PATH, type Users } from "./login.ts";
import type { StoredPartner } from "./partner-parts.ts";
import { Partners } from "./partners.ts";
import { type Answer, Services } from "./services.ts";
import { Sessions } from "./sessions.ts";
import { sampleSystem, type System } from "./system.ts";

export interface SapSimulatorOptions extends SimulatorOptions {
  readonly system?: System;
  readonly users?: Users;
  readonly tokenLifetimeSeconds?: number;
  /** Between a billing document request and its billing document; 0 unless given. */
  readonly billingDelayMs?: number;
  /** It listens with TLS then. */
  readonly tls?: TlsOptions;
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** 0 where the connection was broken. */
  readonly status: number;
  /** What was wrong; null where nothing was. */
  readonly error: string | null;
}

export interface Ledger {
  readonly documents: readonly StoredDocument[];
  readonly partners: readonly StoredPartner[];
  readonly requestsToBill: readonly StoredRequest[];
  readonly billingDocuments: readonly StoredBillingDocument[];
  /** What the system has refused without telling the sender. */
  readonly messageLog: readonly string[];
  readonly requests: readonly LoggedRequest[];
  /** Requests that broke a schema, or named what no service has: a right sender never does. */
  readonly wrongRequests: readonly string[];
  readonly sessions: number;
  readonly tokens: number;
}

const BROKEN_OFF = "Web service processing error";

/**
 * A local stand-in for the API of SAP S/4HANA Cloud: journal entries and billing document requests by SOAP, business partners and reading by OData. Strict about who asks and how, about
 * the order of elements, references, balance and periods, with faults on demand. It shares no code with the adapter.
 */
export class SapSimulator {
  readonly controlToken: string;
  readonly #options: SapSimulatorOptions;
  readonly #system: System;
  readonly #documents: Documents;
  readonly #partners: Partners;
  readonly #login: Login;
  readonly #sessions = new Sessions();
  readonly #billing: Billing;
  readonly #faults: FaultPlan<FaultRule>;
  readonly #services: Services;
  readonly #switches: Switches;
  readonly #requests = new RequestLog<LoggedRequest>();
  readonly #wrongRequests: string[] = [];
  readonly #server: LoopbackServer;

  private constructor(options: SapSimulatorOptions) {
    this.#options = options;
    this.controlToken = options.controlToken ?? randomBytes(16).toString("hex");
    this.#system = options.system ?? sampleSystem();
    this.#switches = { latencyMs: options.latencyMs ?? 0, stormUntilMs: 0, revoked: new Set() };
    const stateFile = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
    const nowMs = (): number => this.#nowMs();
    const today = (): string => new Date(nowMs()).toISOString().slice(0, 10);
    this.#documents = new Documents(stateFile);
    this.#partners = new Partners(this.#system, stateFile, today);
    this.#login = new Login(options.users ?? {}, options.tokenLifetimeSeconds ?? 3_600, nowMs);
    this.#faults = new FaultPlan(randomOf(options.seed ?? 1), fitsRule);
    const books: Books = {
      system: this.#system,
      documents: this.#documents,
      partners: this.#partners,
      today,
    };
    this.#billing = new Billing(books, { billingDelayMs: options.billingDelayMs ?? 0, nowMs }, stateFile);
    this.#services = new Services({
      books,
      billing: this.#billing,
      sessions: this.#sessions,
      revoked: this.#switches.revoked,
    });
    this.#server = new LoopbackServer((request, response) => this.#serve(request, response), options.tls);
  }

  static async start(options: SapSimulatorOptions = {}): Promise<SapSimulator> {
    const simulator = new SapSimulator(options);
    await simulator.#server.listen(options.port);
    return simulator;
  }

  /** Without a slash at the end; requests go to `<url>/sap/…`. */
  get url(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  /** Throws RangeError for what a command names and does not exist. */
  control(command: ControlCommand): object {
    return performControl(command, {
      system: this.#system,
      documents: this.#documents,
      billing: this.#billing,
      partners: this.#partners,
      faults: this.#faults,
      switches: this.#switches,
      login: this.#login,
      sessions: this.#sessions,
      today: () => new Date(this.#nowMs()).toISOString().slice(0, 10),
      endStorm: () => {
        this.#switches.stormUntilMs = 0;
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
    this.#billing.settle();
    const { requests, documents } = this.#billing.stores;
    return {
      documents: this.#documents.all(),
      partners: this.#partners.all(),
      requestsToBill: requests.all(),
      billingDocuments: documents.all(),
      messageLog: [...this.#billing.messageLog],
      requests: this.#requests.all(),
      wrongRequests: [...this.#wrongRequests],
      sessions: this.#sessions.opened,
      tokens: this.#login.issued,
    };
  }

  /** Documents under a reference, but for those that take another one back. */
  find(reference: string): readonly StoredDocument[] {
    return this.#documents.byReference(reference);
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer | "lost";
    let error: string | null = null;
    try {
      const body = await readBody(request);
      if ((request.url ?? "").startsWith("/control")) {
        send(response, this.#answerControl(request, body));
        return;
      }
      answer = await this.#answer(request, body);
    } catch (failure) {
      const known =
        failure instanceof SapError
          ? failure
          : new SapError(500, "INTERNAL", `simulator failed: ${String(failure)}`, { form: "text" });
      error = known.message;
      if (isWrong(known)) this.#wrongRequests.push(`${request.method ?? ""} ${request.url ?? ""}: ${error}`);
      const { body, type } = errorBody(known);
      answer = { status: known.status, headers: { "content-type": type, ...known.headers }, body };
    }
    this.#log(request, answer === "lost" ? 0 : answer.status, error);
    if (answer === "lost") request.socket.destroy();
    else send(response, answer);
  }

  async #answer(request: IncomingMessage, body: string): Promise<Answer | "lost"> {
    const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
    if (path === TOKEN_PATH) return json(200, this.#login.answerToken(request, body));
    const method = request.method ?? "";
    const fault = this.#faults.faultOf({ method, path });
    if (fault?.kind === "token-expiry") this.#login.expireTokens();
    if (fault?.kind === "session-end") this.#sessions.endAll();
    if (fault?.kind === "throttle-storm") this.#switches.stormUntilMs = this.#nowMs() + fault.ms;
    if (this.#nowMs() < this.#switches.stormUntilMs)
      throw new SapError(429, "429", "Too many requests", { form: "text" });
    const user = this.#login.check(request);
    if (this.#switches.latencyMs > 0) await delay(this.#switches.latencyMs);
    if (fault?.kind === "changed-meanwhile") this.#partners.touch();
    const isBrokenOff = fault?.kind === "processing-error-after-commit";
    const delivered: Fault | undefined = isBrokenOff
      ? { kind: "server-error-after-commit", status: 500 }
      : fault;
    return deliver(isDeliveryFault(delivered) ? delivered : undefined, {
      perform: () =>
        this.#services.answer({
          request,
          user,
          path: decodeURIComponent(path),
          query,
          body,
          lockedPlaces: fault?.kind === "locked-entries" ? fault.places : [],
        }),
      isRefusal: (error) => error instanceof SapError,
      serverError: (status, isDone) => {
        if (isBrokenOff && (path === JOURNAL_PATH || path === REQUEST_PATH))
          throw soapFault(`${BROKEN_OFF}; more details in the web service error log on provider side`);
        throw new SapError(status, "", isDone ? "Bad gateway" : "Service unavailable", { form: "text" });
      },
    });
  }

  #answerControl({ headers: { authorization } }: IncomingMessage, body: string): Answer {
    const answer = answerControl({ authorization, body }, this.controlToken, (command) =>
      this.control(CONTROL_COMMAND.parse(command)),
    );
    return json(answer.status, answer.body);
  }

  #log(request: IncomingMessage, status: number, error: string | null): void {
    this.#requests.add({ method: request.method ?? "", path: request.url ?? "", status, error });
  }
}

/** Whether a request was one that a right sender doesn't make: of its form, not of its references or of what is switched. */
function isWrong({ status, form, message }: SapError): boolean {
  if (form === "soap") return !message.startsWith(BROKEN_OFF);
  return (
    status === 404 ||
    status === 405 ||
    status === 428 ||
    (status === 500 && message.startsWith("simulator failed")) ||
    (status === 400 &&
      /not found in|is invalid|invalid value|Invalid (system|filter|literal)|too long|can't be changed|Malformed|\$/.test(
        message,
      ))
  );
}

export function json(status: number, body: object): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(
    status,
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
    ),
  );
  response.end(body);
}
