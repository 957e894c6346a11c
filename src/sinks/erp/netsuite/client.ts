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
    const { authentication, origin } = this.#options;
    const signed = { method: request.method, url: origin + request.path };
    const authorization = await authentication.authorization(signed);
    const reply = await this.#exchange(request, signed.url, authorization);
    if (reply.status !== 401 || !authentication.refused(authorization)) return this.#read(request, reply);
    // A token that had ended: nothing was done, and a new one may be accepted.
    const renewed = await authentication.authorization(signed);
    return this.#read(request, await this.#exchange(request, signed.url, renewed));
  }

  async #exchange(
    { operation, method, body, headers, signal, effect, reads }: NetsuiteRequestOptions,
    url: string,
    authorization: string,
  ): Promise<HttpReply> {
    const { http, clock, onRequest } = this.#options;
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
      if (!isRead(reply, reads)) outcome = this.#faultOf(reply, effect).kind;
      return reply;
    } catch (failure) {
      const fault = faultOfFailure(failure, effect);
      outcome = fault.kind;
      throw fault;
    } finally {
      onRequest(operation, outcome, clock.monotonicMs() - startedMs);
    }
  }

  #read({ effect, reads }: NetsuiteRequestOptions, reply: HttpReply): HttpReply {
    if (!isRead(reply, reads)) {
      const fault = this.#faultOf(reply, effect);
      throw fault.kind === "authentication" ? this.#refused(fault) : fault;
    }
    this.#refusals = 0;
    this.#hasBeenAccepted = true;
    return reply;
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
