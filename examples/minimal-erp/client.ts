import { messageOf } from "../../src/model/errors.ts";
import { HttpClient, HttpFailure, type HttpReply } from "../../src/sinks/erp/common/http-client.ts";
import { ErpFault, type ErpSinkEnvironment } from "../../src/sinks/erp/erp-sink.ts";
import type { ErpFaultKind } from "../../src/model/posting.ts";

export interface TinybooksOptions {
  readonly url: string;
  readonly token: string;
  readonly deadlineMs: number;
  readonly settleDelayMs: number;
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
  readonly #options: TinybooksOptions;
  readonly #environment: ErpSinkEnvironment;
  readonly #http: HttpClient;

  constructor(options: TinybooksOptions, environment: ErpSinkEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#http = new HttpClient({ connections: MAX_CONNECTIONS, deadlineMs: options.deadlineMs });
  }

  /**
   * @param operation word for metrics
   * @returns the parsed answer; undefined where there is no such voucher
   */
  async send(
    operation: string,
    request: { readonly method: "GET" | "PUT"; readonly path: string; readonly body?: unknown },
    signal: AbortSignal,
  ): Promise<unknown> {
    const { clock, onRequest } = this.#environment;
    const startedMs = clock.monotonicMs();
    try {
      const answer = answerOf(await this.#reply(request, signal));
      onRequest(operation, "answered", clock.monotonicMs() - startedMs);
      return answer;
    } catch (error) {
      const fault = faultOf(error);
      onRequest(operation, fault.kind, clock.monotonicMs() - startedMs);
      throw fault;
    }
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  #reply(
    {
      method,
      path,
      body,
    }: { readonly method: "GET" | "PUT"; readonly path: string; readonly body?: unknown },
    signal: AbortSignal,
  ): Promise<HttpReply> {
    const { url, token } = this.#options;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return this.#http.send({
      method,
      url: url + path,
      headers,
      signal,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
}

function answerOf({ status, text, header }: HttpReply): unknown {
  if (status === 404) return undefined;
  // A server that failed may have done it before.
  if (status >= 500 && status !== 503)
    throw new ErpFault("unknown", `Tinybooks answered HTTP ${status}`, { code: `http-${status}` });
  const body = parsed(text, status);
  if (status < 300) return body;
  const code = codeIn(body) ?? `http-${status}`;
  const waitSeconds = Number(header("retry-after"));
  throw new ErpFault(KINDS[code] ?? (status === 503 ? "transient" : "validation"), `Tinybooks says ${code}`, {
    code,
    ...(waitSeconds > 0 && { retryAfterMs: waitSeconds * 1_000 }),
  });
}

function parsed(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (status >= 300) return undefined;
    throw new ErpFault("unknown", `the answer can't be read: ${messageOf(error)}`);
  }
}

function codeIn(body: unknown): string | undefined {
  const code: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "error") : undefined;
  return typeof code === "string" ? code : undefined;
}

function faultOf(error: unknown): ErpFault {
  if (error instanceof ErpFault) return error;
  if (!(error instanceof HttpFailure)) throw error;
  return new ErpFault(error.outcome === "not-sent" ? "transient" : "unknown", error.message, {
    cause: error,
  });
}
