import type { Clock } from "../../../model/clock.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { ErpFault, type ErpSinkEnvironment } from "../erp-sink.ts";
import type { Authentication } from "./authentication.ts";
import { type HttpClient, HttpFailure, type HttpReply, type HttpRequest } from "./http-client.ts";

/** Whether something may have been done although no answer says so. */
export type RequestEffect = "read" | "write";

export interface ErpRequest extends HttpRequest {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly effect: RequestEffect;
  /** Answers of another status than 2xx that the caller reads itself. */
  readonly reads?: ((reply: HttpReply) => boolean) | undefined;
}

export interface ErpRequestsOptions {
  /** The ERP, as messages call it. */
  readonly title: string;
  /** The longest body; what is longer is not sent. No limit where absent. */
  readonly maxRequestBytes?: number;
  readonly authentication: Authentication;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly onRequest: ErpSinkEnvironment["onRequest"];
  /** The fault that a refusal stands for. */
  readonly faultOf: (reply: HttpReply, effect: RequestEffect, waitMs: number | undefined) => ErpFault;
  /** What a refusal of the credentials that no new ones mend stands for, where that depends on those before it. */
  readonly refused?: (fault: ErpFault) => ErpFault;
}

/** What came back; `fault` is undefined where it is an answer. */
export interface Exchanged {
  readonly reply: HttpReply;
  readonly fault: ErpFault | undefined;
}

/** Requests to one ERP with their authorization, each told to the metrics. Rejects with ErpFault where no answer comes, and nothing else. */
export class ErpRequests {
  readonly #options: ErpRequestsOptions;

  constructor(options: ErpRequestsOptions) {
    this.#options = options;
  }

  /** Sent once, or twice where an access token had ended: nothing was done then, and a new one may be accepted. */
  async send(request: ErpRequest): Promise<Exchanged> {
    const { title, maxRequestBytes = Number.POSITIVE_INFINITY } = this.#options;
    const bytes = Buffer.byteLength(request.body ?? "");
    if (bytes > maxRequestBytes)
      throw new ErpFault("validation", `${title} is sent ${maxRequestBytes} bytes at most, not ${bytes}`);
    const first = await this.#exchange(request);
    if (!first.isEnded) return first;
    const { reply, fault, isEnded } = await this.#exchange(request);
    return { reply, fault: isEnded && fault !== undefined ? this.#refused(fault) : fault };
  }

  /** The answer; rejects with the fault instead of one. */
  async answer(request: ErpRequest): Promise<HttpReply> {
    const { reply, fault } = await this.send(request);
    if (fault !== undefined) throw fault;
    return reply;
  }

  /** The fault that a reply stands for, whatever its status. */
  faultOf(reply: HttpReply, effect: RequestEffect): ErpFault {
    const { clock, faultOf } = this.#options;
    return faultOf(reply, effect, retryAfterMs(reply.header("retry-after"), clock.nowMs()));
  }

  #refused(fault: ErpFault): ErpFault {
    return this.#options.refused?.(fault) ?? fault;
  }

  /** `isEnded`: the credentials were refused, and new ones may be better. */
  async #exchange(request: ErpRequest): Promise<Exchanged & { readonly isEnded: boolean }> {
    const { title, http, clock, authentication, onRequest } = this.#options;
    const { operation, effect, reads, method, url, headers, body, signal } = request;
    const authorization = await authentication.authorization(request);
    const startedMs = clock.monotonicMs();
    let outcome: "answered" | ErpFaultKind = "answered";
    try {
      const reply = await http.send({
        method,
        url,
        signal,
        headers: { ...headers, ...(authorization !== undefined && { authorization }) },
        ...(body === undefined ? {} : { body }),
      });
      const isAnswer = (reply.status >= 200 && reply.status < 300) || reads?.(reply) === true;
      if (isAnswer) return { reply, fault: undefined, isEnded: false };
      const fault = this.faultOf(reply, effect);
      const isEnded = reply.status === 401 && authentication.refused(authorization);
      const told = isEnded || fault.kind !== "authentication" ? fault : this.#refused(fault);
      outcome = told.kind;
      return { reply, fault: told, isEnded };
    } catch (failure) {
      const fault = unanswered(title, failure, effect);
      outcome = fault.kind;
      throw fault;
    } finally {
      onRequest(operation, outcome, clock.monotonicMs() - startedMs);
    }
  }
}

/** No byte of what was not sent can have done anything; what was sent may have. */
function unanswered(title: string, failure: unknown, effect: RequestEffect): ErpFault {
  const message = failure instanceof HttpFailure ? failure.message : "the request failed";
  const isUnknown = effect === "write" && !(failure instanceof HttpFailure && failure.outcome === "not-sent");
  return new ErpFault(isUnknown ? "unknown" : "transient", `${title}: ${message}`, { cause: failure });
}
