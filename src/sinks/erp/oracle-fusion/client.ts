import type { Clock } from "../../../model/clock.ts";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { type ExactJson, readExactJson, writeExactJson } from "../../http/exact-json.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { type HttpClient, HttpFailure, type HttpReply } from "../common/http-client.ts";
import { ErpFault } from "../erp-sink.ts";
import type { Authentication } from "./authentication.ts";
import { faultOfReply, type RequestEffect } from "./classify-fault.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";
import {
  nodesOf,
  soapBody,
  soapEnvelope,
  type SoapParameter,
  type SoapService,
  type XmlNode,
} from "./soap.ts";

export interface OracleClientOptions {
  /** Origin of the environment, without a slash at its end. */
  readonly origin: string;
  readonly authentication: Authentication;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly onRequest: (operation: string, outcome: "answered" | ErpFaultKind, elapsedMs: number) => void;
}

export interface RestRequest {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From "/" on, with its query. */
  readonly path: string;
  readonly body?: ExactJson;
  readonly signal: AbortSignal;
}

export interface SoapRequest {
  readonly operation: string;
  readonly service: SoapService;
  /** Name of the service's operation. */
  readonly call: string;
  readonly parameters: readonly SoapParameter[];
  readonly effect: RequestEffect;
  readonly signal: AbortSignal;
}

/** Shapes of lists and errors differ by version; 1 is the default. */
const FRAMEWORK_VERSION = "4";
const ITEM_TYPE = "application/vnd.oracle.adf.resourceitem+json";

interface Exchange {
  readonly operation: string;
  readonly method: RestRequest["method"];
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly effect: RequestEffect;
  readonly signal: AbortSignal;
}

/** Requests to one environment. Each is sent once, or twice where an access token had ended. Rejects with ErpFault and nothing else. */
export class OracleClient {
  readonly #options: OracleClientOptions;

  constructor(options: OracleClientOptions) {
    this.#options = options;
  }

  /** The clock of the connection, for what depends on time. */
  get clock(): Clock {
    return this.#options.clock;
  }

  /** Body of the answer, its numbers as texts; undefined where it has none. */
  async rest({ operation, method, path, body, signal }: RestRequest): Promise<unknown> {
    const effect = method === "GET" ? "read" : "write";
    const reply = await this.#send({
      operation,
      method,
      path,
      body: body === undefined ? undefined : writeExactJson(body),
      headers: {
        accept: "application/json",
        "rest-framework-version": FRAMEWORK_VERSION,
        ...(body !== undefined && { "content-type": ITEM_TYPE }),
      },
      effect,
      signal,
    });
    if (reply.text.trim() === "") return undefined;
    try {
      return readExactJson(reply.text);
    } catch {
      throw new ErpFault(effect === "read" ? "transient" : "unknown", "Oracle answered with what is no JSON");
    }
  }

  /** What the operation has answered: the node `<call>Response`. */
  async soap({ operation, service, call, parameters, effect, signal }: SoapRequest): Promise<XmlNode> {
    const reply = await this.#send({
      operation,
      method: "POST",
      path: service.path,
      body: soapEnvelope(service, call, parameters),
      headers: {
        accept: "text/xml",
        "content-type": "text/xml;charset=UTF-8",
        soapaction: `"${service.types.replace(/types\/$/, "")}${call}"`,
      },
      effect,
      signal,
    });
    const body = soapBody(reply.text);
    // By the rules of SOAP 1.1 a fault may also come with 200.
    if (nodesOf(body, "Fault").length > 0) throw this.#faultOf(reply, effect);
    if (body === undefined || !Object.hasOwn(body, `${call}Response`))
      throw new ErpFault(
        effect === "read" ? "transient" : "unknown",
        "Oracle answered with what is no envelope",
      );
    return nodesOf(body, `${call}Response`)[0] ?? {};
  }

  async #send(exchange: Exchange): Promise<HttpReply> {
    const bytes = Buffer.byteLength(exchange.body ?? "");
    if (bytes > MAX_REQUEST_BYTES)
      throw new ErpFault("validation", `requests have at most ${MAX_REQUEST_BYTES} bytes, not ${bytes}`);
    const first = await this.#exchange(exchange);
    if (!(first instanceof ErpFault)) return first;
    // A token that had ended: nothing was done, and a new one may be accepted.
    const second = await this.#exchange(exchange);
    if (second instanceof ErpFault) throw second;
    return second;
  }

  /** A fault instead of an answer where the credentials were refused and new ones may be better; rejects with all others. */
  async #exchange({
    operation,
    method,
    path,
    headers,
    body,
    effect,
    signal,
  }: Exchange): Promise<HttpReply | ErpFault> {
    const { http, clock, authentication, origin, onRequest } = this.#options;
    const authorization = await authentication.authorization();
    const startedMs = clock.monotonicMs();
    let outcome: "answered" | ErpFaultKind = "answered";
    try {
      const reply = await http.send({
        method,
        url: origin + path,
        signal,
        headers: { ...headers, authorization },
        ...(body === undefined ? {} : { body }),
      });
      if (reply.status >= 200 && reply.status < 300) return reply;
      const fault = this.#faultOf(reply, effect);
      outcome = fault.kind;
      if (reply.status === 401 && authentication.refused(authorization)) return fault;
      throw fault;
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
    const contentType = header("content-type") ?? "";
    return faultOfReply({ status, text, contentType, retryAfterMs: waitMs }, effect);
  }
}

function faultOfFailure(failure: unknown, effect: RequestEffect): ErpFault {
  if (failure instanceof ErpFault) return failure;
  const message = failure instanceof HttpFailure ? failure.message : "the request failed";
  const isUnknown = effect === "write" && !(failure instanceof HttpFailure && failure.outcome === "not-sent");
  return new ErpFault(isUnknown ? "unknown" : "transient", `Oracle: ${message}`, { cause: failure });
}
