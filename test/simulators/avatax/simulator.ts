import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { readBody } from "../common/http-messages.ts";
import { LoopbackServer } from "../common/loopback-server.ts";
import { parseJson, renderJson } from "../exact-numbers.ts";
import { checkCommit, checkCreate, checkVoid, type RequestFault } from "./request-check.ts";
import { transactionOf, transactionReply, type StoredTransaction } from "./transactions.ts";

/**
 * What goes wrong with a request: `lost` does what is asked and breaks the connection; `slow` answers after `ms`; `throttled`
 * asks for a pause of `seconds`.
 */
export type SimulatedFault =
  | { readonly kind: "lost" | "error" | "malformed" | "wrong-sum" }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "throttled"; readonly seconds: number };

export type Operation = "create" | "commit" | "void" | "read";

export interface AvataxSimulatorOptions {
  readonly accountId: string;
  readonly licenseKey: string;
  /** For so long after it has asked for a pause requests may still come, which were on their way. */
  readonly onTheirWayMs?: number;
  /** Asked about each request that is well-formed; `attempt` counts those of an operation on a transaction from 1. */
  readonly faultOf?: (operation: Operation, code: string, attempt: number) => SimulatedFault | undefined;
}

/** So long a request may be on its way between two processes of a busy machine. */
const ON_THEIR_WAY_MS = 200;

interface Answer {
  readonly status: number;
  readonly body: object;
}

/**
 * A local stand-in for AvaTax REST v2: strict about who asks and how, with rates of its own, transactions by company, code
 * and type, and faults on demand. It shares no code with the adapter.
 */
export class AvataxSimulator {
  readonly transactions = new Map<string, StoredTransaction>();
  /** Requests that were refused because of their form: a correct client makes none. */
  readonly malformedRequests: string[] = [];
  /** Requests so far, by operation. */
  readonly requests: Record<Operation, number> = { create: 0, commit: 0, void: 0, read: 0 };
  /** Requests that came before the time that an earlier answer had asked for. */
  earlyRequests = 0;
  /** Most requests that were under way at once. */
  mostAtOnce = 0;
  faultOf: NonNullable<AvataxSimulatorOptions["faultOf"]>;
  readonly #options: AvataxSimulatorOptions;
  readonly #server = new LoopbackServer((request, response) => this.#serve(request, response));
  readonly #attempts = new Map<string, number>();
  /** Requests are early between these times; those on their way when a pause is asked for are not. */
  #closedFromMs = 0;
  #closedUntilMs = 0;
  #underWay = 0;

  private constructor(options: AvataxSimulatorOptions) {
    this.#options = options;
    this.faultOf = options.faultOf ?? (() => undefined);
  }

  static async start(options: AvataxSimulatorOptions): Promise<AvataxSimulator> {
    const simulator = new AvataxSimulator(options);
    await simulator.#server.listen();
    return simulator;
  }

  get url(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    // Also where the client gives up before it is answered.
    response.once("close", () => {
      this.#underWay -= 1;
    });
    try {
      await this.#answer(request, await readBody(request), response);
    } catch {
      response.destroy();
    }
  }

