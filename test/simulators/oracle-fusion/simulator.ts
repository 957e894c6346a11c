import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { answerControl } from "../common/control-commands.ts";
import { FaultPlan } from "../common/fault-plan.ts";
import { deliver, isDeliveryFault } from "../common/faults.ts";
import { type BodyLimit, readBody, sendText, type TextAnswer } from "../common/http-messages.ts";
import { LoopbackServer } from "../common/loopback-server.ts";
import type { SimulatorOptions } from "../common/options.ts";
import { RequestLog } from "../common/request-log.ts";
import { parseJson, renderJson } from "../exact-numbers.ts";
import { randomOf } from "../seeded-random.ts";
import { Authentication, type Credentials, TOKEN_PATH } from "./authentication.ts";
import { CONTROL_COMMAND, type ControlCommand, type Fault, type FaultRule } from "./control-commands.ts";
import { performControl, type Switches } from "./controls.ts";
import { type Environment, sampleEnvironment } from "./environment.ts";
import { errorJson, faultXml, OracleError, unauthorized } from "./errors.ts";
import { fitsRule, type OracleRequest } from "./faults.ts";
import { Imports } from "./imports.ts";
import { malformed, RestApi } from "./rest-api.ts";
import { answerSoap } from "./soap-services.ts";
import {
  type Account,
  type Batch,
  type InterfaceLine,
  type Job,
  type Party,
  Store,
  type Transaction,
} from "./store.ts";
import type { Books } from "./transaction-rules.ts";

export interface OracleFusionSimulatorOptions extends SimulatorOptions {
  readonly environment?: Environment;
  readonly credentials?: Credentials;
  readonly tokenLifetimeSeconds?: number;
  readonly importDelayMs?: number;
  readonly lagMs?: number;
}

export interface LoggedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** 0 where the connection broke instead of an answer. */
  readonly status: number;
  readonly body: string;
}

/** Everything that the environment keeps, and what it was asked. */
export interface Ledger {
  readonly transactions: readonly Transaction[];
  readonly parties: readonly Party[];
  readonly accounts: readonly Account[];
  readonly batches: readonly Batch[];
  readonly jobs: readonly Job[];
  /** Lines that AutoInvoice has not imported. */
  readonly interfaceLines: readonly InterfaceLine[];
  readonly requests: readonly LoggedRequest[];
  readonly wrongRequests: readonly string[];
  readonly tokenRequests: number;
}

const BODY_LIMIT: BodyLimit = {
  maxBytes: 64 * 1024 * 1024,
  error: () => new Error("the request is too large"),
};
/** The latest requests that are kept in the log. */
const MAX_LOGGED = 100_000;
/** Of a request's body this much is kept. */
const MAX_LOGGED_BODY = 20_000;
const DEFAULT_CHILD_LIMIT = 100;
const JSON_TYPE = { "content-type": "application/json" };
const ITEM_TYPE = "application/vnd.oracle.adf.resourceitem+json";
/** Codes of errors that a right sender never leads to: unknown attributes, wrong types, fields that were forgotten. */
const WRONG_CODES =
  /^(JBO-25058|JBO-25009|JBO-27023|JBO-27024|JBO-27014|JBO-27008|JBO-26041|FND_CMN_REQ_ATTRIB_API_SERV)$/;

/**
 * A local stand-in for an environment of Oracle Fusion: strict about who asks, about bodies and their rules, with the surprises of the real one and
 * faults on demand. It shares no code with the adapter.
 */
export class OracleFusionSimulator {
  readonly controlToken: string;
  readonly environment: Environment;
  readonly #store: Store;
  readonly #books: Books;
  readonly #switches: Switches;
  readonly #faults: FaultPlan<FaultRule, OracleRequest>;
  readonly #authentication: Authentication;
  readonly #imports: Imports;
  readonly #rest: RestApi;
  readonly #requests = new RequestLog<LoggedRequest>(MAX_LOGGED);
  readonly #wrong: string[] = [];
  readonly #nowMs: () => number;
  readonly #ended = new AbortController();
  readonly #server = new LoopbackServer((request, response) => this.#serve(request, response));

