import type { Clock } from "../../../model/clock.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { type HttpClient, HttpFailure, type HttpReply } from "../common/http-client.ts";
import type { TokenCache } from "../common/token-cache.ts";
import { ErpFault } from "../erp-sink.ts";
import { faultOfReply, type RequestEffect } from "./classify-fault.ts";
import { jsonOf } from "./error-reply.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";

export interface BusinessCentralRequestOptions {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Behind "…/api/v2.0/", with its query. */
  readonly path: string;
  readonly effect: RequestEffect;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface BusinessCentralClientOptions {
  /** Address of the environment's API: "https://…/v2.0/<tenant>/<environment>/api/v2.0". */
  readonly base: string;
  readonly tokens: TokenCache;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly onRequest: (operation: string, outcome: "answered" | ErpFaultKind, elapsedMs: number) => void;
}

/** What was answered: the body as JSON with numbers as their texts, undefined where there is none. */
export interface BusinessCentralReply {
  readonly status: number;
  readonly body: unknown;
}

/** Requests to one environment. Each is sent once, or twice where the access token had ended. Rejects with ErpFault and nothing else. */
export class BusinessCentralClient {
  readonly #options: BusinessCentralClientOptions;

  constructor(options: BusinessCentralClientOptions) {
    this.#options = options;
  }

  get base(): string {
    return this.#options.base;
  }

  async send(request: BusinessCentralRequestOptions): Promise<BusinessCentralReply> {
    const bytes = Buffer.byteLength(request.body ?? "");
    if (bytes > MAX_REQUEST_BYTES)
      throw new ErpFault("validation", `a request has ${MAX_REQUEST_BYTES} bytes at most, not ${bytes}`);
    const first = await this.#exchange(request);
    if (!(first instanceof ErpFault)) return first;
    // A token that had ended: nothing was done, and a new one may be accepted.
    const second = await this.#exchange(request);
    if (second instanceof ErpFault) throw second;
    return second;
  }

  /** A fault instead of an answer where the token was refused and a new one may be better; rejects with all others. */
  async #exchange(request: BusinessCentralRequestOptions): Promise<BusinessCentralReply | ErpFault> {
    const { http, clock, tokens, base, onRequest } = this.#options;
    const { operation, method, path, body, headers, signal, effect } = request;
    const token = await tokens.token();
    const startedMs = clock.monotonicMs();
    let outcome: "answered" | ErpFaultKind = "answered";
    try {
      const reply = await http.send({
        method,
        url: `${base}/${path}`,
        signal,
        headers: {
          accept: "application/json",
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
          authorization: `Bearer ${token}`,
        },
        ...(body === undefined ? {} : { body }),
      });
      const answer = { status: reply.status, body: jsonOf(reply.text) };
      if (reply.status >= 200 && reply.status < 300) return answer;
      const fault = this.#faultOf(reply, answer.body, effect);
      outcome = fault.kind;
      if (reply.status === 401) {
        tokens.refused(token);
        return fault;
      }
      throw fault;
    } catch (failure) {
      const fault = faultOfFailure(failure, effect);
      outcome = fault.kind;
      throw fault;
    } finally {
      onRequest(operation, outcome, clock.monotonicMs() - startedMs);
    }
  }

  #faultOf({ status, header }: HttpReply, body: unknown, effect: RequestEffect): ErpFault {
    const waitMs = retryAfterMs(header("retry-after"), this.#options.clock.nowMs());
    return faultOfReply({ status, body, retryAfterMs: waitMs }, effect);
  }
}

function faultOfFailure(failure: unknown, effect: RequestEffect): ErpFault {
  if (failure instanceof ErpFault) return failure;
  const message = failure instanceof HttpFailure ? failure.message : "the request failed";
  const isUnknown = effect === "write" && !(failure instanceof HttpFailure && failure.outcome === "not-sent");
  return new ErpFault(isUnknown ? "unknown" : "transient", `Business Central: ${message}`, {
    cause: failure,
  });
}
