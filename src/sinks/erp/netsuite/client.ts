import type { Dispatcher } from "undici";
import type { Clock } from "../../../model/clock.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { type HttpClient, HttpFailure, type HttpReply } from "../common/http-client.ts";
import { ErpFault } from "../erp-sink.ts";
import type { Authentication } from "./authentication.ts";
import { faultOfReply, type RequestEffect } from "./classify-fault.ts";
import { LOGIN_REFUSALS_UNTIL_FAULT, MAX_REQUEST_BYTES } from "./limits.ts";

export interface NetsuiteRequestOptions {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly method: Dispatcher.HttpMethod & ("GET" | "POST" | "PUT");
  /** From "/services/rest" on, with its query. */
  readonly path: string;
  readonly effect: RequestEffect;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Answers of another status than 2xx that the caller reads itself. */
  readonly reads?: (reply: HttpReply) => boolean;
}

export interface NetsuiteClientOptions {
  /** Origin of the account's services, without a slash at its end. */
  readonly origin: string;
  readonly authentication: Authentication;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly onRequest: (operation: string, outcome: "answered" | ErpFaultKind, elapsedMs: number) => void;
}

/** Signed requests to one account. Each is sent once, or twice where an access token had ended. Rejects with ErpFault and nothing else. */
export class NetsuiteClient {
  readonly #options: NetsuiteClientOptions;
  /** Refusals of the credentials since they were last accepted. */
  #refusals = 0;
  #hasBeenAccepted = false;

  constructor(options: NetsuiteClientOptions) {
    this.#options = options;
  }

  async send(request: NetsuiteRequestOptions): Promise<HttpReply> {
    const bytes = Buffer.byteLength(request.body ?? "");
    if (bytes > MAX_REQUEST_BYTES)
      throw new ErpFault("validation", `NetSuite takes ${MAX_REQUEST_BYTES} bytes at most, not ${bytes}`);
    const first = await this.#exchange(request);
    if (!(first instanceof ErpFault)) return first;
    // A token that had ended: nothing was done, and a new one may be accepted.
    const second = await this.#exchange(request);
    if (second instanceof ErpFault) throw this.#refused(second);
    return second;
  }

  /** A fault instead of an answer where the credentials were refused and new ones may be better; rejects with all others. */
  async #exchange(request: NetsuiteRequestOptions): Promise<HttpReply | ErpFault> {
    const { http, clock, authentication, origin, onRequest } = this.#options;
    const { operation, method, path, body, headers, signal, effect, reads } = request;
    const url = origin + path;
    const authorization = await authentication.authorization({ method, url });
    const startedMs = clock.monotonicMs();
    let outcome: "answered" | ErpFaultKind = "answered";
    try {
      const reply = await http.send({
        method,
        url,
        signal,
        headers: { accept: "application/json", ...headers, authorization },
        ...(body === undefined ? {} : { body }),
      });
      if (isRead(reply, reads)) {
        this.#refusals = 0;
        this.#hasBeenAccepted = true;
        return reply;
      }
      const fault = this.#faultOf(reply, effect);
      outcome = fault.kind;
      if (reply.status === 401 && authentication.refused(authorization)) return fault;
      throw fault.kind === "authentication" ? this.#refused(fault) : fault;
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

  /** An overloaded account refuses credentials that it had accepted: only several refusals in a row mean them. */
  #refused(fault: ErpFault): ErpFault {
    this.#refusals += 1;
    const isOverload =
      this.#hasBeenAccepted && this.#refusals < LOGIN_REFUSALS_UNTIL_FAULT && fault.code === OVERLOAD_CODE;
    return isOverload ? new ErpFault("throttle", fault.message, { code: fault.code, cause: fault }) : fault;
  }
}

const OVERLOAD_CODE = "INVALID_LOGIN";

function isRead(reply: HttpReply, reads: NetsuiteRequestOptions["reads"]): boolean {
  return (reply.status >= 200 && reply.status < 300) || reads?.(reply) === true;
}

function faultOfFailure(failure: unknown, effect: RequestEffect): ErpFault {
  if (failure instanceof ErpFault) return failure;
  const message = failure instanceof HttpFailure ? failure.message : "the request failed";
  const isUnknown = effect === "write" && !(failure instanceof HttpFailure && failure.outcome === "not-sent");
  return new ErpFault(isUnknown ? "unknown" : "transient", `NetSuite: ${message}`, { cause: failure });
}
