import type { Clock } from "../../../model/clock.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { type HttpClient, HttpFailure, type HttpReply } from "../common/http-client.ts";
import { ErpFault } from "../erp-sink.ts";
import type { Authentication } from "./authentication.ts";
import { faultOfReply, type RequestEffect } from "./classify-fault.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";
import { isSessionEnded, Sessions } from "./session.ts";

export interface SapRequestOptions {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly method: "GET" | "POST" | "PATCH";
  /** From "/sap/" on, with its query. */
  readonly path: string;
  readonly effect: RequestEffect;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface SapClientOptions {
  /** Origin of the system, without a slash at its end. */
  readonly origin: string;
  readonly authentication: Authentication;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly onRequest: (operation: string, outcome: "answered" | ErpFaultKind, elapsedMs: number) => void;
}

/** What opens a session: any page of the service that is changed. */
const SESSION_PATH = "/sap/opu/odata/sap/API_BUSINESS_PARTNER/?$format=json";

/** Requests to one system. Each is sent once, or twice where a token or a session had ended. Rejects with ErpFault and nothing else. */
export class SapClient {
  readonly #options: SapClientOptions;
  readonly #sessions: Sessions;

  constructor(options: SapClientOptions) {
    this.#options = options;
    this.#sessions = new Sessions((headers, signal) =>
      this.send({
        operation: "open-session",
        method: "GET",
        path: SESSION_PATH,
        effect: "read",
        headers,
        signal,
      }),
    );
  }

  async send(request: SapRequestOptions): Promise<HttpReply> {
    const reply = await this.#authorized(request);
    if (isAnswer(reply)) return reply;
    throw this.#faultOf(reply, request.effect);
  }

  /** A change by OData, in a session. SAP did nothing where the session had ended. */
  async change(request: SapRequestOptions): Promise<HttpReply> {
    const session = await this.#sessions.session();
    const first = await this.#authorized(withHeaders(request, session.headers));
    if (isAnswer(first)) return first;
    if (!isSessionEnded(first)) throw this.#faultOf(first, request.effect);
    this.#sessions.ended(session);
    const { headers } = await this.#sessions.session();
    return this.send(withHeaders(request, headers));
  }

  /** Sent once more where an access token had ended: nothing was done, and a new one may be accepted. */
  async #authorized(request: SapRequestOptions): Promise<HttpReply> {
    const { authentication } = this.#options;
    const authorization = await authentication.authorization();
    const reply = await this.#exchange(request, authorization);
    if (reply.status !== 401 || !authentication.refused(authorization)) return reply;
    return this.#exchange(request, await authentication.authorization());
  }

  async #exchange(request: SapRequestOptions, authorization: string | undefined): Promise<HttpReply> {
    const { http, clock, origin, onRequest } = this.#options;
    const { operation, method, path, body, headers, signal, effect } = request;
    const bytes = Buffer.byteLength(body ?? "");
    if (bytes > MAX_REQUEST_BYTES)
      throw new ErpFault("validation", `a request has ${MAX_REQUEST_BYTES} bytes at most, not ${bytes}`);
    const startedMs = clock.monotonicMs();
    let outcome: "answered" | ErpFaultKind = "answered";
    try {
      const reply = await http.send({
        method,
        url: origin + path,
        signal,
        headers: {
          accept: "application/json",
          ...headers,
          ...(authorization !== undefined && { authorization }),
        },
        ...(body === undefined ? {} : { body }),
      });
      if (!isAnswer(reply)) outcome = this.#faultOf(reply, effect).kind;
      return reply;
    } catch (failure) {
      const fault = faultOfFailure(failure, effect);
      outcome = fault.kind;
      throw fault;
    } finally {
      onRequest(operation, outcome, clock.monotonicMs() - startedMs);
    }
  }

  #faultOf({ status, text, header }: HttpReply, effect: RequestEffect): ErpFault {
    const waitMs = retryAfterMs(header("retry-after"), this.#options.clock.nowMs());
    return faultOfReply({ status, text, retryAfterMs: waitMs }, effect);
  }
}

function isAnswer({ status }: HttpReply): boolean {
  return status >= 200 && status < 300;
}

function withHeaders(
  request: SapRequestOptions,
  headers: Readonly<Record<string, string>>,
): SapRequestOptions {
  return { ...request, headers: { ...request.headers, ...headers } };
}

function faultOfFailure(failure: unknown, effect: RequestEffect): ErpFault {
  if (failure instanceof ErpFault) return failure;
  const message = failure instanceof HttpFailure ? failure.message : "the request failed";
  const isUnknown = effect === "write" && !(failure instanceof HttpFailure && failure.outcome === "not-sent");
  return new ErpFault(isUnknown ? "unknown" : "transient", `SAP: ${message}`, { cause: failure });
}
