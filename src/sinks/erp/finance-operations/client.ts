import type { Clock } from "../../../model/clock.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { type HttpClient, HttpFailure, type HttpReply, type HttpRequest } from "../common/http-client.ts";
import type { TokenCache } from "../common/token-cache.ts";
import { ErpFault } from "../erp-sink.ts";
import { faultOfReply, type RequestEffect } from "./classify-fault.ts";

/** Root of the OData service. */
export const DATA_ROOT = "/data";

export interface FinanceOperationsRequestOptions {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly method: HttpRequest["method"];
  /** From "/data" on, with its query. */
  readonly path: string;
  readonly effect: RequestEffect;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Answers of another status than 2xx that the caller reads itself. */
  readonly reads?: (reply: HttpReply) => boolean;
}

export interface FinanceOperationsClientOptions {
  /** Origin of the environment, without a slash at its end. */
  readonly origin: string;
  readonly tokens: TokenCache;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly onRequest: (operation: string, outcome: "answered" | ErpFaultKind, elapsedMs: number) => void;
}

const ODATA_HEADERS = { accept: "application/json", "odata-version": "4.0", "odata-maxversion": "4.0" };

/** Requests to one environment. Each is sent once, or twice where an access token had ended. Rejects with ErpFault and nothing else. */
export class FinanceOperationsClient {
  readonly #options: FinanceOperationsClientOptions;

  constructor(options: FinanceOperationsClientOptions) {
    this.#options = options;
  }

  async send(request: FinanceOperationsRequestOptions): Promise<HttpReply> {
    const first = await this.#exchange(request);
    if (!(first instanceof ErpFault)) return first;
    // A token that had ended: nothing was done, and a new one may be accepted.
    const second = await this.#exchange(request);
    if (second instanceof ErpFault) throw second;
    return second;
  }

  /** A fault instead of an answer where the token was refused; rejects with all others. */
  async #exchange(request: FinanceOperationsRequestOptions): Promise<HttpReply | ErpFault> {
    const { http, clock, tokens, origin, onRequest } = this.#options;
    const { operation, method, path, body, headers, signal, effect, reads } = request;
    const token = await tokens.token();
    const startedMs = clock.monotonicMs();
    let outcome: "answered" | ErpFaultKind = "answered";
    try {
      const reply = await http.send({
        method,
        url: origin + path,
        signal,
        headers: { ...ODATA_HEADERS, ...headers, authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body }),
      });
      if ((reply.status >= 200 && reply.status < 300) || reads?.(reply) === true) return reply;
      const waitMs = retryAfterMs(reply.header("retry-after"), clock.nowMs());
      const { status, text } = reply;
      const fault = faultOfReply({ status, text, retryAfterMs: waitMs }, effect);
      outcome = fault.kind;
      if (status !== 401) throw fault;
      tokens.refused(token);
      return fault;
    } catch (failure) {
      const fault = faultOfFailure(failure, effect);
      outcome = fault.kind;
      throw fault;
    } finally {
      onRequest(operation, outcome, clock.monotonicMs() - startedMs);
    }
  }
}

function faultOfFailure(failure: unknown, effect: RequestEffect): ErpFault {
  if (failure instanceof ErpFault) return failure;
  const message = failure instanceof HttpFailure ? failure.message : "the request failed";
  const isUnknown = effect === "write" && !(failure instanceof HttpFailure && failure.outcome === "not-sent");
  return new ErpFault(isUnknown ? "unknown" : "transient", `Finance & Operations: ${message}`, {
    cause: failure,
  });
}
