import type { ErpFaultKind } from "../../src/model/posting.ts";
import { fixedAuthentication } from "../../src/sinks/erp/common/authentication.ts";
import { ErpRequests } from "../../src/sinks/erp/common/erp-requests.ts";
import { HttpClient, type HttpReply } from "../../src/sinks/erp/common/http-client.ts";
import { ErpFault, type ErpSinkEnvironment } from "../../src/sinks/erp/erp-sink.ts";

export interface TinybooksOptions {
  readonly url: string;
  readonly token: string;
  readonly deadlineMs: number;
  readonly settleDelayMs: number;
}

export interface TinybooksRequest {
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly body?: unknown;
}

/** How many requests are under way is the runner's decision. */
const MAX_CONNECTIONS = 100;

/** What its codes mean: an HTTP status alone says too little. */
const KINDS: Readonly<Record<string, ErpFaultKind>> = {
  "unknown-account": "mapping",
  unbalanced: "validation",
  "closed-period": "period-closed",
  "other-voucher": "duplicate",
  "too-many": "throttle",
  token: "authentication",
};

/** One request to Tinybooks: answered, or an `ErpFault` that says whether anything may have happened. */
export class TinybooksClient {
  readonly #url: string;
  readonly #http: HttpClient;
  readonly #requests: ErpRequests;

  constructor({ url, token, deadlineMs }: TinybooksOptions, { clock, onRequest }: ErpSinkEnvironment) {
    this.#url = url;
    this.#http = new HttpClient({ connections: MAX_CONNECTIONS, deadlineMs });
    this.#requests = new ErpRequests({
      title: "Tinybooks",
      authentication: fixedAuthentication(`Bearer ${token}`),
      http: this.#http,
      clock,
      onRequest,
      faultOf: (reply, _effect, waitMs) => faultOf(reply, waitMs),
    });
  }

  /**
   * @param operation word for metrics
   * @returns the parsed answer; undefined where there is no such voucher
   */
  async send(
    operation: string,
    { method, path, body }: TinybooksRequest,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { status, text } = await this.#requests.answer({
      operation,
      effect: method === "GET" ? "read" : "write",
      method,
      url: this.#url + path,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
      reads: (reply) => reply.status === 404,
    });
    if (status === 404) return undefined;
    const answer = parsed(text);
    if (answer === undefined) throw new ErpFault("unknown", "Tinybooks answered with what is no JSON");
    return answer;
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}

function faultOf({ status, text }: HttpReply, waitMs: number | undefined): ErpFault {
  // A server that failed may have done it before.
  if (status >= 500 && status !== 503)
    return new ErpFault("unknown", `Tinybooks answered HTTP ${status}`, { code: `http-${status}` });
  const code = codeIn(parsed(text)) ?? `http-${status}`;
  const kind = KINDS[code] ?? (status === 503 ? "transient" : "validation");
  return new ErpFault(kind, `Tinybooks says ${code}`, {
    code,
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeIn(body: unknown): string | undefined {
  const code: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "error") : undefined;
  return typeof code === "string" ? code : undefined;
}