  private constructor(options: OracleFusionSimulatorOptions) {
    this.controlToken = options.controlToken ?? randomBytes(16).toString("hex");
    this.environment = options.environment ?? sampleEnvironment();
    this.#nowMs = options.nowMs ?? Date.now;
    this.#store = new Store(options.stateFile);
    this.#books = { environment: this.environment, store: this.#store, nowMs: this.#nowMs };
    this.#switches = {
      latencyMs: options.latencyMs ?? 0,
      lagMs: options.lagMs ?? 0,
      childLimit: DEFAULT_CHILD_LIMIT,
      importDelayMs: options.importDelayMs ?? 0,
      jobState: undefined,
      rejectionState: "SUCCEEDED",
      stormUntilMs: 0,
      stormRetryAfterSeconds: undefined,
      forbidden: new Set(),
    };
    this.#faults = new FaultPlan(randomOf(options.seed ?? 1), fitsRule);
    this.#authentication = new Authentication(
      options.credentials ?? {},
      options.tokenLifetimeSeconds ?? 3_600,
    );
    this.#imports = new Imports(this.#books, this.#switches, (what) => {
      this.#wrong.push(what);
    });
    this.#rest = new RestApi(this.#books, this.#imports, this.#switches);
  }

  static async start(options: OracleFusionSimulatorOptions = {}): Promise<OracleFusionSimulator> {
    const simulator = new OracleFusionSimulator(options);
    await simulator.#server.listen(options.port);
    return simulator;
  }

  /** Without a slash at the end. The identity service's tokens are at `<url>/oauth2/v1/token`. */
  get url(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#server.close();
  }

  /** Throws RangeError for what a command names and does not exist. */
  control(command: ControlCommand): object {
    this.#imports.advance();
    return performControl(command, {
      books: this.#books,
      faults: this.#faults,
      switches: this.#switches,
      authentication: this.#authentication,
      endStorm: () => {
        this.#switches.stormUntilMs = 0;
      },
      expireTokens: () => {
        this.#authentication.expireTokens();
      },
      finishImports: () => {
        this.#imports.finish();
      },
      ledger: () => this.ledger(),
    });
  }

  fault(fault: Fault, where: Omit<FaultRule, "fault"> = { times: 1 }): void {
    this.control({ do: "add-fault", rule: { fault, ...where } });
  }

  ledger(): Ledger {
    this.#imports.advance();
    return {
      transactions: this.#store.all("transaction"),
      parties: this.#store.all("party"),
      accounts: this.#store.all("account"),
      batches: this.#store.all("batch"),
      jobs: this.#store.all("job"),
      interfaceLines: this.#store.all("interface-line").filter(({ isDistribution }) => !isDistribution),
      requests: this.#requests.all(),
      wrongRequests: [...this.#wrong],
      tokenRequests: this.#authentication.tokenRequests,
    };
  }

  /** A transaction by its number. */
  find(number: string): Transaction | undefined {
    return this.#store.all("transaction").find((each) => each.number === number);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request, BODY_LIMIT);
      const url = request.url ?? "";
      if (url.startsWith("/control")) {
        sendText(response, this.#answerControl(request, body));
        return;
      }
      const answer = await this.#answer(request, body);
      this.#log(request, body, answer === "lost" ? 0 : answer.status);
      if (answer === "lost") request.socket.destroy();
      else sendText(response, answer);
    } catch (error) {
      this.#wrong.push(`simulator failed: ${String(error)}`);
      sendText(response, {
        status: 500,
        headers: { "content-type": "text/html" },
        text: "<html>failed</html>",
      });
    }
  }

  async #answer(request: IncomingMessage, body: string): Promise<TextAnswer | "lost"> {
    const { method = "", url = "" } = request;
    const [path = ""] = url.split("?", 1);
    const authorization = request.headers.authorization ?? "";
    if (path === TOKEN_PATH) {
      const form = new URLSearchParams(body);
      const token = this.#authentication.token(form, authorization, this.#nowMs());
      return { status: token.status, headers: JSON_TYPE, text: JSON.stringify(token.body) };
    }
    if (this.#switches.latencyMs > 0)
      await delay(this.#switches.latencyMs, undefined, { signal: this.#ended.signal });
    const fault = this.#faults.faultOf({
      method,
      path,
      isWrite: isWrite(method, request.headers["soapaction"]),
      body,
    });
    if (fault?.kind === "token-expiry") this.#authentication.expireTokens();
    if (fault?.kind === "throttle-storm") {
      this.#switches.stormUntilMs = this.#nowMs() + fault.ms;
      this.#switches.stormRetryAfterSeconds = fault.retryAfterSeconds;
    }
    if (this.#nowMs() < this.#switches.stormUntilMs) return throttled(this.#switches.stormRetryAfterSeconds);
    if (!(await this.#authentication.accepts(authorization, this.#nowMs())))
      return this.#errorAnswer(unauthorized(), path, request);
    this.#imports.advance();
    return deliver(isDeliveryFault(fault) ? fault : undefined, {
      perform: () => this.#act(request, path, body, fault),
      // Refusals are answers here.
      isRefusal: () => false,
      serverError: proxyPage,
      ended: this.#ended.signal,
    });
  }

  #act(request: IncomingMessage, path: string, body: string, fault: Fault | undefined): TextAnswer {
    const { method = "", headers, url = "" } = request;
    const isOldFramework = headers["rest-framework-version"] !== "4";
    try {
      if ([...this.#switches.forbidden].some((part) => path.includes(part)))
        throw new OracleError(403, [{ detail: "Forbidden" }], true);
      if (fault?.kind === "record-changed")
        throw new OracleError(412, [
          { detail: "Another user has changed the row with primary key.", code: "JBO-25014" },
        ]);
      const soap = answerSoap(path, body, String(headers["soapaction"] ?? ""), this.#books);
      if (soap !== undefined) return { status: 200, headers: { "content-type": "text/xml" }, text: soap };
      if (method !== "GET" && method !== "DELETE" && headers["content-type"] !== ITEM_TYPE)
        throw new OracleError(415, [{ detail: "Unsupported Media Type" }], true);
      const answer = this.#rest.answer({
        method,
        path,
        query: queryOf(url),
        body: body === "" ? undefined : jsonOf(body),
        isOldFramework,
        isImportRefused: fault?.kind === "import-refused",
        isImportPartial: fault?.kind === "import-partial",
      });
      return {
        status: answer.status,
        headers: { "content-type": "application/json" },
        text: answer.body === undefined ? "" : renderJson(answer.body),
      };
    } catch (error) {
      if (!(error instanceof OracleError)) throw error;
      return this.#errorAnswer(error, path, request);
    }
  }

  /** Versions before 4 tell errors as plain texts. */
  #errorAnswer(error: OracleError, path: string, { method, headers }: IncomingMessage): TextAnswer {
    const [first] = error.details;
    if (
      WRONG_CODES.test(first?.code ?? "") ||
      [405, 415].includes(error.status) ||
      error.message === "Unknown method"
    )
      this.#wrong.push(`${method} ${path}: ${first?.code ?? error.status} ${error.message}`);
    if (path.includes("Service") && error.status === 500)
      return { status: 500, headers: { "content-type": "text/xml" }, text: faultXml(error) };
    if (error.isPlain || headers["rest-framework-version"] !== "4")
      return { status: error.status, headers: { "content-type": "text/plain" }, text: error.message };
    return {
      status: error.status,
      headers: { "content-type": "application/vnd.oracle.adf.error+json" },
      text: JSON.stringify(errorJson(error)),
    };
  }

  #answerControl({ headers: { authorization } }: IncomingMessage, body: string): TextAnswer {
    const answer = answerControl({ authorization, body }, this.controlToken, (command) =>
      this.control(CONTROL_COMMAND.parse(command)),
    );
    return { status: answer.status, headers: JSON_TYPE, text: JSON.stringify(answer.body) };
  }

  #log({ method = "", url = "" }: IncomingMessage, body: string, status: number): void {
    this.#requests.add({ method, path: url, status, body: body.slice(0, MAX_LOGGED_BODY) });
  }
}

/** Operations of SOAP that only ask begin with "get". */
function isWrite(method: string, action: string | string[] | undefined): boolean {
  return method !== "GET" && !/\/get\w+"?$/.test(String(action ?? ""));
}

/** Parameters; finders have a ";" of their own, and blanks are %20. */
function queryOf(url: string): URLSearchParams {
  const [, query = ""] = url.split(/\?(.*)/s);
  return new URLSearchParams(query.replaceAll("+", "%2B"));
}

function jsonOf(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    throw malformed();
  }
}

function throttled(retryAfterSeconds: number | undefined): TextAnswer {
  return {
    status: 429,
    headers: {
      "content-type": "text/plain",
      ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
    },
    text: "Too Many Requests",
  };
}

function proxyPage(status: number): TextAnswer {
  return { status, headers: { "content-type": "text/html" }, text: `<html><h1>${status}</h1></html>` };
}