  async #answer(request: IncomingMessage, body: string, response: ServerResponse): Promise<void> {
    if (!this.#isAuthorized(request)) {
      send(response, errorAnswer(401, [{ ...UNAUTHENTICATED }]));
      return;
    }
    const route = routeOf(request);
    const parsed = route === undefined ? undefined : this.#read(route, request, body);
    if (route === undefined || parsed === undefined || Array.isArray(parsed)) {
      const faults = Array.isArray(parsed) ? parsed : [NO_ROUTE];
      this.malformedRequests.push(`${request.method} ${request.url}: ${JSON.stringify(faults)}`);
      send(response, errorAnswer(route === undefined ? 404 : 400, faults));
      return;
    }
    const { operation } = route;
    const code = operation === "create" ? parsed.transaction?.code : route.code;
    const fault = this.#faultFor(operation, code ?? "");
    if (fault?.kind === "error") {
      send(response, errorAnswer(500, [{ code: "ServerError", message: "An error occurred", refersTo: "" }]));
      return;
    }
    if (fault?.kind === "throttled") {
      const nowMs = performance.now();
      this.#closedFromMs = Math.max(
        this.#closedUntilMs,
        nowMs + (this.#options.onTheirWayMs ?? ON_THEIR_WAY_MS),
      );
      this.#closedUntilMs = nowMs + fault.seconds * 1_000;
      response.setHeader("retry-after", String(fault.seconds));
      send(response, errorAnswer(429, [{ code: "RateLimit", message: "Too many requests", refersTo: "" }]));
      return;
    }
    const answer = this.#perform(route, parsed.transaction, fault?.kind === "wrong-sum");
    if (fault?.kind === "slow") await delay(fault.ms);
    if (fault?.kind === "lost") response.destroy();
    else if (fault?.kind === "malformed")
      response.writeHead(201, { "content-type": "application/json" }).end('{"code": "');
    else send(response, answer);
  }

  #isAuthorized({ headers }: IncomingMessage): boolean {
    const { accountId, licenseKey } = this.#options;
    const wanted = `Basic ${Buffer.from(`${accountId}:${licenseKey}`).toString("base64")}`;
    return headers.authorization === wanted;
  }

  #read(
    { operation }: Route,
    request: IncomingMessage,
    body: string,
  ): { transaction?: StoredTransaction } | RequestFault[] {
    const client = request.headers["x-avalara-client"];
    if (typeof client !== "string" || client.split(";").length !== 5)
      return [{ code: "BadClient", message: "five parts are wanted", refersTo: "X-Avalara-Client" }];
    if (operation === "read") return {};
    if (request.headers["content-type"] !== "application/json")
      return [{ code: "UnsupportedMediaType", message: "JSON is wanted", refersTo: "Content-Type" }];
    let model: unknown;
    try {
      model = parseJson(body);
    } catch {
      return [{ code: "ModelStateInvalid", message: "no JSON", refersTo: "" }];
    }
    const faults = CHECKS[operation](model);
    if (faults.length > 0) return faults;
    const transaction = operation === "create" ? transactionOf(model) : undefined;
    return transaction === undefined ? {} : { transaction };
  }

  #faultFor(operation: Operation, code: string): SimulatedFault | undefined {
    this.requests[operation] += 1;
    const nowMs = performance.now();
    if (nowMs > this.#closedFromMs && nowMs < this.#closedUntilMs) this.earlyRequests += 1;
    const key = `${operation} ${code}`;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    return this.faultOf(operation, code, attempt);
  }

  #perform(route: Route, transaction: StoredTransaction | undefined, wrongSum: boolean): Answer {
    if (route.operation === "create") return this.#create(transaction, wrongSum);
    const stored = this.transactions.get(`${route.company}|${route.code}|${route.type}`);
    if (stored === undefined) {
      const message = `Document with ID '${route.company} - ${route.code}' not found.`;
      return errorAnswer(404, [{ code: "EntityNotFoundError", message, refersTo: "" }]);
    }
    if (route.operation === "commit") {
      if (stored.status === "Committed") return errorAnswer(400, [{ ...IS_COMMITTED }]);
      if (stored.status === "Cancelled") return errorAnswer(400, [{ ...BAD_STATUS }]);
      stored.status = "Committed";
      stored.commits += 1;
    }
    if (route.operation === "void") {
      if (stored.locked) return errorAnswer(400, [{ ...IS_LOCKED }]);
      if (stored.status !== "Committed") return errorAnswer(400, [{ ...BAD_STATUS }]);
      stored.status = "Cancelled";
      stored.voids += 1;
    }
    return { status: 200, body: transactionReply(stored, this.transactions.size) };
  }

  #create(transaction: StoredTransaction | undefined, wrongSum: boolean): Answer {
    if (transaction === undefined)
      return errorAnswer(400, [
        {
          code: "JurisdictionNotFoundError",
          message: "Unable to determine the taxing jurisdiction.",
          refersTo: "shipTo",
        },
      ]);
    const key = `${transaction.company}|${transaction.code}|${transaction.type}`;
    const before = this.transactions.get(key);
    if (before !== undefined && before.status !== "Saved") return errorAnswer(400, [{ ...BAD_STATUS }]);
    transaction.creates = (before?.creates ?? 0) + 1;
    this.transactions.set(key, transaction);
    return { status: 201, body: transactionReply(transaction, this.transactions.size, wrongSum) };
  }
}

interface Route {
  readonly operation: Operation;
  readonly company: string;
  readonly code: string;
  readonly type: string;
}

const ENCODED: readonly (readonly [string, string])[] = [
  ["_-ava2f-_", "/"],
  ["_-ava2b-_", "+"],
  ["_-ava3f-_", "?"],
  ["_-ava25-_", "%"],
  ["_-ava23-_", "#"],
];

function decoded(part: string): string {
  let text = decodeURIComponent(part);
  for (const [code, character] of ENCODED) text = text.replaceAll(code, character);
  return text;
}

function routeOf({ method, url = "" }: IncomingMessage): Route | undefined {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
  if (method === "POST" && pathname === "/api/v2/transactions/create")
    return searchParams.get("$include") === "Details"
      ? { operation: "create", company: "", code: "", type: "" }
      : undefined;
  const [, company, code, change] =
    /^\/api\/v2\/companies\/([^/]+)\/transactions\/([^/]+)(\/commit|\/void)?$/.exec(pathname) ?? [];
  if (company === undefined || code === undefined) return undefined;
  const place = {
    company: decoded(company),
    code: decoded(code),
    type: searchParams.get("documentType") ?? "SalesInvoice",
  };
  if (method === "POST" && change !== undefined)
    return { operation: change === "/void" ? "void" : "commit", ...place };
  return method === "GET" && change === undefined ? { operation: "read", ...place } : undefined;
}

const CHECKS = { create: checkCreate, commit: checkCommit, void: checkVoid } as const;

const UNAUTHENTICATED: RequestFault = {
  code: "AuthenticationException",
  message: "Authentication failed.",
  refersTo: "",
};
const NO_ROUTE: RequestFault = { code: "NotFound", message: "There is no such endpoint.", refersTo: "" };
const IS_COMMITTED: RequestFault = {
  code: "TransactionIsCommitted",
  message: "Committed transactions cannot be modified by this API.",
  refersTo: "",
};
const IS_LOCKED: RequestFault = {
  code: "TransactionIsLocked",
  message: "Transactions that were reported to a tax authority cannot be voided.",
  refersTo: "",
};
const BAD_STATUS: RequestFault = {
  code: "GetTaxError",
  message: "DocStatus is invalid for this operation.",
  refersTo: "DocStatus",
};

function errorAnswer(status: number, faults: readonly RequestFault[]): Answer {
  const details = faults.map((fault) => ({
    ...fault,
    description: fault.message,
    faultCode: "Client",
    helpLink: `/avatax/errors/${fault.code}`,
    severity: "Error",
  }));
  const [first] = faults;
  return {
    status,
    body: { error: { code: first?.code, message: first?.message, target: "HttpRequest", details } },
  };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" }).end(renderJson(body));
}
